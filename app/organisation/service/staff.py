"""The list of the people who work here, and of those who did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.errors import NotFound
from app.organisation.models import Department
from app.texts import N_

# A hospital has some thousand people; a page shows a hundred, the next ones by number.
PAGE_SIZE = 100
SORTS: Mapping[str, tuple[InstrumentedAttribute[str], ...]] = {
    "name": (User.display_name, User.username),
    "username": (User.username,),
    "role": (User.role, User.username),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFilter:
    """Which people: those whose name, username, extension or mobile holds `text`, of a role, in a department."""

    text: str = ""
    role: Role | None = None
    department_id: int | None = None
    is_active: bool | None = True
    sort: str = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffPage:
    """Some people with the names of their departments, and how many there are altogether."""

    people: list[tuple[User, str | None]]
    total: int


def list_staff(session: Session, wanted: StaffFilter, *, page: int = 1) -> StaffPage:
    """A page of people. A department counts with those below it."""
    conditions = _conditions(wanted)
    query = (
        select(User, Department.name)
        .outerjoin(Department, Department.id == User.department_id)
        .where(*conditions)
        .order_by(*SORTS.get(wanted.sort, SORTS["name"]))
        .limit(PAGE_SIZE)
        .offset(PAGE_SIZE * (page - 1))
    )
    people: list[tuple[User, str | None]] = [(user, name) for user, name in session.execute(query)]
    total = session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    return StaffPage(people=people, total=total)


def get_person(session: Session, user_id: int) -> User:
    """One account, active or not. Raises NotFound."""
    found = session.get(User, user_id) if 0 < user_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such account."))
    return found


def _conditions(wanted: StaffFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        places = (User.display_name, User.username, User.extension, User.mobile)
        # PostgreSQL refuses to compare a NUL.
        text = wanted.text.replace("\x00", "\ufffd")
        found.append(or_(*(place.icontains(text, autoescape=True) for place in places)))
    if wanted.role is not None:
        found.append(User.role == wanted.role.value)
    if wanted.department_id is not None:
        path = select(Department.path).where(Department.id == wanted.department_id).scalar_subquery()
        found.append(User.department_id.in_(select(Department.id).where(Department.path.startswith(path))))
    if wanted.is_active is not None:
        found.append(User.is_active.is_(wanted.is_active))
    return found
