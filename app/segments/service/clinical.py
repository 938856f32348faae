"""Conditions on what a person went through at the hospital, as SQL on Patient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Float, Select, and_, case, cast, func, or_, select

from app.organisation.models import Department
from app.segments.rules import Condition, ConditionKind
from app.segments.service.clauses import (
    Attribute,
    Clock,
    Expression,
    days_ago,
    has,
    in_tree,
    on_days,
    when,
    within,
)
from app.visits.models import Charge, Diagnosis, Exam, ExamResult, Medication, Operation, Visit

# A value that is a number as a person writes it; everything else in a result is text.
_NUMERIC = r"^ *-?[0-9]{1,12}(\.[0-9]{1,6})? *$"


def _visits() -> Select[Any]:
    return select(Visit.patient_id).where(Visit.status != "withdrawn")


def _visit(condition: Condition, clock: Clock) -> Expression:
    statement = _visits().where(*when(Visit.started_at, condition, clock))
    if condition.codes:
        inside = or_(*(Department.path.contains(f"/{code}/") for code in condition.codes))
        below = select(Department.id).where(inside)
        chosen = [int(code) for code in condition.codes]
        statement = statement.where(or_(Visit.department_id.in_(chosen), Visit.department_id.in_(below)))
    if condition.text:
        statement = statement.where(Visit.doctor == condition.text)
    if condition.key:
        statement = statement.where(Visit.kind == condition.key)
    return has(statement)


def _visit_count(condition: Condition, clock: Clock) -> Expression:
    statement = _visits().where(*when(Visit.started_at, condition, clock)).group_by(Visit.patient_id)
    return within(statement, func.count(), condition)


def _spending(kinds: tuple[str, ...]) -> Callable[[Condition, Clock], Expression]:
    def build(condition: Condition, clock: Clock) -> Expression:
        statement = select(Charge.patient_id).where(*on_days(Charge.day, condition, clock)).group_by(Charge.patient_id)
        if kinds:
            statement = statement.where(Charge.kind.in_(kinds))
        return within(statement, func.sum(Charge.amount_cents), condition)

    return build


def _last_visit(condition: Condition, clock: Clock) -> Expression:
    latest = func.max(Visit.started_at)
    return has(_visits().group_by(Visit.patient_id).having(and_(*days_ago(latest, condition, clock))))


def _disease(condition: Condition, clock: Clock) -> Expression:
    diagnosed = select(Diagnosis.patient_id).where(in_tree(Diagnosis.disease, "disease", condition))
    return has(diagnosed.where(*when(Diagnosis.at, condition, clock)))


def _named(patient: Attribute, name: Attribute, at: Attribute) -> Callable[[Condition, Clock], Expression]:
    def build(condition: Condition, clock: Clock) -> Expression:
        statement = select(patient).where(*when(at, condition, clock))
        if condition.text:
            statement = statement.where(name.icontains(condition.text, autoescape=True))
        return has(statement)

    return build


def _exam_result(condition: Condition, _clock: Clock) -> Expression:
    statement = select(ExamResult.patient_id).where(ExamResult.item.icontains(condition.text, autoescape=True))
    if condition.codes:
        statement = statement.where(ExamResult.flag.in_(condition.codes))
    value = case((ExamResult.value.regexp_match(_NUMERIC), cast(ExamResult.value, Float)), else_=None)
    if condition.low is not None:
        statement = statement.where(value >= condition.low)
    if condition.high is not None:
        statement = statement.where(value <= condition.high)
    return has(statement)


CLINICAL: dict[ConditionKind, Callable[[Condition, Clock], Expression]] = {
    ConditionKind.VISIT: _visit,
    ConditionKind.VISIT_COUNT: _visit_count,
    ConditionKind.LAST_VISIT: _last_visit,
    ConditionKind.DISEASE: _disease,
    ConditionKind.OPERATION: _named(Operation.patient_id, Operation.name, Operation.at),
    ConditionKind.DRUG: _named(Medication.patient_id, Medication.drug, Medication.at),
    ConditionKind.SPENDING: _spending(()),
    ConditionKind.DRUG_SPENDING: _spending(("drug",)),
    ConditionKind.EXAM: _named(Exam.patient_id, Exam.name, Exam.at),
    ConditionKind.EXAM_RESULT: _exam_result,
}
"""The branch of each kind of condition that looks at clinical data."""
