"""The tasks of a plan, made from its template and kept in step with its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import RESTARTABLE, StopReason, in_language, why_sentence
from app.followup_templates.rules import PlannedStep, Programme, late_days, plan_steps
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import TaskRole, TaskState
from app.followups.service import NewTask
from app.parts import Parts
from app.questionnaires.models import Questionnaire, QuestionnaireVersion

_COMES_BACK = frozenset({*RESTARTABLE, StopReason.MOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the tasks of one plan have in common."""

    plan_id: int
    patient_id: int
    anchor: str
    anchor_on: date
    title: str
    template: str
    doctor_account: str | None
    department_id: int | None


class Questionnaires:
    """The latest approved version of each questionnaire, by code; asked once for many plans."""

    def __init__(self, session: Session) -> None:
        query = (
            select(Questionnaire.code, QuestionnaireVersion.id)
            .join(QuestionnaireVersion, QuestionnaireVersion.questionnaire_id == Questionnaire.id)
            .where(QuestionnaireVersion.state == "approved", Questionnaire.removed_at.is_(None))
            .order_by(QuestionnaireVersion.number)
        )
        self._versions = {row.code: row.id for row in session.execute(query)}

    def version_of(self, code: str | None) -> int | None:
        """The version that is asked now; nothing when none is approved."""
        return self._versions.get(code or "")


def new_tasks(
    subject: Subject, steps: Sequence[PlannedStep], *, language: str, questionnaires: Questionnaires
) -> list[NewTask]:
    """The tasks of these steps."""
    return [
        NewTask(
            patient_id=subject.patient_id,
            plan_id=subject.plan_id,
            step=each.step.key,
            kind=each.step.kind,
            mode=each.step.mode,
            role=each.step.role,
            title=in_language(each.step.titles, language),
            text=in_language(each.step.texts, language),
            why=_why(subject, each, language),
            due_on=each.due_on,
            at=each.step.at,
            late_days=late_days(each.step),
            assignee=subject.doctor_account if each.step.role is TaskRole.ATTENDING_DOCTOR else None,
            department_id=subject.department_id,
            questionnaire_version_id=questionnaires.version_of(each.step.questionnaire),
            waits_for_step=each.waits_for,
        )
        for each in steps
    ]


def fit_tasks(
    session: Session,
    parts: Parts,
    subject: Subject,
    programme: Programme,
    questionnaires: Questionnaires,
    *,
    known_on: date,
    now: datetime,
    also_back: frozenset[str] = frozenset(),
) -> None:
    """Bring the tasks of a plan in step after its event has moved or come back.

    What nobody has begun moves along; a step whose time has passed by that goes; what went for that reason, or with
    its event, comes back, and what went for one of the reasons `also_back`. What somebody has in hand, has done or
    has left out stays as it is.
    """
    session.flush()
    followups.recall_texts(session, parts.bus, subject.plan_id, now)
    zone, language = parts.settings.timezone, parts.settings.locale
    wanted = {each.step.key: each for each in plan_steps(programme, subject.anchor_on, known_on)}
    columns = (FollowupTask.id, FollowupTask.step, FollowupTask.state, FollowupTask.due_on, FollowupTask.reason)
    rows = session.execute(select(*columns).where(FollowupTask.plan_id == subject.plan_id)).all()
    gone = [row.id for row in rows if row.state == TaskState.PLANNED and row.step not in wanted]
    back = [
        row.id
        for row in rows
        if row.state == TaskState.CANCELLED and row.reason in _COMES_BACK | also_back and row.step in wanted
    ]
    followups.cancel_tasks(session, parts.bus, gone, reason=StopReason.MOVED, by=None, now=now)
    followups.restore_tasks(session, parts.bus, back, now=now)
    for row in rows:
        is_free = row.id in back or row.state in (TaskState.PLANNED, TaskState.DUE)
        if is_free and row.step in wanted and row.due_on != wanted[row.step].due_on:
            each = wanted[row.step]
            followups.move_task(
                session,
                row.id,
                due_on=each.due_on,
                at=each.step.at,
                late_days=late_days(each.step),
                zone=zone,
                why=_why(subject, each, language),
            )
    known = {row.step for row in rows}
    missing = [each for key, each in wanted.items() if key not in known]
    tasks = new_tasks(subject, missing, language=language, questionnaires=questionnaires)
    followups.add_tasks(session, parts.bus, tasks, zone=zone, by=None, now=now)


def subject_of(plan: FollowupPlan, *, title: str, names: Mapping[int, str]) -> Subject:
    """What the tasks of that plan have in common; `names` are those of the templates."""
    return Subject(
        plan_id=plan.id,
        patient_id=plan.patient_id,
        anchor=plan.anchor,
        anchor_on=plan.anchor_on,
        title=title,
        template=names.get(plan.template_id, ""),
        doctor_account=plan.doctor_account,
        department_id=plan.department_id,
    )


def _why(subject: Subject, each: PlannedStep, language: str) -> str:
    return why_sentence(
        anchor=subject.anchor,
        title=subject.title,
        anchor_on=subject.anchor_on,
        template=subject.template,
        days=each.step.days,
        language=language,
    )
