"""The tree of departments, and who works in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.errors import Conflict, InvalidInput, NotFound, Refused
from app.organisation.models import Department
from app.organisation.rules import Colleague, DepartmentKind, is_within, path_of
from app.texts import N_

# The column takes 200 characters: ten levels of ids up to nine digits fit, and no hospital has so many.
_LONGEST_PATH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One department in the tree: how deep, how many people work in it and in those below it."""

    department: Department
    depth: int
    staff: int
    staff_below: int


def departments(session: Session) -> tuple[Department, ...]:
    """The departments in use, each followed by those below it, by name."""
    return tuple(branch.department for branch in department_tree(session) if branch.department.is_active)


def department_tree(session: Session) -> tuple[Branch, ...]:
    """Every department, also those no longer in use, each followed by those below it, by name."""
    found = list(session.scalars(select(Department).order_by(Department.name, Department.id)))
    staffed = select(User.department_id, func.count().label("people")).where(User.is_active.is_(True))
    counts: dict[int | None, int] = {
        row.department_id: row.people for row in session.execute(staffed.group_by(User.department_id))
    }
    below: dict[int | None, list[Department]] = {}
    for department in found:
        below.setdefault(department.parent_id, []).append(department)
    ordered: list[Branch] = []
    waiting = [(department, 0) for department in reversed(below.get(None, []))]
    while waiting:
        department, depth = waiting.pop()
        inside = sum(counts.get(each.id, 0) for each in found if is_within(each.path, department.path))
        staff = counts.get(department.id, 0)
        ordered.append(Branch(department=department, depth=depth, staff=staff, staff_below=inside - staff))
        waiting += [(each, depth + 1) for each in reversed(below.get(department.id, []))]
    return tuple(ordered)


def department_names(session: Session) -> dict[int, str]:
    """The name of every department by its id."""
    return {row.id: row.name for row in session.execute(select(Department.id, Department.name))}


def get_department(session: Session, department_id: int) -> Department:
    """One department. Raises NotFound."""
    # Beyond what PostgreSQL can compare an id with.
    found = session.get(Department, department_id) if 0 < department_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such department."))
    return found


def phone_of(session: Session, department_id: int) -> str:
    """The number (E.164) that calls for a department in use go to. Raises NotFound, Refused when it has none."""
    found = get_department(session, department_id)
    if found.phone is None or not found.is_active:
        raise Refused(N_("This department has no telephone number on record."), reason="no_number")
    return found.phone


def department_by_code(session: Session, code: str) -> Department | None:
    """The department with that code."""
    return session.scalar(select(Department).where(Department.code == code))


def create_department(
    session: Session,
    *,
    code: str,
    name: str,
    kind: DepartmentKind,
    now: datetime,
    parent_id: int | None = None,
    phone: str | None = None,
) -> Department:
    """Make a department. Raises InvalidInput, Conflict when the code is taken, NotFound for the parent."""
    _check(code, name)
    if department_by_code(session, code) is not None:
        raise Conflict(N_("This code is taken."), field="code")
    parent = get_department(session, parent_id) if parent_id is not None else None
    made = Department(
        code=code, name=name.strip(), kind=kind.value, parent_id=parent_id, path="", phone=phone,
        is_active=True, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.path = path_of(parent.path if parent else None, made.id)
    session.flush()
    return made


def change_department(
    session: Session,
    department_id: int,
    *,
    code: str,
    name: str,
    kind: DepartmentKind,
    is_active: bool,
    phone: str | None = None,
) -> Department:
    """Change what a department is called, its telephone and whether it is in use. Raises InvalidInput, Conflict,
    NotFound.

    One with active people, or with departments in use below it, stays in use.
    """
    found = get_department(session, department_id)
    _check(code, name)
    other = department_by_code(session, code)
    if other is not None and other.id != department_id:
        raise Conflict(N_("This code is taken."), field="code")
    if found.is_active and not is_active:
        _check_empty(session, found)
    found.code, found.name, found.kind, found.is_active = code, name.strip(), kind.value, is_active
    found.phone = phone
    session.flush()
    return found


def move_department(session: Session, department_id: int, parent_id: int | None) -> Department:
    """Put a department, with all below it, under another one or at the top. Raises Conflict for a circle, NotFound."""
    found = get_department(session, department_id)
    parent = get_department(session, parent_id) if parent_id is not None else None
    if parent is not None and is_within(parent.path, found.path):
        raise Conflict(N_("A department cannot stand below itself."), field="parent_id")
    old, new = found.path, path_of(parent.path if parent else None, found.id)
    moved = list(session.scalars(select(Department).where(Department.path.startswith(old))))
    if any(len(new) - len(old) + len(each.path) > _LONGEST_PATH for each in moved):
        raise InvalidInput(N_("The tree of departments cannot have more levels."), field="parent_id")
    found.parent_id = parent_id
    for each in moved:
        each.path = new + each.path.removeprefix(old)
    session.flush()
    return found


def staff_of(session: Session, department: int) -> tuple[Colleague, ...]:
    """The active people of one department, by name."""
    rows = session.execute(
        select(User.username, User.display_name, User.department_id)
        .where(User.department_id == department, User.is_active.is_(True))
        .order_by(User.display_name, User.username)
    )
    return tuple(
        Colleague(username=username, display_name=name, department_id=department_id)
        for username, name, department_id in rows
    )


def colleagues(session: Session) -> tuple[Colleague, ...]:
    """Everybody who works here now, by name."""
    rows = session.execute(
        select(User.username, User.display_name, User.department_id)
        .where(User.is_active.is_(True))
        .order_by(User.display_name, User.username)
    )
    return tuple(
        Colleague(username=username, display_name=name, department_id=department_id)
        for username, name, department_id in rows
    )


def _check(code: str, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", code):
        raise InvalidInput(N_("A code has up to 40 letters, digits, dots and dashes."), field="code")
    if not 1 <= len(name.strip()) <= 100 or not name.isprintable():
        raise InvalidInput(N_("A name has 1 to 100 characters."), field="name")


def _check_empty(session: Session, department: Department) -> None:
    inside = select(Department.id).where(Department.path.startswith(department.path), Department.is_active.is_(True))
    if session.scalar(select(func.count()).where(User.department_id == department.id, User.is_active.is_(True))):
        raise Conflict(N_("People still work in this department. Move them first."), field="is_active")
    if session.scalar(inside.where(Department.id != department.id).limit(1)) is not None:
        raise Conflict(N_("Departments below this one are still in use."), field="is_active")
