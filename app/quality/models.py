"""What is made of recordings: scorecards, sampling plans, evaluations, coaching, calibration."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table
from app.versions.models import VersionColumns


class Scorecard(Table):
    """What a kind of call is judged by. `code` never changes; `applies` says which calls it is for."""

    __tablename__ = "scorecard"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of a shipped one, by language
    applies: Mapped[dict[str, Any]] = mapped_column(default=dict)  # Applies of app.quality.rules
    is_shipped: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None]

    versions: Mapped[list["ScorecardVersion"]] = relationship(
        back_populates="scorecard", order_by="ScorecardVersion.number.desc()"
    )


class ScorecardVersion(VersionColumns, Table):
    """One wording of a scorecard. Only a draft changes; an evaluation keeps the version it was made with."""

    __tablename__ = "scorecard_version"
    __table_args__ = (UniqueConstraint("scorecard_id", "number", name="uq_scorecard_version"),)

    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"))
    sections: Mapped[list[Any]]  # Section of app.quality.rules as JSON
    fatal_cap: Mapped[int] = mapped_column(default=0)  # the most that a call reaches after a fatal item

    scorecard: Mapped[Scorecard] = relationship(back_populates="versions")


class SamplingPlan(Table):
    """So many calls of each agent in each period, drawn by lot. `seed` is fixed when the plan is made."""

    __tablename__ = "sampling_plan"
    __table_args__ = (Index("ix_sampling_plan_due", "is_active", "next_draw_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    scorecard_id: Mapped[int | None] = mapped_column(ForeignKey("scorecard.id"))  # nothing: the one that fits
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    period: Mapped[str] = mapped_column(String(10))  # PeriodKind
    per_agent: Mapped[int]
    grade_days: Mapped[int]  # within so many days after the draw
    seed: Mapped[str] = mapped_column(String(32))
    is_active: Mapped[bool] = mapped_column(default=True)
    next_draw_at: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))


class SampleDraw(Table):
    """One period of a plan as it was drawn: with `seed` and `candidates` anybody gets the same calls again."""

    __tablename__ = "sample_draw"
    __table_args__ = (UniqueConstraint("plan_id", "first_day", name="uq_sample_draw"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("sampling_plan.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    seed: Mapped[str] = mapped_column(String(32))
    per_agent: Mapped[int]
    considered: Mapped[int]
    drawn: Mapped[int]
    drawn_at: Mapped[datetime]
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how many calls that fit, by LeftOut
    # {agent: [recording ids]} without those that were left out; 40 bytes for each call of the period.
    candidates: Mapped[dict[str, Any]] = mapped_column(deferred=True)


class GradingTask(Table):
    """A drawn call that waits for a grader. A plan never draws a call twice."""

    __tablename__ = "grading_task"
    __scoped__ = Scoped(module=Module.QUALITY, through="call_id", at="call_at", owners=("agent",))
    __table_args__ = (
        UniqueConstraint("plan_id", "recording_id", name="uq_grading_task"),
        Index("ix_grading_task_state", "state", "due_on", "id"),
        Index("ix_grading_task_claimed", "claimed_by", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("sampling_plan.id"))
    draw_id: Mapped[int] = mapped_column(ForeignKey("sample_draw.id"))
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"))
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"))
    agent: Mapped[str] = mapped_column(String(64))
    call_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))  # GradingState
    due_on: Mapped[date]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(300))  # why it was left out
    created_at: Mapped[datetime]


class Evaluation(Table):
    """One grader's judgement of one call. What it says is in its versions; `number` is the newest.

    `draft` is what is being typed: the first version, a correction, or what an appeal is about to change. `draft_key`
    holds recording, grader and session while it is one, so that there is never a second draft of the same. With
    `calibration_id` it belongs to a blind session and counts nowhere else.
    """

    __tablename__ = "evaluation"
    __scoped__ = Scoped(module=Module.QUALITY, through="call_id", at="call_at", owners=("agent",))
    __table_args__ = (
        Index("ix_evaluation_agent", "agent", "call_at"),
        Index("ix_evaluation_state", "state", "call_at"),
        Index("ix_evaluation_recording", "recording_id"),
        Index("ix_evaluation_call_at", "call_at", "id"),
        Index("ix_evaluation_calibration", "calibration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"))
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"))
    card_version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("grading_task.id"), index=True)
    calibration_id: Mapped[int | None] = mapped_column(ForeignKey("calibration_session.id"))
    agent: Mapped[str] = mapped_column(String(64))
    grader: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str | None] = mapped_column(String(40))
    direction: Mapped[str] = mapped_column(String(8))
    call_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))  # EvaluationState
    number: Mapped[int] = mapped_column(default=0)
    total: Mapped[float | None]
    is_fatal: Mapped[bool] = mapped_column(default=False)
    draft: Mapped[dict[str, Any] | None]
    draft_by: Mapped[str | None] = mapped_column(String(64))
    draft_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    draft_seen: Mapped[int] = mapped_column(default=0)  # grows with each save, so that a second window is noticed
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class EvaluationVersion(Table):
    """What an evaluation said from `at` on. Never changed. `reason` says why there is a further one."""

    __tablename__ = "evaluation_version"
    __scoped__ = Scoped(module=Module.QUALITY, through="evaluation_id")
    __table_args__ = (UniqueConstraint("evaluation_id", "number", name="uq_evaluation_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    number: Mapped[int]
    sheet: Mapped[dict[str, Any]]  # Sheet of app.quality.rules
    total: Mapped[float | None]
    is_fatal: Mapped[bool]
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(2000), default="")


class EvaluationAnswer(Table):
    """The answer to one item in one version, for figures. Without `value` the item did not apply."""

    __tablename__ = "evaluation_answer"
    __scoped__ = Scoped(module=Module.QUALITY, through="evaluation_id")
    __table_args__ = (
        UniqueConstraint("evaluation_id", "number", "item", name="uq_evaluation_answer"),
        Index("ix_evaluation_answer_item", "item", "share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    number: Mapped[int]
    item: Mapped[str] = mapped_column(String(20))
    value: Mapped[int | None]
    share: Mapped[float | None]


class EvaluationRemark(Table):
    """What agent and grader say to each other about an evaluation; `second` is a place in the recording."""

    __tablename__ = "evaluation_remark"
    __scoped__ = Scoped(module=Module.QUALITY, through="evaluation_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), index=True)
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(String(1000))
    second: Mapped[float | None]


class EvaluationAppeal(Table):
    """The agent's objection with its reason, and how it was decided and why."""

    __tablename__ = "evaluation_appeal"
    __scoped__ = Scoped(module=Module.QUALITY, through="evaluation_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), unique=True)
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(2000))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(String(10))  # upheld or changed
    decision_reason: Mapped[str | None] = mapped_column(String(2000))


class CoachingTask(Table):
    """What an agent is to practise after an evaluation. `moments` are seconds of the recording."""

    __tablename__ = "coaching_task"
    __scoped__ = Scoped(module=Module.QUALITY, through="evaluation_id", owners=("agent",))
    __table_args__ = (
        Index("ix_coaching_task_agent", "agent", "state", "due_on"),
        Index("ix_coaching_task_state", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), index=True)
    agent: Mapped[str] = mapped_column(String(64))
    item: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str] = mapped_column(String(1000))
    moments: Mapped[list[Any]]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10))  # CoachingState
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_note: Mapped[str] = mapped_column(String(1000), default="")
    checked_by: Mapped[str | None] = mapped_column(String(64))
    checked_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class CalibrationSession(Table):
    """Several graders judge the same recordings blind; whoever grades sees the others' answers once it is closed."""

    __tablename__ = "calibration_session"
    __table_args__ = (Index("ix_calibration_session_closed", "closed_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    card_version_id: Mapped[int] = mapped_column(ForeignKey("scorecard_version.id"))
    due_on: Mapped[date]
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    closed_by: Mapped[str | None] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]


class CalibrationRecording(Table):
    """One recording of a session."""

    __tablename__ = "calibration_recording"
    __scoped__ = Scoped(module=Module.QUALITY, through="recording_id")

    session_id: Mapped[int] = mapped_column(ForeignKey("calibration_session.id"), primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    place: Mapped[int]


class CalibrationGrader(Table):
    """Who judges in a session."""

    __tablename__ = "calibration_grader"

    session_id: Mapped[int] = mapped_column(ForeignKey("calibration_session.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
