"""What somebody who leaves still had to do, and who does it from then on.

Each room that gives people work says here, once, how that work is counted and handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.errors import InvalidInput, NotFound
from app.organisation.models import Department, StaffRequest
from app.organisation.rules import RequestState
from app.patients.models import Patient
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who takes over: a colleague by `username`, or else the pool of a department, where it is nobody's yet."""

    username: str | None = None
    department_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """One kind of work that belongs to people. `title` is a sentence of the catalogues.

    `count` says how much of it a username has; `move` gives it to the receiver and says how much that was.
    """

    name: str
    title: str
    count: Callable[[Session, str], int]
    move: Callable[[Session, str, Receiver, datetime], int]


_works: dict[str, OpenWork] = {}


def register_open_work(*works: OpenWork) -> None:
    """Let `hand_over` know a kind of work. Doing it twice changes nothing."""
    _works.update({work.name: work for work in works})


def open_work(session: Session, username: str) -> dict[OpenWork, int]:
    """What this person still has to do, kind by kind, also where it is nothing."""
    return {work: work.count(session, username) for work in _works.values()}


def hand_over(session: Session, from_: str, to: Receiver, now: datetime) -> dict[str, int]:
    """Give everything that `from_` has to do to `to`; returns how much of each kind.

    Raises NotFound for a receiver who is not there or not active, InvalidInput when it is the same person.
    """
    if (to.username is None) == (to.department_id is None):
        raise InvalidInput(N_("Choose a colleague or a department."), field="receiver")
    if to.username is not None and not to.username.isprintable():
        raise NotFound(N_("There is nobody of that name to hand over to."))
    if to.username == from_:
        raise InvalidInput(N_("Choose somebody else."), field="receiver")
    if to.username is not None:
        found = session.scalar(select(User.id).where(User.username == to.username, User.is_active.is_(True)))
    else:
        found = session.scalar(
            select(Department.id).where(Department.id == to.department_id, Department.is_active.is_(True))
        )
    if found is None:
        raise NotFound(N_("There is nobody of that name to hand over to."))
    return {work.name: work.move(session, from_, to, now) for work in _works.values()}


def _count_patients(session: Session, username: str) -> int:
    query = select(func.count()).select_from(Patient)
    return session.scalar(query.where(Patient.owner == username, Patient.merged_into_id.is_(None))) or 0


def _move_patients(session: Session, from_: str, to: Receiver, now: datetime) -> int:
    values: dict[str, object] = {"owner": to.username, "updated_at": now, "row_version": Patient.row_version + 1}
    if to.department_id is not None:
        values["department_id"] = to.department_id
    moved = session.scalars(update(Patient).where(Patient.owner == from_).values(values).returning(Patient.id))
    return len(moved.all())


def _requests_of(username: str) -> tuple[object, ...]:
    return StaffRequest.taken_by == username, StaffRequest.state == RequestState.TAKEN.value


def _count_requests(session: Session, username: str) -> int:
    query = select(func.count()).select_from(StaffRequest).where(*_requests_of(username))  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _move_requests(session: Session, from_: str, to: Receiver, now: datetime) -> int:
    values: dict[str, object] = {"taken_by": to.username}
    if to.department_id is not None:
        values = {
            "taken_by": None,
            "taken_at": None,
            "state": RequestState.OPEN.value,
            "department_id": to.department_id,
        }
    query = update(StaffRequest).where(*_requests_of(from_)).values(values)  # type: ignore[arg-type]
    return len(session.scalars(query.returning(StaffRequest.id)).all())


register_open_work(
    OpenWork(name="patients", title=N_("Patients in personal care"), count=_count_patients, move=_move_patients),
    OpenWork(name="requests", title=N_("Requests of colleagues"), count=_count_requests, move=_move_requests),
)
