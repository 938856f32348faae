"""Find plans: for the lists, for the page of one, and what waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskState
from app.organisation.models import Department
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient

_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFilters:
    """Which plans. `doctor` is an account; escalated ones are decisions and plans with a late first follow-up."""

    state: PlanState | None = None
    template_id: int | None = None
    department_id: int | None = None
    doctor: str | None = None
    is_escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan with what a list shows beside it. `done` of `steps` are closed; `next_on` is the day of the next one."""

    plan: FollowupPlan
    patient: str
    template: FollowupTemplate | None
    department: str
    steps: int = 0
    done: int = 0
    next_on: date | None = None


def list_plans(session: Session, filters: PlanFilters, *, limit: int, cursor: str | None = None) -> Page[PlanRow]:
    """Plans of the people whom the session sees, the newest first."""
    query = _with_names().order_by(FollowupPlan.id.desc()).limit(limit + 1)
    if filters.state is not None:
        query = query.where(FollowupPlan.state == filters.state)
    if filters.template_id is not None:
        query = query.where(FollowupPlan.template_id == filters.template_id)
    if filters.department_id is not None:
        query = query.where(FollowupPlan.department_id == filters.department_id)
    if filters.doctor:
        query = query.where(FollowupPlan.doctor_account == filters.doctor)
    if filters.is_escalated:
        query = query.where(_is_escalated())
    if cursor:
        [last] = read_cursor(cursor, (int,))
        query = query.where(FollowupPlan.id < last)
    rows = list(_rows(session, query))
    more = write_cursor(rows[limit - 1].plan.id) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=more)


def plan_row(session: Session, plan_id: int) -> PlanRow | None:
    """One plan as a list shows it; nothing when the session does not see it."""
    return next(iter(_rows(session, _with_names().where(FollowupPlan.id == plan_id))), None)


def plans_of(session: Session, patient_id: int, *, limit: int = 30) -> Sequence[PlanRow]:
    """The plans of one person: those that run first, then the latest."""
    is_over = FollowupPlan.state.in_([PlanState.DONE, PlanState.STOPPED])
    query = _with_names().where(FollowupPlan.patient_id == patient_id).order_by(is_over, FollowupPlan.id.desc())
    return _rows(session, query.limit(limit))


def tasks_of(session: Session, plan_id: int) -> Sequence[FollowupTask]:
    """The tasks of a plan, in the order of their days."""
    query = select(FollowupTask).where(FollowupTask.plan_id == plan_id)
    return session.scalars(query.order_by(FollowupTask.due_at, FollowupTask.id)).all()


def open_tasks_of(session: Session, patient_id: int, *, limit: int = 10) -> Sequence[FollowupTask]:
    """What is still to be done for one person, of plans, of lists and on its own, by its time."""
    query = select(FollowupTask).where(
        FollowupTask.patient_id == patient_id, FollowupTask.state.in_(tuple(sorted(OPEN)))
    )
    return session.scalars(query.order_by(FollowupTask.work_at, FollowupTask.id).limit(limit)).all()


def decisions_for(
    session: Session, *, username: str, departments: Collection[int], sees_all: bool, limit: int = _MOST_SHOWN
) -> Sequence[PlanRow]:
    """The discharges that wait for this person, the one that is soonest late first."""
    mine = _waits_for(username, departments, sees_all=sees_all)
    query = _with_names().where(FollowupPlan.state == PlanState.UNDECIDED, mine)
    return _rows(session, query.order_by(FollowupPlan.decide_by, FollowupPlan.id).limit(limit))


def count_decisions(session: Session, *, username: str, departments: Collection[int], sees_all: bool) -> int:
    """How many discharges wait for this person."""
    mine = _waits_for(username, departments, sees_all=sees_all)
    query = select(func.count()).select_from(FollowupPlan).where(FollowupPlan.state == PlanState.UNDECIDED, mine)
    return session.scalar(query) or 0


def count_plans(session: Session, state: PlanState) -> int:
    """How many plans are in this state."""
    query = select(func.count()).select_from(FollowupPlan).where(FollowupPlan.state == state)
    return session.scalar(query) or 0


def late_first_followups(
    session: Session, *, departments: Collection[int] | None, limit: int = _MOST_SHOWN
) -> Sequence[tuple[FollowupTask, str]]:
    """First follow-ups that their doctors have not done in time, each with the patient's name; of these departments."""
    query = (
        select(FollowupTask, Patient.name)
        .join(Patient, Patient.id == FollowupTask.patient_id)
        .where(*_late(departments))
        .order_by(FollowupTask.late_at, FollowupTask.id)
        .limit(limit)
    )
    return [(task, name) for task, name in session.execute(query)]


def escalated_decisions(
    session: Session, *, departments: Collection[int] | None, limit: int = _MOST_SHOWN
) -> Sequence[PlanRow]:
    """Discharges that nobody has decided in time, the longest first; of these departments."""
    query = _with_names().where(*_undecided(departments))
    return _rows(session, query.order_by(FollowupPlan.escalated_at, FollowupPlan.id).limit(limit))


def count_escalated(session: Session, *, departments: Collection[int] | None) -> int:
    """How many decisions and first follow-ups are late."""
    plans = select(func.count()).select_from(FollowupPlan).where(*_undecided(departments))
    tasks = select(func.count()).select_from(FollowupTask).where(*_late(departments))
    return (session.scalar(plans) or 0) + (session.scalar(tasks) or 0)


def _with_names() -> Select[FollowupPlan, str, FollowupTemplate, str]:
    return (
        select(FollowupPlan, Patient.name, FollowupTemplate, Department.name)
        .join(Patient, Patient.id == FollowupPlan.patient_id)
        .outerjoin(FollowupTemplate, FollowupTemplate.id == FollowupPlan.template_id)
        .outerjoin(Department, Department.id == FollowupPlan.department_id)
    )


def _rows(session: Session, query: Select[FollowupPlan, str, FollowupTemplate, str]) -> list[PlanRow]:
    found = [(plan, name, template, department) for plan, name, template, department in session.execute(query)]
    counts = _counts(session, [plan.id for plan, _name, _template, _department in found])
    return [
        PlanRow(
            plan=plan,
            patient=name,
            template=template,
            department=department or "",
            steps=counts.get(plan.id, (0, 0, None))[0],
            done=counts.get(plan.id, (0, 0, None))[1],
            next_on=counts.get(plan.id, (0, 0, None))[2],
        )
        for plan, name, template, department in found
    ]


def _counts(session: Session, plan_ids: Sequence[int]) -> Mapping[int, tuple[int, int, date | None]]:
    query = (
        select(FollowupTask.plan_id, FollowupTask.state, func.count(), func.min(FollowupTask.due_on))
        .where(FollowupTask.plan_id.in_(plan_ids))
        .group_by(FollowupTask.plan_id, FollowupTask.state)
    )
    found: dict[int, tuple[int, int, date | None]] = {}
    for plan_id, state, count, first in session.execute(query):
        steps, done, next_on = found.get(plan_id or 0, (0, 0, None))
        if TaskState(state) in OPEN:
            next_on = min(first, next_on or first)
        else:
            done += count
        found[plan_id or 0] = (steps + count, done, next_on)
    return found


def _waits_for(username: str, departments: Collection[int], *, sees_all: bool) -> ColumnElement[bool]:
    mine = FollowupPlan.doctor_account == username
    if sees_all:
        return or_(mine, FollowupPlan.id > 0)
    # What HIS names no account for is anybody's of the department, and so is what came too late.
    is_open = or_(FollowupPlan.doctor_account.is_(None), FollowupPlan.escalated_at.is_not(None))
    return or_(mine, and_(is_open, FollowupPlan.department_id.in_(departments)))


def _is_escalated() -> ColumnElement[bool]:
    late = select(FollowupTask.plan_id).where(*_late(None), FollowupTask.plan_id.is_not(None))
    return or_(
        and_(FollowupPlan.state == PlanState.UNDECIDED, FollowupPlan.escalated_at.is_not(None)),
        FollowupPlan.id.in_(late),
    )


def _late(departments: Collection[int] | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        FollowupTask.escalated_at.is_not(None),
        FollowupTask.state.in_(tuple(sorted(OPEN))),
    ]
    return found if departments is None else [*found, FollowupTask.department_id.in_(departments)]


def _undecided(departments: Collection[int] | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        FollowupPlan.state == PlanState.UNDECIDED,
        FollowupPlan.escalated_at.is_not(None),
    ]
    return found if departments is None else [*found, FollowupPlan.department_id.in_(departments)]
