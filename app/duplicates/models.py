"""Pairs of records that may be one person, merges that can be undone, and how far the search for pairs has come."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table

STAYS_AT_MERGE = "stays_at_merge"
"""In a table's `info`: its rows tell about both records of a merge and are not moved to the surviving one."""


class DuplicatePair(Table):
    """Two records that may be the same person, with the reasons. `first_id` is the smaller id.

    A pair that somebody dismissed stays, so that it is not proposed again.
    """

    __tablename__ = "duplicate_pair"
    __scoped__ = Scoped(module=Module.CONTACT, patient="first_id", other_patient="second_id")
    __table_args__ = (
        UniqueConstraint("first_id", "second_id", name="uq_duplicate_pair"),
        Index("ix_duplicate_pair_state", "state", "score", "id"),
        Index("ix_duplicate_pair_reason", "state", "reason", "score", "id"),
        {"info": {STAYS_AT_MERGE: True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    reasons: Mapped[list[Any]]  # DuplicateReason of app.duplicates.rules, the strongest first
    reason: Mapped[str] = mapped_column(String(24))  # the strongest
    score: Mapped[int]  # 1 to 100
    state: Mapped[str] = mapped_column(String(10))  # PairState of app.duplicates.rules
    found_at: Mapped[datetime]
    proposed_by: Mapped[str | None] = mapped_column(String(64))  # nothing: found by comparing
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))


class MergeLog(Table):
    """One merge, with all that undoing it needs (U-12).

    `moved` holds the primary keys of the rows that went to the winner, without the column that changed, as
    {"table.column": [[key, …], …]}; `fields` what the merge set in the winner, as {column: [before, after]}.
    """

    __tablename__ = "merge_log"
    __scoped__ = Scoped(module=Module.CONTACT, patient="winner_id", other_patient="loser_id")
    __table_args__ = (
        Index("ix_merge_log_loser", "loser_id", "id"),
        Index("ix_merge_log_winner", "winner_id", "id"),
        {"info": {STAYS_AT_MERGE: True}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    winner_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    loser_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    moved: Mapped[dict[str, Any]]
    fields: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    merged_by: Mapped[str | None] = mapped_column(String(64))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))
    left: Mapped[list[Any] | None]  # columns that somebody changed after the merge, so that undoing left them


class DuplicateSearch(Table):
    """How far the search for pairs has come: one row. `journal_seq` is the last entry whose records were compared.

    `next_id` is where a full run goes on; nothing while none is under way.
    """

    __tablename__ = "duplicate_search"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_seq: Mapped[int]
    next_id: Mapped[int | None]
    last_id: Mapped[int | None]  # where the full run ends
    full_run_at: Mapped[datetime | None]
