"""Outbound lists: one follow-up for many people, spread over days and agents, and how they are dialled."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class OutboundList(Table):
    """One batch (F-13). Its people are follow-up tasks, one for each. States are those of app.outbound_lists.rules."""

    __tablename__ = "outbound_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    purpose: Mapped[str] = mapped_column(String(20))  # quality, satisfaction, recheck, wishes or other (F-14)
    state: Mapped[str] = mapped_column(String(10))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("saved_segment.id"))
    people: Mapped[list[Any] | None]  # ids of chosen patients, when there is no segment
    script: Mapped[str] = mapped_column(Text, default="")
    questionnaire_version_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire_version.id"))
    dialling: Mapped[str] = mapped_column(String(12))  # DiallingMode of app.followups.rules
    days: Mapped[list[Any]]  # ISO dates on which its tasks fall due
    agents: Mapped[list[Any]]  # usernames; empty: the pool
    opens: Mapped[int] = mapped_column(default=9)  # hour of the patient's day from which it dials
    closes: Mapped[int] = mapped_column(default=20)
    most_at_once: Mapped[int] = mapped_column(default=5)  # automatic calls that live at the same time
    calls_per_minute: Mapped[int] = mapped_column(default=30)
    most_attempts: Mapped[int] = mapped_column(default=3)
    retries: Mapped[dict[str, Any]] = mapped_column(default=dict)  # minutes until the next try, by outcome
    hangs_up_on_machines: Mapped[bool] = mapped_column(default=False)
    prepared_up_to: Mapped[int] = mapped_column(default=0)  # the last patient id that has a task
    claim: Mapped[str | None] = mapped_column(String(32))  # of the worker that prepares it
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))  # why it could not be prepared
    prompts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of an automatic list: folder of sounds by language
    tasks: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how many people, by reason
    next_call_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None] = mapped_column(String(64))
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None] = mapped_column(String(64))
    due_from: Mapped[date | None]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}
