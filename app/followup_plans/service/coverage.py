"""Whom follow-up is mandatory for, and who has none: key patients, after operations, after discharge (F-16, N-58)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.texts import N_
from app.visits.models import Operation, Visit


class MandatoryGroup(StrEnum):
    KEY = "key"
    OPERATION = "operation"
    DISCHARGE = "discharge"


GROUP_TEXT = {
    MandatoryGroup.KEY: N_("Key patients"),
    MandatoryGroup.OPERATION: N_("After an operation"),
    MandatoryGroup.DISCHARGE: N_("After discharge"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of one group: how many there are, and how many of them have a plan."""

    group: MandatoryGroup
    all: int
    planned: int

    @property
    def share(self) -> float | None:
        """The planned part of all, from 0 to 1; nothing of nobody."""
        return self.planned / self.all if self.all else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """Somebody without a plan. `on` is the day of the operation or discharge, `why_none` the doctor's reason."""

    patient_id: int
    name: str
    on: date | None
    doctor: str
    department_id: int | None
    why_none: str


def coverage(session: Session, now: datetime, days: int) -> list[Coverage]:
    """Planned of all, for each group; operations and discharges of the last `days` days."""
    found = []
    for group in MandatoryGroup:
        total, unplanned = (
            session.scalar(
                _members(group, now, days, only_unplanned=each).statement.with_only_columns(
                    func.count(), maintain_column_froms=True
                )
            )
            or 0
            for each in (False, True)
        )
        found.append(Coverage(group=group, all=total, planned=total - unplanned))
    return found


def list_unplanned(
    session: Session,
    group: MandatoryGroup,
    now: datetime,
    zone: ZoneInfo,
    days: int,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[Unplanned]:
    """Who of a group has no plan, the latest event first."""
    members = _members(group, now, days, only_unplanned=True)
    listed = members.statement.order_by(members.key.desc()).limit(limit + 1)
    if cursor:
        [last] = read_cursor(cursor, (int,))
        listed = listed.where(members.key < last)
    rows = session.execute(listed).all()
    reasons = _reasons(session, [row.visit_id for row in rows[:limit] if row.visit_id is not None])
    items = [
        Unplanned(
            patient_id=row.patient_id,
            name=row.name,
            on=row.at.astimezone(zone).date() if row.at is not None else None,
            doctor=row.doctor or "",
            department_id=row.department_id,
            why_none=reasons.get(row.visit_id or 0, ""),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=write_cursor(rows[limit - 1].key) if len(rows) > limit else None)


@dataclass(frozen=True, slots=True)
class _Members:
    """The statement of a group, and the column by which it is paged."""

    statement: Select[Any]
    key: Any


def _members(group: MandatoryGroup, now: datetime, days: int, *, only_unplanned: bool = False) -> _Members:
    since = now - timedelta(days=days)
    living = and_(Patient.merged_into_id.is_(None), Patient.deceased_at.is_(None))
    statement: Any
    match group:
        case MandatoryGroup.KEY:
            key, planned = Patient.id, _has_plan(Patient.id, None)
            statement = select(
                key.label("key"), Patient.id.label("patient_id"), Patient.name, null().label("at"),
                Patient.owner.label("doctor"), Patient.department_id, null().label("visit_id"),
            ).where(Patient.is_key_patient, living)  # fmt: skip
        case MandatoryGroup.OPERATION:
            key, planned = Operation.id, _has_plan(Operation.patient_id, Operation.at, Operation.visit_id)
            statement = (
                select(
                    key.label("key"), Operation.patient_id, Patient.name, Operation.at.label("at"), Operation.doctor,
                    Visit.department_id, Operation.visit_id,
                )
                .join(Patient, Patient.id == Operation.patient_id)
                .outerjoin(Visit, Visit.id == Operation.visit_id)
                .where(Operation.at >= since, Operation.at <= now, living)
                .where(or_(Operation.visit_id.is_(None), Visit.status != "withdrawn"))
            )  # fmt: skip
        case MandatoryGroup.DISCHARGE:
            key, planned = Visit.id, _has_plan(Visit.patient_id, Visit.ended_at, Visit.id)
            statement = (
                select(
                    key.label("key"), Visit.patient_id, Patient.name, Visit.ended_at.label("at"), Visit.doctor,
                    Visit.department_id, Visit.id.label("visit_id"),
                )
                .join(Patient, Patient.id == Visit.patient_id)
                .where(Visit.kind == "inpatient", Visit.ended_at >= since, Visit.ended_at <= now, living)
                .where(Visit.status != "withdrawn")
            )  # fmt: skip
    return _Members(statement.where(~planned) if only_unplanned else statement, key)


def _has_plan(patient_id: Any, ended_at: Any, visit_id: Any = None) -> ColumnElement[bool]:
    """A plan that runs; after an event also one of its visit, or begun since, that is done."""
    plan = aliased(FollowupPlan)
    counts = plan.state == PlanState.ACTIVE
    if ended_at is not None:
        of_it = plan.created_at >= ended_at
        if visit_id is not None:
            of_it = or_(of_it, plan.visit_id == visit_id)
        counts = and_(plan.state.in_([PlanState.ACTIVE, PlanState.DONE]), of_it)
    return exists().where(plan.patient_id == patient_id, counts)


def _reasons(session: Session, visit_ids: Sequence[int]) -> dict[int, str]:
    query = select(FollowupPlan.visit_id, FollowupPlan.reason).where(
        FollowupPlan.visit_id.in_(visit_ids),
        FollowupPlan.occasion.startswith("decision:"),
        FollowupPlan.state == PlanState.STOPPED,
    )
    return {row.visit_id or 0: row.reason or "" for row in session.execute(query)}
