"""Tasks as people look at them: the day's work in the order of its time, and every list behind a number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.access.rules import Viewer
from app.accounts.models import User
from app.accounts.rules import Role
from app.followup_plans.models import FollowupPlan
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskKind, TaskMode, TaskRole, TaskState
from app.followups.service.counting import CONDITIONS, TaskFigure
from app.organisation.models import Department
from app.outbound_lists.models import OutboundList
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient

_OPEN = tuple(sorted(OPEN))
_SURVEYS = (TaskKind.SATISFACTION, TaskKind.LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilters:
    """What a list is narrowed to; nothing means everything. Days are the hospital's, both included.

    `whose`: "mine" (in my hands, assigned to me, or for everybody of my role), "pool" (assigned to nobody) or "all".
    """

    whose: str = "all"
    states: Collection[TaskState] = ()
    due_from: date | None = None
    due_until: date | None = None
    due_before: datetime | None = None
    work_until: datetime | None = None
    overdue_at: datetime | None = None
    kind: TaskKind | None = None
    mode: TaskMode | None = None
    role: TaskRole | None = None
    assignee: str | None = None
    patient_id: int | None = None
    plan_id: int | None = None
    list_id: int | None = None
    disease: str | None = None
    template_id: int | None = None
    department_id: int | None = None
    result: str | None = None
    effect: str | None = None
    attitude: str | None = None
    done_by: str | None = None
    doctor: str | None = None
    figure: TaskFigure | None = None
    is_escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task with what is shown beside it."""

    task: FollowupTask
    patient: Patient
    plan: FollowupPlan | None
    template: FollowupTemplate | None
    list_name: str | None
    assignee_name: str | None
    department: str | None


def list_tasks(
    session: Session, filters: TaskFilters, *, viewer: Viewer | None, limit: int, cursor: str | None = None
) -> Page[TaskRow]:
    """Tasks in the order in which they are to be worked on. Raises InvalidInput for a damaged cursor."""
    statement = _filtered(filters, viewer)
    if cursor:
        at, last_id = read_cursor(cursor, [datetime, int])
        later = and_(FollowupTask.work_at == at, FollowupTask.id > last_id)
        statement = statement.where(or_(FollowupTask.work_at > at, later))
    rows = session.execute(statement.order_by(FollowupTask.work_at, FollowupTask.id).limit(limit + 1)).all()
    found = [TaskRow(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]
    last = found[limit - 1].task if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=write_cursor(last.work_at, last.id) if last else None)


def count_tasks(session: Session, filters: TaskFilters, *, viewer: Viewer | None) -> int:
    """How many tasks the list has."""
    inner = _filtered(filters, viewer).with_only_columns(FollowupTask.id).order_by(None)
    return session.scalar(select(func.count()).select_from(inner.subquery())) or 0


def task_row(session: Session, task_id: int) -> TaskRow | None:
    """One task with what is shown beside it."""
    row = session.execute(_rows().where(FollowupTask.id == task_id)).first()
    return TaskRow(**dict(zip(_COLUMNS, row, strict=True))) if row is not None else None


def open_tasks_of(session: Session, patient_id: int, now: datetime, *, limit: int = 5) -> Sequence[FollowupTask]:
    """What is open for one person and due within a week, by its time: what an agent who has them on the phone does."""
    query = select(FollowupTask).where(
        FollowupTask.patient_id == patient_id,
        FollowupTask.state.in_(_OPEN),
        FollowupTask.mode.in_((TaskMode.PHONE, TaskMode.AUTOMATIC, TaskMode.OTHER)),
        FollowupTask.work_at <= now + timedelta(days=7),
    )
    return session.scalars(query.order_by(FollowupTask.work_at, FollowupTask.id).limit(limit)).all()


def tasks_of_plan(session: Session, plan_id: int) -> Sequence[FollowupTask]:
    """All tasks of a plan, by their day."""
    query = select(FollowupTask).where(FollowupTask.plan_id == plan_id)
    return session.scalars(query.order_by(FollowupTask.due_at, FollowupTask.id)).all()


_COLUMNS = ("task", "patient", "plan", "template", "list_name", "assignee_name", "department")


def _rows() -> Any:
    return (
        select(
            FollowupTask, Patient, FollowupPlan, FollowupTemplate, OutboundList.name, User.display_name, Department.name
        )
        .join(Patient, Patient.id == FollowupTask.patient_id)
        .outerjoin(FollowupPlan, FollowupPlan.id == FollowupTask.plan_id)
        .outerjoin(FollowupTemplate, FollowupTemplate.id == FollowupPlan.template_id)
        .outerjoin(OutboundList, OutboundList.id == FollowupTask.list_id)
        .outerjoin(User, User.username == func.coalesce(FollowupTask.claimed_by, FollowupTask.assignee))
        .outerjoin(Department, Department.id == FollowupTask.department_id)
    )


def _filtered(filters: TaskFilters, viewer: Viewer | None) -> Any:
    statement = _rows()
    for column, value in (
        (FollowupTask.kind, filters.kind),
        (FollowupTask.mode, filters.mode),
        (FollowupTask.role, filters.role),
        (FollowupTask.assignee, filters.assignee),
        (FollowupTask.patient_id, filters.patient_id),
        (FollowupTask.plan_id, filters.plan_id),
        (FollowupTask.list_id, filters.list_id),
        (FollowupTask.department_id, filters.department_id),
        (FollowupTask.result, filters.result),
        (FollowupTask.effect, filters.effect),
        (FollowupTask.attitude, filters.attitude),
        (FollowupTask.done_by, filters.done_by),
        (FollowupPlan.disease, filters.disease),
        (FollowupPlan.template_id, filters.template_id),
        (FollowupPlan.doctor, filters.doctor),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.states:
        statement = statement.where(FollowupTask.state.in_([str(state) for state in filters.states]))
    if filters.due_from is not None:
        statement = statement.where(FollowupTask.due_on >= filters.due_from)
    if filters.due_until is not None:
        statement = statement.where(FollowupTask.due_on <= filters.due_until)
    if filters.due_before is not None:
        statement = statement.where(FollowupTask.due_at < filters.due_before)
    if filters.work_until is not None:
        statement = statement.where(FollowupTask.work_at <= filters.work_until)
    if filters.overdue_at is not None:
        statement = statement.where(FollowupTask.state.in_(_OPEN), FollowupTask.late_at <= filters.overdue_at)
    if filters.figure is not None:
        statement = statement.where(CONDITIONS[filters.figure])
    if filters.is_escalated:
        statement = statement.where(FollowupTask.escalated_at.is_not(None), FollowupTask.state.in_(_OPEN))
    return statement if viewer is None else statement.where(*_whose(filters.whose, viewer))


def _whose(whose: str, viewer: Viewer) -> list[Any]:
    if whose == "mine":
        own = or_(FollowupTask.claimed_by == viewer.username, FollowupTask.assignee == viewer.username)
        pool = and_(
            FollowupTask.assignee.is_(None),
            or_(FollowupTask.claimed_by.is_(None), FollowupTask.claimed_by == viewer.username),
            _of_role(viewer),
        )
        return [or_(own, pool)]
    if whose == "own":
        return [or_(FollowupTask.claimed_by == viewer.username, FollowupTask.assignee == viewer.username)]
    if whose == "pool":
        return [FollowupTask.assignee.is_(None), FollowupTask.claimed_by.is_(None)]
    return []


def _of_role(viewer: Viewer) -> Any:
    """The pools that somebody of this role takes from (G-12)."""
    if viewer.role is Role.DOCTOR:
        of_department = or_(
            FollowupTask.department_id.is_(None), FollowupTask.department_id.in_(viewer.departments or {0})
        )
        return and_(FollowupTask.role.in_((TaskRole.DOCTOR, TaskRole.ATTENDING_DOCTOR)), of_department)
    roles = [TaskRole.SERVICE_CENTRE]
    if viewer.role in (Role.SUPERVISOR, Role.ADMIN):
        roles.append(TaskRole.SUPERVISOR)
    return FollowupTask.role.in_(roles)
