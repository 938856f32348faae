"""Answers that somebody must look at within minutes: each makes one follow-up task (domain, section 6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bus import Bus
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask, add_tasks, cancel_tasks
from app.journal.service import Entry, append
from app.questionnaires.models import QuestionnaireResponse
from app.questionnaires.rules import Given, Question
from app.questionnaires.service.reading import get_version
from app.texts import N_

_HOSPITAL_LANGUAGE = "zh_Hans"


def raise_alarms(
    session: Session,
    bus: Bus,
    response: QuestionnaireResponse,
    question: Question,
    given: Given,
    *,
    zone: ZoneInfo,
    by: str | None,
    now: datetime,
) -> int | None:
    """Make the task that this answer asks for, one for each response and question; the id of a new one.

    The response must be held (`lock_response`). Of several chosen options the most urgent counts. A task that was made
    stays when the answer is changed: somebody has to ask which of the two is true. Of an anonymous form only the
    journal tells, because nobody could be called.
    """
    chosen = [option for code in given.options if (option := question.option(code)) and option.alarm]
    if not chosen or question.code in response.alarms:
        return None
    urgent = min(chosen, key=lambda option: option.alarm.minutes if option.alarm else 0)
    assert urgent.alarm is not None
    task_id = None
    if response.patient_id is not None:
        role = TaskRole(urgent.alarm.role)
        version = get_version(session, response.version_id)
        task = NewTask(
            patient_id=response.patient_id,
            kind=TaskKind.ALARM,
            mode=TaskMode.PHONE,
            role=role,
            title=f"{question.text(_HOSPITAL_LANGUAGE)} {urgent.text(_HOSPITAL_LANGUAGE)}",
            why=f"{version.questionnaire.name}, v{version.number}",
            due_on=now.astimezone(zone).date(),
            at=now.astimezone(zone).time(),
            late_at=now + timedelta(minutes=urgent.alarm.minutes),
            assignee=_doctor(session, response) if role is TaskRole.ATTENDING_DOCTOR else None,
            department_id=response.department_id,
            response_id=response.id,
        )
        add_tasks(session, bus, [task], zone=zone, by=by, now=now)
        task_id = session.scalar(
            select(func.max(FollowupTask.id)).where(
                FollowupTask.response_id == response.id, FollowupTask.kind == TaskKind.ALARM
            )
        )
    response.alarms = {**response.alarms, question.code: task_id}
    session.flush()
    payload = {"response_id": response.id, "question": question.code, "option": urgent.code, "task_id": task_id}
    append(session, bus, [Entry(kind="questionnaire.alarm", at=now, agent=by, payload=payload)])
    return task_id


def withdraw_alarms(session: Session, bus: Bus, response: QuestionnaireResponse, *, by: str, now: datetime) -> None:
    """The answers were never given: nobody needs to call."""
    ids = [task_id for task_id in response.alarms.values() if task_id is not None]
    cancel_tasks(session, bus, ids, reason=N_("The paper form was typed wrongly and taken back."), by=by, now=now)


def _doctor(session: Session, response: QuestionnaireResponse) -> str | None:
    """The doctor of the visit, if that is an account: HIS may write names that nobody can sign in with."""
    if response.doctor is None:
        return None
    return session.scalar(select(User.username).where(User.username == response.doctor, User.is_active))
