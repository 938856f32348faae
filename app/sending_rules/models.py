"""Sending rules, and every message that one has planned."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table
from app.message_templates.models import MessageTemplate
from app.segments.models import SavedSegment


class SendingRule(Table):
    """What is sent by itself: for which dates, how long before or after, at what time, to whom, which template.

    `anchor` is the code of an anchor kind, `filters` what it asks of a record: a word of the operation's name,
    diseases, a visit's kind. States are those of app.sending_rules.rules.
    """

    __tablename__ = "sending_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(60), unique=True)  # of a shipped one
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    anchor: Mapped[str] = mapped_column(String(40))
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    days: Mapped[int]
    at: Mapped[time] = mapped_column(Time)
    late_days: Mapped[int] = mapped_column(default=1)
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("saved_segment.id"))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("message_template.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[datetime]
    changed_by: Mapped[str | None] = mapped_column(String(64))
    simulated_at: Mapped[datetime | None]
    simulated_by: Mapped[str | None] = mapped_column(String(64))
    activated_at: Mapped[datetime | None]
    activated_by: Mapped[str | None] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    template: Mapped[MessageTemplate | None] = relationship()
    segment: Mapped[SavedSegment | None] = relationship()

    __mapper_args__ = {"version_id_col": row_version}


class PlannedMessage(Table):
    """One message of a rule for one person and one occasion; there is never a second one for the same."""

    __tablename__ = "planned_message"
    __scoped__ = Scoped(module=Module.MESSAGES, patient="patient_id", at="due_at")
    __table_args__ = (
        UniqueConstraint("rule_id", "occasion", "patient_id", name="uq_planned_message"),
        Index("ix_planned_message_due", "state", "due_at"),
        Index("ix_planned_message_patient", "patient_id", "due_at"),
        Index("ix_planned_message_anchor", "rule_id", "state", "anchor_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("sending_rule.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    occasion: Mapped[str] = mapped_column(String(80))
    anchor_on: Mapped[date]
    due_at: Mapped[datetime]
    useless_at: Mapped[datetime]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what fills the fields of the text
    state: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int] = mapped_column(default=0)  # how often it was planned anew after it had been queued
    reason: Mapped[str | None] = mapped_column(String(60))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    planned_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    rule: Mapped[SendingRule] = relationship()
