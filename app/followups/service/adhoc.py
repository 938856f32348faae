"""Follow-ups on their own, outside any template (F-12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bus import Bus
from app.errors import InvalidInput, Refused
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.followups.service.tasks import NewTask, add_tasks
from app.patients.models import Patient
from app.patients.service import require_patient
from app.questionnaires.models import QuestionnaireVersion
from app.settings import Settings
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocData:
    """What a user says about it. `due_at` is when it is to be done, `text` the script of a call or what an SMS says."""

    patient_id: int
    due_at: datetime
    mode: TaskMode
    title: str
    text: str = ""
    kind: TaskKind = TaskKind.AD_HOC
    role: TaskRole = TaskRole.SERVICE_CENTRE
    assignee: str | None = None
    questionnaire_version_id: int | None = None
    late_days: int = 3


def add_ad_hoc(
    session: Session, bus: Bus, settings: Settings, data: AdHocData, *, by: str, now: datetime
) -> FollowupTask:
    """Make one follow-up. Raises NotFound, InvalidInput by field, and Refused for somebody who has died."""
    patient_id = require_patient(session, data.patient_id)
    if session.scalar(select(Patient.deceased_at).where(Patient.id == patient_id)) is not None:
        raise Refused(N_("This person has died. Nothing more is planned for them."), reason="deceased")
    if not data.title.strip():
        raise InvalidInput(N_("Say what this follow-up is about."), field="title")
    if len(data.title) > 200 or len(data.text) > 4000:
        raise InvalidInput(N_("This text is too long."), field="title" if len(data.title) > 200 else "text")
    if data.mode is TaskMode.SMS and not data.text.strip():
        raise InvalidInput(N_("Write the text of the SMS."), field="text")
    local = data.due_at.astimezone(settings.timezone)
    if local.date() < now.astimezone(settings.timezone).date():
        raise InvalidInput(N_("This day has passed already."), field="due")
    if data.assignee is not None and session.scalar(_active(data.assignee)) is None:
        raise InvalidInput(N_("There is no such colleague."), field="assignee")
    if data.questionnaire_version_id is not None:
        version = session.get(QuestionnaireVersion, data.questionnaire_version_id)
        if version is None or version.state != "approved":
            raise InvalidInput(N_("Choose a questionnaire that is in use."), field="questionnaire")
    before = session.scalar(_newest(patient_id))
    add_tasks(
        session,
        bus,
        [
            NewTask(
                patient_id=patient_id,
                kind=data.kind,
                mode=data.mode,
                role=TaskRole.SYSTEM if data.mode is TaskMode.SMS else data.role,
                title=data.title.strip(),
                text=data.text.strip(),
                why="by_hand",
                due_on=local.date(),
                at=local.time(),
                late_days=data.late_days,
                assignee=data.assignee,
                questionnaire_version_id=data.questionnaire_version_id,
            )
        ],
        zone=settings.timezone,
        by=by,
        now=now,
    )
    return session.scalars(
        select(FollowupTask)
        .where(FollowupTask.patient_id == patient_id, FollowupTask.id > (before or 0), FollowupTask.created_by == by)
        .order_by(FollowupTask.id.desc())
        .limit(1)
    ).one()


def _active(username: str) -> Select[int]:
    return select(User.id).where(User.username == username, User.is_active, User.left_at.is_(None))


def _newest(patient_id: int) -> Select[int]:
    newest = select(FollowupTask.id).where(FollowupTask.patient_id == patient_id)
    return newest.order_by(FollowupTask.id.desc()).limit(1)
