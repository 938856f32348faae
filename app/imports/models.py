"""Import runs with what became of them, saved mappings, and the rows that a person must decide on."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class ImportRun(Table):
    """One list that is brought in. What it holds stays in a file below data_dir, under a name of our own.

    `rows_done` and `position` say where the last committed chunk ended; a run goes on from there. Whoever works on it
    holds `claim` until `claimed_until`, and each chunk proves it by a conditional update.
    """

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_state", "state", "claimed_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))  # SourceKind of app.imports.rules
    stored_name: Mapped[str | None] = mapped_column(String(60))  # nothing once the file was deleted
    format: Mapped[dict[str, Any]]  # what a reader of this kind needs to know, such as encoding and delimiter
    header: Mapped[list[Any]]
    target: Mapped[str] = mapped_column(String(20))
    system: Mapped[str] = mapped_column(String(20), default="")  # where identifiers and source keys come from
    columns: Mapped[list[Any]]  # for each column of the header the field it goes to, or nothing
    state: Mapped[str] = mapped_column(String(12))  # RunState of app.imports.rules
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    to_review: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    position: Mapped[str | None] = mapped_column(String(200))  # the last key of a view
    progress: Mapped[float | None]  # 0 to 1, nothing where the length is not known
    is_cut_short: Mapped[bool] = mapped_column(default=False)  # a trial that did not read the whole list
    error: Mapped[str | None] = mapped_column(String(300))
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ImportProblem(Table):
    """A row that was not taken: its line and the reason. Holds nothing of what the row said."""

    __tablename__ = "import_problem"
    __table_args__ = (Index("ix_import_problem_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    line: Mapped[int]
    field: Mapped[str] = mapped_column(String(30), default="")
    reason: Mapped[str] = mapped_column(String(300))


class SavedMapping(Table):
    """Which column title goes to which field, kept under a name for the next list of the same kind."""

    __tablename__ = "import_mapping"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    target: Mapped[str] = mapped_column(String(20))
    system: Mapped[str] = mapped_column(String(20), default="")
    fields: Mapped[dict[str, Any]]  # by column title
    updated_at: Mapped[datetime]
    updated_by: Mapped[str | None] = mapped_column(String(64))


class PatientSourceTime(Table):
    """When the source last wrote this person, where it says so: an older state never overwrites a newer one."""

    __tablename__ = "patient_source_time"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    at: Mapped[datetime]


class ReviewItem(Table):
    """A row that fits an existing record and contradicts it, or fits two: nothing is merged silently (P-03).

    `row` is the cleaned row. `key` is the number that led here when it was only a number; many rows with one key mean
    that the number is nobody's own. `fingerprint` keeps the same row from coming twice.
    """

    __tablename__ = "import_review"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id", other_patient="other_id")
    __table_args__ = (
        UniqueConstraint("fingerprint", name="uq_import_review_fingerprint"),
        Index("ix_import_review_state", "state", "id"),
        Index("ix_import_review_key", "key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"), index=True)
    line: Mapped[int]
    reason: Mapped[str] = mapped_column(String(30))  # ReviewReason of app.imports.rules
    key: Mapped[str | None] = mapped_column(String(20))
    fingerprint: Mapped[str] = mapped_column(String(64))
    row: Mapped[dict[str, Any]]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    other_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="open")  # ReviewState of app.imports.rules
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    result_id: Mapped[int | None]  # the record that the decision updated or made
