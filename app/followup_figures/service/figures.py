"""Rates, effects and satisfaction of the follow-ups that fell due in a period (N-57, N-59, N-60, F-07)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from app.configuration.rules import SATISFIED_PERCENT
from app.configuration.service import settings as configuration
from app.followup_plans.models import FollowupPlan
from app.followups.models import FollowupTask
from app.followups.service.counting import CONDITIONS, TaskFigure
from app.organisation.models import Department
from app.questionnaires.models import QuestionnaireResponse

_MOST_GROUPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the figures are narrowed to: days when the tasks fell due, both included, and what they were for."""

    first: date
    last: date
    department_id: int | None = None
    template_id: int | None = None
    list_id: int | None = None
    doctor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Numbers of tasks; shares are of those that were due (first-call success: of those that were attempted)."""

    counts: Mapping[TaskFigure, int]

    def share(self, figure: TaskFigure, of: TaskFigure = TaskFigure.DUE) -> float | None:
        """The share, nothing where there is nothing to take it of."""
        return self.counts[figure] / self.counts[of] if self.counts[of] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One line of a table by disease, department or doctor. `key` is what the list behind it is narrowed to."""

    key: str
    name: str
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectShare:
    """How many of the finished follow-ups had this effect."""

    effect: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """Of the completed questionnaires of these follow-ups: how many, the mean share of the highest score, satisfied.

    Satisfied is whoever gave at least `percent` of what the answered questions could bring.
    """

    percent: int
    responses: int
    mean: float | None
    satisfied: float | None


def rates(session: Session, choice: Choice) -> Rates:
    """All rates of the period in one statement."""
    row = session.execute(_chosen(select(*_columns()), choice)).one()
    return Rates(counts=_counts(row))


def by_disease(session: Session, choice: Choice) -> list[Group]:
    """Patients due by disease (F-07), most first."""
    key = func.coalesce(FollowupPlan.disease, "")
    return _groups(session, choice, key, key)


def by_department(session: Session, choice: Choice) -> list[Group]:
    """The rates by department."""
    key = func.coalesce(FollowupTask.department_id, 0)
    return _groups(session, choice, key, func.coalesce(func.max(Department.name), ""))


def by_doctor(session: Session, choice: Choice) -> list[Group]:
    """The rates by attending doctor, as HIS writes them."""
    key = func.coalesce(FollowupPlan.doctor, "")
    return _groups(session, choice, key, key)


def effects(session: Session, choice: Choice, *, group: str = "") -> dict[str, list[EffectShare]]:
    """Shares per treatment effect (N-59): in all (""), or by "department", "disease" or "doctor"."""
    keys: dict[str, Any] = {
        "": func.coalesce(None, ""),
        "department": func.coalesce(Department.name, ""),
        "disease": func.coalesce(FollowupPlan.disease, ""),
        "doctor": func.coalesce(FollowupPlan.doctor, ""),
    }
    key = keys[group] if group else None
    columns = [FollowupTask.effect, func.count()]
    statement = _chosen(select(*([key, *columns] if key is not None else columns)), choice).where(
        CONDITIONS[TaskFigure.DONE], FollowupTask.effect.is_not(None)
    )
    found: dict[str, dict[str, int]] = {}
    grouped = statement.group_by(*([key, FollowupTask.effect] if key is not None else [FollowupTask.effect]))
    for row in session.execute(grouped):
        name, effect, count = ("", *row) if key is None else row
        found.setdefault(str(name), {})[str(effect)] = int(count)
    return {
        name: [
            EffectShare(effect=effect, count=count, share=count / sum(counts.values()))
            for effect, count in sorted(counts.items(), key=lambda item: -item[1])
        ]
        for name, counts in found.items()
    }


def satisfaction(session: Session, choice: Choice) -> Satisfaction:
    """Satisfaction in follow-up (N-60), from the questionnaires answered in these tasks."""
    share = QuestionnaireResponse.score / func.nullif(QuestionnaireResponse.highest_score, 0)
    percent = configuration.value(session, SATISFIED_PERCENT)
    is_satisfied = cast(share * 100 >= percent, Integer)
    statement = _chosen(
        select(func.count(share), func.avg(share), func.avg(is_satisfied)).select_from(FollowupTask), choice
    )
    statement = statement.join(QuestionnaireResponse, QuestionnaireResponse.task_id == FollowupTask.id).where(
        QuestionnaireResponse.completed_at.is_not(None), CONDITIONS[TaskFigure.DUE]
    )
    count, mean, satisfied = session.execute(statement).one()
    return Satisfaction(
        percent=percent,
        responses=int(count),
        mean=None if mean is None else float(mean),
        satisfied=None if satisfied is None else float(satisfied),
    )


def _groups(session: Session, choice: Choice, key: Any, name: Any) -> list[Group]:
    columns = _columns()
    statement = _chosen(select(key.label("key"), name.label("name"), *columns), choice)
    statement = statement.group_by(key).order_by(columns[0].desc()).limit(_MOST_GROUPS)
    return [
        Group(key=str(row.key), name=str(row.name), rates=Rates(counts=_counts(row)))
        for row in session.execute(statement)
        if row.due
    ]


def _columns() -> list[Any]:
    return [
        func.coalesce(func.sum(cast(condition, Integer)), 0).label(str(figure))
        for figure, condition in CONDITIONS.items()
    ]


def _counts(row: Any) -> dict[TaskFigure, int]:
    return {figure: int(getattr(row, str(figure))) for figure in CONDITIONS}


def _chosen(statement: Any, choice: Choice) -> Any:
    statement = (
        statement.select_from(FollowupTask)
        .outerjoin(FollowupPlan, FollowupPlan.id == FollowupTask.plan_id)
        .outerjoin(Department, Department.id == FollowupTask.department_id)
        .where(FollowupTask.due_on >= choice.first, FollowupTask.due_on <= choice.last)
    )
    if choice.department_id is not None:
        statement = statement.where(FollowupTask.department_id == choice.department_id)
    if choice.template_id is not None:
        statement = statement.where(FollowupPlan.template_id == choice.template_id)
    if choice.list_id is not None:
        statement = statement.where(FollowupTask.list_id == choice.list_id)
    if choice.doctor is not None:
        statement = statement.where(FollowupPlan.doctor == choice.doctor)
    return statement
