"""The list of patients as it is filtered, sorted and paged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, select, tuple_
from sqlalchemy.orm import Session, selectinload

from app.codes import service as codes
from app.codes.rules import CodeList
from app.organisation.models import Department
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient, PatientDepartment, PatientKind, PatientPhone, PatientTag

EAGER = (selectinload(Patient.phones), selectinload(Patient.identifiers), selectinload(Patient.contacts))
"""What every list of patients loads along."""
Column = Callable[[str], Any]


class ListOrder(StrEnum):
    CREATED = "created"  # the newest record first
    ACTIVE = "active"  # the latest contact first
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilters:
    """What the people of a list have in common; None and False ask for nothing. An empty set finds nobody.

    `regions`, `sources` and `departments` are whole branches of their trees: the record must be in one of them.
    """

    number: str | None = None  # E.164
    kind: str | None = None
    regions: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    departments: frozenset[int] | None = None
    member_type: str | None = None
    tag: str | None = None
    key_only: bool = False
    provisional_only: bool = False


NO_FILTERS = ListFilters()


def read_filters(session: Session, chosen: Mapping[str, str]) -> ListFilters:
    """The filters that an address names: kind, region, department, member, source, tag, key and provisional.

    A code or department that is not there any more finds nobody; a department that is no number is no filter.
    """
    return ListFilters(
        kind=chosen.get("kind"),
        regions=_branch(session, CodeList.REGION, chosen.get("region")),
        sources=_branch(session, CodeList.SOURCE, chosen.get("source")),
        departments=_departments(session, chosen.get("department", "")),
        member_type=chosen.get("member"),
        tag=chosen.get("tag"),
        key_only="key" in chosen,
        provisional_only="provisional" in chosen,
    )


def list_patients(
    session: Session, *, filters: ListFilters, order: ListOrder, limit: int, cursor: str | None
) -> Page[Patient]:
    """A page of the list, with all that a row shows. Raises InvalidInput for a damaged cursor."""
    conditions = conditions_on(partial(getattr, Patient), filters)
    statement = select(Patient).where(Patient.merged_into_id.is_(None), *conditions).options(*EAGER)
    rows = list(session.scalars(_ordered(statement, order, cursor).limit(limit + 1)))
    following = _cursor_of(rows[limit - 1], order) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)


def restrict(statement: Select[Any], patient_id: Any, filters: ListFilters) -> Select[Any]:
    """Keep only the rows of a statement whose patient, in that column, passes the filters."""
    if filters == NO_FILTERS:
        return statement
    person = Patient.__table__.alias()
    return statement.where(exists().where(person.c.id == patient_id, *conditions_on(person.c.__getitem__, filters)))


def conditions_on(person: Column, filters: ListFilters) -> Iterator[ColumnElement[bool]]:
    """The filters as conditions on the columns that `person` gives by their names."""
    among = ((filters.regions, "region"), (filters.sources, "first_source"))
    for branch, name in among:
        if branch is not None:
            yield person(name).in_(sorted(branch)) if branch else false()
    if filters.member_type is not None:
        yield person("member_type") == filters.member_type
    if filters.key_only:
        yield person("is_key_patient")
    if filters.provisional_only:
        yield person("is_provisional")
    yield from _conditions_beside(person, filters)


def _branch(session: Session, of: CodeList, code: str | None) -> frozenset[str] | None:
    return frozenset(codes.descendants(session, of, code)) if code is not None else None


def _departments(session: Session, chosen: str) -> frozenset[int] | None:
    if not re.fullmatch("[0-9]{1,9}", chosen):
        return frozenset() if chosen.isdecimal() else None
    wanted = f"/{int(chosen)}/"
    return frozenset(session.scalars(select(Department.id).where(Department.path.contains(wanted))))


def _conditions_beside(person: Column, filters: ListFilters) -> Iterator[ColumnElement[bool]]:
    # Past the ORM, so that the scope is not looked up once more for each: the person's own row is cut already.
    phone, kind, tag, belongs = (
        table.__table__.alias() for table in (PatientPhone, PatientKind, PatientTag, PatientDepartment)
    )
    if filters.number is not None:
        yield exists().where(phone.c.patient_id == person("id"), phone.c.number == filters.number)
    if filters.kind is not None:
        yield exists().where(kind.c.patient_id == person("id"), kind.c.kind == filters.kind)
    if filters.tag is not None:
        yield exists().where(tag.c.patient_id == person("id"), tag.c.tag == filters.tag)
    if filters.departments is not None:
        wanted = belongs.c.department_id.in_(sorted(filters.departments))
        yield exists().where(belongs.c.patient_id == person("id"), wanted)


def _ordered(statement: Select[Any], order: ListOrder, cursor: str | None) -> Select[Any]:
    if order is ListOrder.CREATED:
        if cursor:
            [last_id] = read_cursor(cursor, [int])
            statement = statement.where(Patient.id < last_id)
        return statement.order_by(Patient.id.desc())
    if order is ListOrder.ACTIVE:
        if cursor:
            at, last_id = read_cursor(cursor, [datetime, int])
            statement = statement.where(tuple_(Patient.active_at, Patient.id) < tuple_(at, last_id))
        return statement.order_by(Patient.active_at.desc(), Patient.id.desc())
    if cursor:
        name, last_id = read_cursor(cursor, [str, int])
        statement = statement.where(tuple_(Patient.name, Patient.id) > tuple_(name, last_id))
    return statement.order_by(Patient.name, Patient.id)


def _cursor_of(last: Patient, order: ListOrder) -> str:
    if order is ListOrder.CREATED:
        return write_cursor(last.id)
    return write_cursor(last.active_at if order is ListOrder.ACTIVE else last.name, last.id)
