"""Plans: what a template means for one person and one event, the doctor's decisions, and how far the sweeps are."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class FollowupPlan(Table):
    """One plan. `occasion` names the event for ever ("operation:12", "register:3:7"); with it a template starts once.

    An undecided plan is a discharge that waits for its doctor: it has no template yet, and its occasion is
    "decision:<visit>". States are those of app.followup_plans.rules.
    """

    __tablename__ = "followup_plan"
    __scoped__ = Scoped(module=Module.FOLLOWUPS, patient="patient_id", owners=("doctor_account", "created_by"))
    __table_args__ = (
        UniqueConstraint("patient_id", "template_id", "occasion", name="uq_followup_plan"),
        Index("ix_followup_plan_state", "state", "decide_by"),
        Index("ix_followup_plan_occasion", "occasion"),
        Index("ix_followup_plan_template", "template_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    # 0 while undecided: NULLs are never equal, and a discharge waits for one decision.
    template_id: Mapped[int] = mapped_column(default=0)
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("followup_template_version.id"))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(300))  # why there is none, or why it stopped
    anchor: Mapped[str] = mapped_column(String(40))
    occasion: Mapped[str] = mapped_column(String(80))
    anchor_on: Mapped[date]
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    disease: Mapped[str | None] = mapped_column(String(40))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    ward: Mapped[str | None] = mapped_column(String(60))
    doctor: Mapped[str | None] = mapped_column(String(64))  # the attending doctor, as HIS writes it
    doctor_account: Mapped[str | None] = mapped_column(String(64))  # the same person's account, where there is one
    condition: Mapped[str] = mapped_column(String(2000), default="")  # F-19
    focus: Mapped[str] = mapped_column(String(2000), default="")
    cautions: Mapped[str] = mapped_column(String(2000), default="")
    decide_by: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))  # nothing: by itself
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(default=1)  # of a template that repeats
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class FollowupStart(Table):
    """A template that somebody starts for everybody of a segment: worked off in pieces, and where it stands.

    `cursor` is the last person looked at; `left_out` counts by reason who gets no plan.
    """

    __tablename__ = "followup_start"

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("followup_template.id"), index=True)
    template_version_id: Mapped[int] = mapped_column(ForeignKey("followup_template_version.id"))
    segment_id: Mapped[int] = mapped_column(ForeignKey("saved_segment.id"))
    anchor_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), index=True)  # running, done or stopped
    members: Mapped[int]
    started: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cursor: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]


class FollowupCursor(Table):
    """How far the sweeps of plans have read: one row, which the one that works holds locked.

    `decisions_since`: discharges from then on wait for a decision; nothing while the hospital wants none.
    """

    __tablename__ = "followup_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]  # of the journal
    decisions_since: Mapped[datetime | None]
    closed_until: Mapped[datetime]  # plans whose last task ended before then were looked at
    whole_on: Mapped[date | None]  # the day of the last pass over everything
