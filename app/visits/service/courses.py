"""Courses of treatment that people make and change here (P-38). A course from HIS is HIS's own and only read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.bus import Bus
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import Conflict, NotFound
from app.journal import service as journal
from app.organisation.models import Department
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.patients.service.faults import Faults
from app.patients.service.reading import require_patient
from app.texts import N_
from app.visits.models import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseEntry:
    """What somebody says about a course of treatment."""

    title: str
    disease: str | None = None  # a code of the list "disease"
    doctor: str | None = None
    department_id: int | None = None
    starts_on: date | None = None
    planned_end_on: date | None = None


def create_course(
    session: Session, bus: Bus, patient_id: int, entry: CourseEntry, *, by: str, now: datetime, today: date
) -> Course:
    """Begin a course, today where no day is given. Raises NotFound, and InvalidInput with all faults by field."""
    patient_id = require_patient(session, patient_id)
    course = Course(patient_id=patient_id, created_at=now, created_by=by, **_checked(session, entry, today))
    session.add(course)
    _done(session, bus, course, by=by, now=now)
    return course


def end_course(
    session: Session, bus: Bus, course_id: int, *, on: date, row_version: int | None = None, by: str, now: datetime
) -> Course:
    """The course ended on that day. Raises NotFound, InvalidInput, and Conflict as the others here do."""
    course = _own_course(session, course_id, row_version)
    faults = Faults()
    if on < course.starts_on:
        faults.add("ended_on", N_("The end is before the beginning."))
    faults.raise_any()
    course.ended_on = on
    _done(session, bus, course, by=by, now=now)
    return course


def extend_course(
    session: Session,
    bus: Bus,
    course_id: int,
    *,
    planned_end_on: date,
    row_version: int | None = None,
    by: str,
    now: datetime,
) -> Course:
    """The course is to end on that day, later or earlier than was planned."""
    course = _own_course(session, course_id, row_version)
    faults = Faults()
    if planned_end_on < course.starts_on:
        faults.add("planned_end_on", N_("The end is before the beginning."))
    faults.raise_any()
    if course.ended_on is not None:
        raise Conflict(N_("This course has ended. Reopen it first."))
    course.planned_end_on = planned_end_on
    _done(session, bus, course, by=by, now=now)
    return course


def reopen_course(
    session: Session, bus: Bus, course_id: int, *, row_version: int | None = None, by: str, now: datetime
) -> Course:
    """The course goes on after all."""
    course = _own_course(session, course_id, row_version)
    course.ended_on = None
    _done(session, bus, course, by=by, now=now)
    return course


def courses_without_end(
    session: Session, *, limit: int, cursor: str | None = None
) -> Page[tuple[Course, Patient, str | None]]:
    """Courses that have neither ended nor a planned end, the oldest first: somebody must decide."""
    query = (
        select(Course, Patient, Department.name)
        .join(Patient, Patient.id == Course.patient_id)
        .outerjoin(Department, Department.id == Course.department_id)
        .where(Course.ended_on.is_(None), Course.planned_end_on.is_(None), Patient.merged_into_id.is_(None))
        .where(Patient.deceased_at.is_(None))
        .order_by(Course.id)
        .limit(limit + 1)
    )
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(Course.id > last)
    rows: list[tuple[Course, Patient, str | None]] = [
        (course, patient, department) for course, patient, department in session.execute(query)
    ]
    following = write_cursor(rows[limit - 1][0].id) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)


def courses_of(session: Session, patient_id: int) -> Sequence[Course]:
    """All courses of the person: those that last first, then the latest first."""
    return session.scalars(
        select(Course)
        .where(Course.patient_id == patient_id)
        .order_by(Course.ended_on.is_not(None), Course.starts_on.desc(), Course.id.desc())
    ).all()


def _checked(session: Session, entry: CourseEntry, today: date) -> dict[str, Any]:
    faults = Faults()
    starts_on = entry.starts_on or today
    if entry.planned_end_on is not None and entry.planned_end_on < starts_on:
        faults.add("planned_end_on", N_("The end is before the beginning."))
    offered = {each.code for each in codes.items(session, CodeList.DISEASE)}
    if entry.disease and offered and entry.disease not in offered:
        faults.add("disease", N_("Choose one of the list."))
    department = entry.department_id
    if department is not None and (not 0 < department < 2**31 or session.get(Department, department) is None):
        faults.add("department_id", N_("Choose one of the list."))
    checked = {
        "title": faults.line(entry.title, "title", 200, needed=N_("Say what is treated.")),
        "disease": faults.line(entry.disease, "disease", 40) or None,
        "doctor": faults.line(entry.doctor, "doctor", 64) or None,
        "department_id": department,
        "starts_on": starts_on,
        "planned_end_on": entry.planned_end_on,
    }
    faults.raise_any()
    return checked


def _own_course(session: Session, course_id: int, row_version: int | None) -> Course:
    found = select(Course).where(Course.id == course_id)
    course = session.scalar(found) if 0 < course_id < 2**31 else None
    if course is None:
        raise NotFound(N_("There is no such course."))
    if course.source_system is not None:
        raise Conflict(N_("This course comes from the hospital system and is changed there."))
    if row_version is not None and row_version != course.row_version:
        raise _changed_meanwhile()
    return course


def _done(session: Session, bus: Bus, course: Course, *, by: str, now: datetime) -> None:
    try:
        session.flush()
    except StaleDataError:
        raise _changed_meanwhile() from None
    payload = {"patient_id": course.patient_id, "course_id": course.id}
    journal.append(session, bus, [journal.Entry(kind="course.changed", at=now, agent=by, payload=payload)])


def _changed_meanwhile() -> Conflict:
    return Conflict(N_("Somebody else changed this course meanwhile. Look at its new state first."))
