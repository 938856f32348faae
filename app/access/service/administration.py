"""Change what roles and single users may, and count what somebody sees. Only what differs from above is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.models import RoleGrant, UserGrant
from app.access.rules import DEFAULT_GRANTS, Grant, GrantChange, Module, combine
from app.access.service.grants import change_of
from app.accounts.models import User
from app.accounts.rules import Role
from app.bus import Bus
from app.calls.models import Call
from app.db import Table
from app.errors import InvalidInput
from app.journal import service as journal
from app.messages.models import Message
from app.patients.models import Patient
from app.recordings.models import Recording
from app.texts import N_
from app.visits.models import Visit

_PARTS = tuple(field.name for field in fields(GrantChange))
# As many days as ten years have, and more rows than a spreadsheet takes: beyond these a limit is none.
_MOST_DAYS = 3650
_MOST_ROWS = 1_000_000
_CHANGED = "access.changed"


def role_grants(session: Session, role: Role) -> dict[Module, Grant]:
    """What this role may here, module by module, before exceptions for single users."""
    rows = session.scalars(select(RoleGrant).where(RoleGrant.role == role.value))
    changes = {Module(row.module): change_of(row) for row in rows}
    return {
        module: combine(grant, changes.get(module, GrantChange())) for module, grant in DEFAULT_GRANTS[role].items()
    }


def set_role_grant(session: Session, bus: Bus, role: Role, module: Module, grant: Grant, *, now: datetime) -> bool:
    """Set what a role may in one module; True when that changed anything, which live pages are told at once.

    Raises InvalidInput.
    """
    change = _difference(DEFAULT_GRANTS[role][module], grant)
    _check(change)
    row = session.scalar(select(RoleGrant).where(RoleGrant.role == role.value, RoleGrant.module == module.value))
    is_changed = _store(session, row, RoleGrant(role=role.value, module=module.value), change)
    if is_changed:
        payload = {"role": role.value, "module": module.value}
        journal.append(session, bus, [journal.Entry(kind=_CHANGED, at=now, payload=payload)])
    return is_changed


def user_exceptions(session: Session, user_id: int) -> dict[Module, GrantChange]:
    """What is set for this user otherwise than for the role."""
    rows = session.scalars(select(UserGrant).where(UserGrant.user_id == user_id))
    return {Module(row.module): change_of(row) for row in rows}


def set_user_exception(
    session: Session, bus: Bus, user: User, module: Module, change: GrantChange, *, now: datetime
) -> bool:
    """Set an exception for one user; an empty one takes it away. True when that changed anything, which is told too.

    Raises InvalidInput.
    """
    _check(change)
    row = session.scalar(select(UserGrant).where(UserGrant.user_id == user.id, UserGrant.module == module.value))
    is_changed = _store(session, row, UserGrant(user_id=user.id, module=module.value), change)
    if is_changed:
        payload = {"module": module.value}
        journal.append(session, bus, [journal.Entry(kind=_CHANGED, at=now, agent=user.username, payload=payload)])
    return is_changed


def all_role_changes(session: Session) -> dict[tuple[Role, Module], GrantChange]:
    """Everything that this hospital sets otherwise than we do."""
    return {(Role(row.role), Module(row.module)): change_of(row) for row in session.scalars(select(RoleGrant))}


def set_role_change(
    session: Session, bus: Bus, role: Role, module: Module, change: GrantChange, *, now: datetime
) -> bool:
    """Set the stored difference itself, as an exported file holds it. Raises InvalidInput."""
    return set_role_grant(session, bus, role, module, combine(DEFAULT_GRANTS[role][module], change), now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How much of one kind of record somebody sees. `title` is a sentence of the catalogues."""

    title: str
    count: int


_KINDS: Mapping[str, type[Table]] = {
    N_("Patients"): Patient,
    N_("Visits"): Visit,
    N_("Calls"): Call,
    N_("Messages"): Message,
    N_("Recordings"): Recording,
}


def what_is_seen(session: Session) -> list[Seen]:
    """How many records the viewer of this session sees; the session must be bound to that viewer."""
    return [Seen(title=title, count=_count(session, table)) for title, table in _KINDS.items()]


def _count(session: Session, table: type[Table]) -> int:
    query = select(func.count()).select_from(table)
    if table is Patient:
        query = query.where(Patient.merged_into_id.is_(None))
    return session.scalar(query) or 0


def _difference(default: Grant, grant: Grant) -> GrantChange:
    """What takes the default to the grant; a limit of days is taken away by 0."""
    found = {name: getattr(grant, name) for name in _PARTS if getattr(grant, name) != getattr(default, name)}
    if "days" in found:
        found["days"] = found["days"] or 0
    return GrantChange(**found)


def _check(change: GrantChange) -> None:
    if change.days is not None and not 0 <= change.days <= _MOST_DAYS:
        raise InvalidInput(N_("Days go from 1 to 3650; leave it empty for no limit."), field="days")
    if change.row_limit is not None and not 0 <= change.row_limit <= _MOST_ROWS:
        raise InvalidInput(N_("At most 1000000 rows."), field="row_limit")


def _store(
    session: Session, row: RoleGrant | UserGrant | None, fresh: RoleGrant | UserGrant, change: GrantChange
) -> bool:
    if change == (change_of(row) if row is not None else GrantChange()):
        return False
    if change == GrantChange():
        session.delete(row)
    else:
        kept = row if row is not None else fresh
        for name in _PARTS:
            setattr(kept, name, getattr(change, name))
        session.add(kept)
    session.flush()
    return True
