"""The lines of rooms that existed before the work list did. A new room calls `register` itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.access.service import emergency
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, WITH_PATIENTS, Role
from app.duplicates.service.pairs import count_pairs
from app.imports.service.review import count_questions
from app.messages.models import Message
from app.messages.rules.states import InState
from app.missed_callers import service as missed_callers
from app.missed_callers.rules import Shown
from app.organisation.models import StaffRequest
from app.patients.models import Patient
from app.texts import N_
from app.visits.models import Course
from app.worklist.service.registry import WorkItem
from app.worklist.service.wishes import count_open_wishes


def _unread_texts(session: Session, _viewer: Viewer, _now: datetime) -> int:
    query = select(func.count()).select_from(Message).where(Message.direction == "in", Message.state == InState.NEW)
    return session.scalar(query) or 0


def _callers(session: Session, viewer: Viewer, now: datetime) -> int:
    """Those whom nobody took, and mine: what a colleague calls back does not wait for me."""
    lists = (Shown.FREE, Shown.MINE)
    return sum(missed_callers.count_callers(session, each, by=viewer.username, now=now) for each in lists)


def _courses_without_end(session: Session, _viewer: Viewer, _now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(Course)
        .join(Patient, Patient.id == Course.patient_id)
        .where(Course.ended_on.is_(None), Course.planned_end_on.is_(None), Patient.merged_into_id.is_(None))
        .where(Patient.deceased_at.is_(None))
    )
    return session.scalar(query) or 0


def _requests_to_me(session: Session, viewer: Viewer, _now: datetime) -> int:
    """Those that I took, and those to my department that nobody took."""
    mine = and_(StaffRequest.state == "taken", StaffRequest.taken_by == viewer.username)
    free = and_(StaffRequest.state == "open", StaffRequest.department_id == viewer.department)
    return session.scalar(select(func.count()).select_from(StaffRequest).where(or_(mine, free))) or 0


LINES = (
    WorkItem(
        label=N_("Unread texts"),
        hint=N_("Patients wrote and nobody has read it yet."),
        icon="chat-left-text",
        endpoint="messages.show_box",
        arguments=(("box", "inbox"),),
        roles=AT_THE_DESK,
        module=Module.MESSAGES,
        count=_unread_texts,
    ),
    WorkItem(
        label=N_("Callers to call back"),
        hint=N_("Nobody answered them, nobody has spoken to them since, and nobody or you took them."),
        icon="telephone-x",
        endpoint="missed_callers.show_callers",
        roles=AT_THE_DESK,
        module=Module.CALLS,
        count=_callers,
    ),
    WorkItem(
        label=N_("Callers who wait too long to be called back"),
        hint=N_("Nobody took them in time, or whoever took them has not spoken to them."),
        icon="alarm",
        endpoint="missed_callers.show_callers",
        arguments=(("show", Shown.LATE.value),),
        roles=OVER_AGENTS,
        module=Module.CALLS,
        count=lambda session, viewer, now: missed_callers.count_callers(
            session, Shown.LATE, by=viewer.username, now=now
        ),
    ),
    WorkItem(
        label=N_("Open wishes"),
        hint=N_("Patients told us a wish and have no answer yet."),
        icon="chat-heart",
        endpoint="worklist.show_wishes",
        roles=WITH_PATIENTS,
        module=Module.CONTACT,
        count=lambda session, _viewer, _now: count_open_wishes(session),
    ),
    WorkItem(
        label=N_("Courses without an end"),
        hint=N_("A course of treatment has neither ended nor a planned end."),
        icon="calendar-x",
        endpoint="visits.show_open_courses",
        roles=WITH_PATIENTS - {Role.QA},
        module=Module.CLINICAL,
        count=_courses_without_end,
    ),
    WorkItem(
        label=N_("Requests from colleagues"),
        hint=N_("You took them, or your department was asked and nobody took them."),
        icon="person-raised-hand",
        endpoint="organisation.show_requests",
        count=_requests_to_me,
    ),
    WorkItem(
        label=N_("Records that may be the same person"),
        hint=N_("Look at both and merge them, or say that they are two people."),
        icon="people",
        endpoint="duplicates.show_pairs",
        roles=OVER_AGENTS,
        module=Module.CONTACT,
        count=lambda session, _viewer, _now: sum(count_pairs(session).values()),
    ),
    WorkItem(
        label=N_("Imported rows to decide on"),
        hint=N_("A row fits a record and contradicts it, or fits two."),
        icon="file-earmark-spreadsheet",
        endpoint="imports.show_review",
        roles=OVER_AGENTS,
        module=Module.CONTACT,
        count=lambda session, _viewer, _now: sum(count_questions(session).values()),
    ),
    WorkItem(
        label=N_("Emergency openings to review"),
        hint=N_("Somebody opened a record outside their scope and gave a reason."),
        icon="shield-exclamation",
        endpoint="emergency.show_review",
        roles=OVER_AGENTS,
        count=lambda session, _viewer, _now: emergency.count_unreviewed(session),
    ),
)
