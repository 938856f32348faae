"""Follow-up tasks, the attempts to reach somebody, and the questions that a follow-up brought up."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class FollowupTask(Table):
    """One step of a plan, one person of an outbound list, or one follow-up on its own (F-12).

    `work_at` is when it is next to be worked on: its due time, or the time of the next try. Overdue is computed from
    `late_at`, never stored. States, results and effects are those of app.followups.rules.
    """

    __tablename__ = "followup_task"
    __scoped__ = Scoped(
        module=Module.FOLLOWUPS,
        patient="patient_id",
        at="due_at",
        owners=("assignee", "claimed_by", "done_by", "created_by"),
    )
    __table_args__ = (
        UniqueConstraint("plan_id", "step", name="uq_followup_task_step"),
        UniqueConstraint("list_id", "patient_id", name="uq_followup_task_list"),
        Index("ix_followup_task_work", "state", "work_at", "id"),
        Index("ix_followup_task_patient", "patient_id", "due_at"),
        Index("ix_followup_task_assignee", "assignee", "state", "work_at"),
        Index("ix_followup_task_due", "due_on", "state"),
        Index("ix_followup_task_list", "list_id", "state", "work_at"),
        Index("ix_followup_task_done", "done_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("followup_plan.id"))
    step: Mapped[str | None] = mapped_column(String(20))  # the step's key in its template
    list_id: Mapped[int | None] = mapped_column(ForeignKey("outbound_list.id"))
    kind: Mapped[str] = mapped_column(String(20))  # TaskKind
    mode: Mapped[str] = mapped_column(String(10))  # TaskMode: sms, phone, automatic or visit
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text, default="")  # the script, or the text of the SMS
    why: Mapped[str] = mapped_column(String(300), default="")  # which rule and template, in words (F-24)
    role: Mapped[str] = mapped_column(String(20))  # TaskRole: who does it
    assignee: Mapped[str | None] = mapped_column(String(64))  # whose it is; nothing: anybody's of the role
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    questionnaire_version_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire_version.id"))
    phone_id: Mapped[int | None]  # which number to call, when it is not the person's first
    state: Mapped[str] = mapped_column(String(12))
    due_on: Mapped[date]  # the hospital's day
    due_at: Mapped[datetime]
    late_at: Mapped[datetime]  # not done by then: overdue
    work_at: Mapped[datetime]
    waits_for_id: Mapped[int | None] = mapped_column(ForeignKey("followup_task.id"), index=True)  # freed by its end
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    result: Mapped[str | None] = mapped_column(String(16))  # TaskResult
    effect: Mapped[str | None] = mapped_column(String(10))  # TreatmentEffect (F-29)
    attitude: Mapped[str | None] = mapped_column(String(12))  # Attitude on the phone
    recovery: Mapped[str] = mapped_column(String(1000), default="")  # what the patient tells (F-11)
    opinion: Mapped[str] = mapped_column(String(2000), default="")  # the handling opinion (F-22)
    suggestion: Mapped[str] = mapped_column(String(1000), default="")
    wish: Mapped[str] = mapped_column(String(1000), default="")  # G-11, F-32
    draft: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what was typed and not yet saved as a result
    reason: Mapped[str | None] = mapped_column(String(300))  # why it was skipped, cancelled or given up
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    response_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire_response.id"), index=True)
    escalated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[datetime]
    reached_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class FollowupAttempt(Table):
    """One attempt to reach somebody for a task. `id` is the id of the order to telephony, so it is dialled once.

    Written before the order; what became of it is told by the call, or by an order that was refused or came too late.
    """

    __tablename__ = "followup_attempt"
    __scoped__ = Scoped(module=Module.FOLLOWUPS, patient="patient_id", at="started_at", owners=("agent",))
    __table_args__ = (
        Index("ix_followup_attempt_task", "task_id", "started_at"),
        Index("ix_followup_attempt_patient", "patient_id", "started_at"),
        Index("ix_followup_attempt_open", "ended_at", "started_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("followup_task.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    dialling: Mapped[str] = mapped_column(String(12))  # DiallingMode: preview, progressive or automatic
    agent: Mapped[str | None] = mapped_column(String(64))
    phone_id: Mapped[int | None]
    number: Mapped[str] = mapped_column(String(20))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))  # AttemptOutcome
    progress: Mapped[str | None] = mapped_column(String(10))  # the most that an automatic call has told: a Telling
    talk_seconds: Mapped[int | None]


class FollowupQuestion(Table):
    """A professional question of a patient (F-25): asked by whoever called, answered by a doctor, given back."""

    __tablename__ = "followup_question"
    __scoped__ = Scoped(module=Module.FOLLOWUPS, patient="patient_id", at="asked_at", owners=("asked_by", "doctor"))
    __table_args__ = (
        Index("ix_followup_question_state", "state", "asked_at"),
        Index("ix_followup_question_task", "task_id"),
        Index("ix_followup_question_patient", "patient_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("followup_task.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # it came as a text (F-33)
    text: Mapped[str] = mapped_column(String(2000))
    state: Mapped[str] = mapped_column(String(10))  # QuestionState: open, answered, given or closed
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    doctor: Mapped[str | None] = mapped_column(String(64))  # who is asked; nothing: any doctor of the department
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(String(2000))
    answered_by: Mapped[str | None] = mapped_column(String(64))
    answered_at: Mapped[datetime | None]
    given_back_at: Mapped[datetime | None]
    given_back_by: Mapped[str | None] = mapped_column(String(64))
    given_back_by_message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
