"""The one place where a scope cuts a query: every ORM statement of a session that is bound to a viewer.

Lists, search, reports, exports, the API, live rooms and screen pops all read through such a session, so none of them
can forget it. A statement that the ORM does not know is refused there, because it could not be cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache, partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, event, exists, false, or_, select
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.visitors import ExternallyTraversible, iterate

from app.access.rules import Grant, Module, Reach, Scoped, Viewer, oldest_visible
from app.accounts.models import User
from app.db import Table
from app.errors import NotAllowed
from app.patients.models import Patient, PatientDepartment
from app.texts import N_

_VIEWER, _CUTS = "viewer", "scope_cuts"
UNSCOPED = "wardline_unscoped"
"""Execution option of a statement that holds nothing of any patient, or that asks about the whole on purpose."""


def bind(session: Session, viewer: Viewer, *, now: datetime, zone: ZoneInfo) -> None:
    """From now on this session shows and changes only what `viewer` may see and change."""
    today = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    session.info[_VIEWER] = viewer
    session.info[_CUTS] = _cuts(_Look.of(viewer, today))


def viewer_of(session: Session) -> Viewer | None:
    """For whom this session reads; nothing in a process that works for nobody in particular."""
    found = session.info.get(_VIEWER)
    return found if isinstance(found, Viewer) else None


def scoped_tables() -> list[type[Table]]:
    """Every table that says what it is scoped by."""
    return [mapper.class_ for mapper in Table.registry.mappers if hasattr(mapper.class_, "__scoped__")]


def need_write(session: Session, module: Module) -> None:
    """Raise NotAllowed when the session's viewer may only read in that module (U-04)."""
    viewer = viewer_of(session)
    if viewer is not None and not viewer.grant(module).can_write:
        raise NotAllowed(N_("You may read here, and not change anything."))


@event.listens_for(Session, "do_orm_execute")
def _cut(state: ORMExecuteState) -> None:
    cuts = state.session.info.get(_CUTS)
    if cuts is None or state.execution_options.get(UNSCOPED):
        return
    if not state.is_orm_statement:
        raise RuntimeError("a statement past the ORM cannot be cut to the viewer's scope")
    if (state.is_update or state.is_delete or state.is_insert) and state.bind_mapper is not None:
        scoped = getattr(state.bind_mapper.class_, "__scoped__", None)
        if scoped is not None:
            need_write(state.session, scoped.module)
    if cuts and not state.is_insert:
        state.statement = state.statement.options(*_needed(state, cuts))


def _needed(state: ORMExecuteState, cuts: Mapping[str, ExecutableOption]) -> Iterable[ExecutableOption]:
    """The cuts of the tables in a statement. All of them cost a statement 2 ms, which a page of forty would feel.

    What a loader option will join is not in the statement yet, so such a statement gets them all.
    """
    if isinstance(state.statement, Select) and state.statement._with_options:
        return cuts.values()
    names = {each.name for each in iterate(cast(ExternallyTraversible, state.statement)) if isinstance(each, SQLTable)}
    return [cut for name, cut in cuts.items() if name in names]


@event.listens_for(Session, "before_flush")
def _check_writes(session: Session, _context: UOWTransaction, _objects: Any) -> None:
    if viewer_of(session) is None:
        return
    changed = (each for each in session.dirty if session.is_modified(each))
    for row in (*session.new, *changed, *session.deleted):
        scoped = getattr(type(row), "__scoped__", None)
        if scoped is not None:
            need_write(session, scoped.module)


@dataclass(frozen=True, slots=True)
class _Look:
    """Who looks, and on which of the hospital's days: what the cuts depend on, and a key to keep them by."""

    username: str
    grants: tuple[tuple[Module, Grant], ...]
    departments: frozenset[int]
    opened: frozenset[int]
    today: datetime

    @classmethod
    def of(cls, viewer: Viewer, today: datetime) -> _Look:
        grants = tuple(sorted(viewer.grants.items()))
        return cls(viewer.username, grants, viewer.departments, viewer.opened, today)

    def grant(self, module: Module) -> Grant:
        return next(grant for each, grant in self.grants if each is module)

    def oldest(self, days: int) -> datetime:
        return oldest_visible(days, self.today)


Column = Callable[[str], Any]
Condition = ColumnElement[bool]


@lru_cache(maxsize=1000)
def _cuts(look: _Look) -> Mapping[str, ExecutableOption]:
    """The cut of each table that has one, by the table's name. Building them costs 50 ms, so they are kept."""
    cuts: dict[str, ExecutableOption] = {}
    for table in scoped_tables():
        conditions = _conditions(table, partial(getattr, table), look)
        if conditions:
            cuts[table.__tablename__] = with_loader_criteria(table, and_(*conditions), include_aliases=True)
    return cuts


def _conditions(table: type[Table], column: Column, look: _Look) -> list[Condition]:
    """What a row must satisfy to be shown; nothing when every row is."""
    scoped: Scoped = table.__scoped__  # type: ignore[attr-defined]
    grant = look.grant(scoped.module)
    if not grant.can_view:
        return [false()]
    found: list[Condition] = []
    if grant.days is not None and scoped.at is not None:
        found.append(column(scoped.at) >= look.oldest(grant.days))
    reach = _patient_reach(column, look, grant) if table is Patient else _row_reach(scoped, column, look, grant)
    if reach is not None:
        found.append(reach)
    if scoped.through is not None:
        found += _through(table, scoped.through, column, look)
    if found and scoped.patient is not None and look.opened:
        return [or_(column(scoped.patient).in_(sorted(look.opened)), and_(*found))]
    return found


def _row_reach(scoped: Scoped, column: Column, look: _Look, grant: Grant) -> Condition | None:
    """A row is shown with its patient; by a scope of the own or the department's rows also for its owner."""
    patients = [column(name) for name in (scoped.patient, scoped.other_patient) if name]
    shown = [each for each in (_shown_patient(patient, look, grant) for patient in patients) if each is not None]
    owned = _owned(scoped, column, look, grant)
    if owned is not None:
        return or_(owned, and_(*shown)) if shown and grant.reach is Reach.DEPARTMENT else owned
    if not shown:
        return None
    # A row of nobody yet, such as a call from an unknown number, is everybody's as long as only time cuts.
    return and_(*(or_(patient.is_(None), each) for patient, each in zip(patients, shown, strict=False)))


def _owned(scoped: Scoped, column: Column, look: _Look, grant: Grant) -> Condition | None:
    if not scoped.owners or grant.reach is Reach.ALL:
        return None
    if grant.reach is Reach.OWN:
        return or_(*(column(name) == look.username for name in scoped.owners))
    staff = User.__table__.alias()
    colleagues = select(staff.c.username).where(staff.c.department_id.in_(sorted(look.departments)))
    return or_(*(column(name).in_(colleagues) for name in scoped.owners))


def _shown_patient(patient_id: Any, look: _Look, grant: Grant) -> Condition | None:
    # A Core alias, so that the cut of Patient is not applied to itself within the subquery.
    patient = Patient.__table__.alias()
    conditions: list[Condition] = []
    for each in {grant, look.grant(Module.CONTACT)}:
        reach = _patient_reach(patient.c.__getitem__, look, each)
        if reach is not None:
            conditions.append(reach)
        if each.days is not None:
            conditions.append(patient.c.active_at >= look.oldest(each.days))
    return exists().where(patient.c.id == patient_id, *conditions) if conditions else None


def _patient_reach(column: Column, look: _Look, grant: Grant) -> Condition | None:
    if grant.reach is Reach.ALL:
        return None
    own = or_(column("owner") == look.username, column("created_by") == look.username)
    if grant.reach is Reach.OWN:
        return own
    tie = PatientDepartment.__table__.alias()
    departments = sorted(look.departments)
    return exists().where(tie.c.patient_id == column("id"), tie.c.department_id.in_(departments))


def _through(table: type[Table], name: str, column: Column, look: _Look) -> list[Condition]:
    [key] = table.__table__.c[name].foreign_keys
    parent = next(each for each in scoped_tables() if each.__table__ is key.column.table)
    alias = parent.__table__.alias()
    conditions = _conditions(parent, alias.c.__getitem__, look)
    return [exists().where(alias.c[key.column.name] == column(name), *conditions)] if conditions else []
