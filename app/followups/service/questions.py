"""Professional questions (F-25, F-33): from the patient to a doctor, and the answer back on the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.access.rules import Viewer
from app.accounts.models import User
from app.accounts.rules import Role
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.followups.models import FollowupQuestion, FollowupTask
from app.followups.rules import QuestionState, TaskKind, TaskMode, TaskRole
from app.followups.service.tasks import NewTask, add_tasks
from app.journal.service import Entry, append
from app.messages import service as messages
from app.messages.models import Message
from app.organisation.models import Department
from app.patients.service import require_patient
from app.settings import Settings
from app.texts import N_

_LONGEST = 2000


def ask_doctor(
    session: Session,
    bus: Bus,
    *,
    patient_id: int,
    text: str,
    department_id: int | None,
    doctor: str | None,
    task_id: int | None = None,
    message_id: int | None = None,
    by: str,
    now: datetime,
) -> FollowupQuestion:
    """Put a patient's question to a doctor, or to the doctors of a department. Raises NotFound and InvalidInput."""
    patient_id = require_patient(session, patient_id)
    written = _written(text, "text", N_("Write what the patient asks."))
    if doctor is not None:
        person = session.scalar(select(User).where(User.username == doctor, User.is_active, User.left_at.is_(None)))
        if person is None or person.role != Role.DOCTOR:
            raise InvalidInput(N_("Choose a doctor of the list."), field="doctor")
        department_id = department_id or person.department_id
    elif department_id is None or session.get(Department, department_id) is None:
        raise InvalidInput(N_("Choose a doctor or a department."), field="doctor")
    question = FollowupQuestion(
        task_id=task_id,
        patient_id=patient_id,
        message_id=message_id,
        text=written,
        state=QuestionState.OPEN,
        department_id=department_id,
        doctor=doctor,
        asked_by=by,
        asked_at=now,
    )
    session.add(question)
    session.flush()
    _journal(session, bus, question, "followup.asked", by, now)
    return question


def answer_question(
    session: Session, bus: Bus, settings: Settings, question_id: int, answer: str, *, viewer: Viewer, now: datetime
) -> None:
    """A doctor's answer. Whoever asked gets a task to give it back to the patient.

    Raises NotFound, InvalidInput, NotAllowed for who was not asked, and Conflict when it was answered meanwhile.
    """
    question = get_question(session, question_id)
    if viewer.role not in (Role.DOCTOR, Role.ADMIN) or (
        question.doctor not in (None, viewer.username) and viewer.role != Role.ADMIN
    ):
        raise NotAllowed(N_("This question was put to somebody else."))
    written = _written(answer, "answer", N_("Write the answer."))
    answered = session.execute(
        update(FollowupQuestion)
        .where(FollowupQuestion.id == question_id, FollowupQuestion.state == QuestionState.OPEN)
        .values(state=QuestionState.ANSWERED, answer=written, answered_by=viewer.username, answered_at=now)
    )
    if rows_changed(answered) != 1:
        raise Conflict(N_("Somebody has answered this already."))
    session.refresh(question)
    local = now.astimezone(settings.timezone)
    add_tasks(
        session,
        bus,
        [
            NewTask(
                patient_id=question.patient_id,
                kind=TaskKind.GIVE_BACK,
                mode=TaskMode.PHONE,
                role=TaskRole.SERVICE_CENTRE,
                title="Give a doctor's answer back",
                text=written,
                why=f"question:{question.id}",
                due_on=local.date(),
                at=local.time().replace(tzinfo=None),
                late_days=1,
                assignee=question.asked_by if _is_agent(session, question.asked_by) else None,
            )
        ],
        zone=settings.timezone,
        by=viewer.username,
        now=now,
    )
    _journal(session, bus, question, "followup.answered", viewer.username, now)


def give_back(
    session: Session,
    bus: Bus,
    settings: Settings,
    question_id: int,
    *,
    reply_text: str | None,
    by: str,
    now: datetime,
) -> None:
    """The patient has the answer: told on the phone, or by `reply_text` to the text that asked.

    Raises NotFound, InvalidInput for a text that cannot be sent, and Conflict when there is no answer or it was given.
    """
    question = get_question(session, question_id)
    sent: Message | None = None
    if reply_text is not None:
        if question.message_id is None:
            raise InvalidInput(N_("This question did not come as a text. Call the patient."), field="reply")
        sent = messages.reply(
            session, bus, settings=settings, message_id=question.message_id, text=reply_text, agent=by, now=now
        )
    given = session.execute(
        update(FollowupQuestion)
        .where(FollowupQuestion.id == question_id, FollowupQuestion.state == QuestionState.ANSWERED)
        .values(
            state=QuestionState.GIVEN,
            given_back_at=now,
            given_back_by=by,
            given_back_by_message_id=sent.id if sent is not None else None,
        )
    )
    if rows_changed(given) != 1:
        raise Conflict(N_("There is no answer to give, or it was given already."))
    session.refresh(question)
    _journal(session, bus, question, "followup.given_back", by, now)


def get_question(session: Session, question_id: int) -> FollowupQuestion:
    """One question. Raises NotFound."""
    found = session.get(FollowupQuestion, question_id) if 0 < question_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such question."))
    return found


def questions_of_task(session: Session, task: FollowupTask) -> Sequence[FollowupQuestion]:
    """What was asked in a task; for a task that gives an answer back, that question."""
    wanted: Any = FollowupQuestion.task_id == task.id
    if task.kind == TaskKind.GIVE_BACK and task.why.startswith("question:"):
        wanted = or_(wanted, FollowupQuestion.id == int(task.why.removeprefix("question:")))
    return session.scalars(select(FollowupQuestion).where(wanted).order_by(FollowupQuestion.id)).all()


def questions_for(session: Session, viewer: Viewer, *, limit: int = 100) -> Sequence[FollowupQuestion]:
    """The open questions that this doctor may answer, oldest first: the own ones and those of the department."""
    return session.scalars(_waiting(viewer).order_by(FollowupQuestion.asked_at).limit(limit)).all()


def count_questions(session: Session, viewer: Viewer) -> int:
    """How many questions wait for this doctor."""
    return len(session.scalars(_waiting(viewer).with_only_columns(FollowupQuestion.id)).all())


def _waiting(viewer: Viewer) -> Any:
    mine = or_(
        FollowupQuestion.doctor == viewer.username,
        FollowupQuestion.doctor.is_(None) & (FollowupQuestion.department_id == viewer.department),
    )
    return select(FollowupQuestion).where(FollowupQuestion.state == QuestionState.OPEN, mine)


def _is_agent(session: Session, username: str) -> bool:
    role = session.scalar(select(User.role).where(User.username == username, User.is_active, User.left_at.is_(None)))
    return role in (Role.AGENT, Role.SUPERVISOR)


def _written(text: str, field: str, needed: str) -> str:
    written = text.strip()
    if not written:
        raise InvalidInput(needed, field=field)
    if len(written) > _LONGEST:
        raise InvalidInput(N_("This text is too long."), field=field)
    return written


def _journal(session: Session, bus: Bus, question: FollowupQuestion, kind: str, by: str, now: datetime) -> None:
    payload = {"question_id": question.id, "patient_id": question.patient_id, "task_id": question.task_id}
    append(session, bus, [Entry(kind=kind, at=now, agent=by, payload=payload)])
