"""The dates that a rule can hang on. A room whose records have dates registers a kind when its modules are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.codes.models import CodeItem
from app.mailings.service import birthdays
from app.organisation.models import Department
from app.patients.models import Patient
from app.sending_rules.rules import OCCASIONS, FixedDay, Occasion, SolarTerm, When, occurrences
from app.sending_rules.service.calendar import LunarPython
from app.texts import N_
from app.visits.models import Course, Diagnosis, Exam, Operation, Visit

_PIECE = 500  # rows that are read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """One dated record of one person. `record` names it for ever, whatever its date; `values` fill fields."""

    patient_id: int
    record: str
    on: date
    at: datetime | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    title: str = ""  # what the record itself is called, such as the name of an operation
    visit_id: int | None = None
    department_id: int | None = None
    ward: str | None = None
    disease: str | None = None  # where the record itself names one


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorQuery:
    """Which records: dated from day to day, both included, by the hospital's clock, and meeting the rule's filters.

    With `patient_ids` only those of these people, at most some hundred; kinds that are of a record understand it.
    """

    since: date
    until: date
    zone: ZoneInfo
    filters: Mapping[str, Any]
    patient_ids: frozenset[int] | None = None

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """From the beginning of the first day to the beginning of the day after the last."""
        after = self.until + timedelta(days=1)
        return datetime.combine(self.since, time(), self.zone), datetime.combine(after, time(), self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorKind:
    """One kind of date. `find` reads what the session may see, in pieces; `filters` are those that it understands."""

    code: str
    label: str
    find: Callable[[Session, AnchorQuery], Iterable[Anchored]]
    filters: tuple[str, ...] = ()
    is_of_a_record: bool = True  # False: a day of the year, for everybody of the segment
    is_known_before: bool = False  # an announced moment, such as an operation's
    is_once_for_all_rules: bool = False  # of all rules that hang on it, a person gets one message (S-15)


_kinds: dict[str, AnchorKind] = {}


def register(*kinds: AnchorKind) -> None:
    """Add kinds of date. The same code again replaces the kind."""
    for kind in kinds:
        _kinds[kind.code] = kind


def anchor_kinds() -> Mapping[str, AnchorKind]:
    """Every kind of date, by code, in the order in which they are shown."""
    return _kinds


def _pieces(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    return iter(session.execute(statement.execution_options(yield_per=_PIECE)))


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _of_people(column: Any, query: AnchorQuery) -> Sequence[ColumnElement[bool]]:
    return [] if query.patient_ids is None else [column.in_(query.patient_ids)]


def _visits(column: Any) -> Callable[[Session, AnchorQuery], Iterator[Anchored]]:
    def find(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
        first, after = query.moments
        statement = (
            select(
                Visit.id,
                Visit.patient_id,
                column.label("at"),
                Visit.doctor,
                Visit.department_id,
                Visit.ward,
                Department.name,
            )
            .outerjoin(Department, Department.id == Visit.department_id)
            .where(column >= first, column < after, Visit.status != "withdrawn", *_of_department(Visit, query))
            .where(*_of_people(Visit.patient_id, query))
            .order_by(Visit.id)
        )
        if query.filters.get("visit_kind"):
            statement = statement.where(Visit.kind == query.filters["visit_kind"])
        if query.filters.get("diseases"):
            diagnosed = select(Diagnosis.visit_id).where(Diagnosis.disease.in_(_at_or_below(query.filters["diseases"])))
            statement = statement.where(Visit.id.in_(diagnosed))
        for row in _pieces(session, statement):
            yield Anchored(
                patient_id=row.patient_id,
                record=str(row.id),
                on=_local(row.at, query.zone),
                at=row.at,
                values={"doctor": row.doctor or "", "department": row.name or ""},
                visit_id=row.id,
                department_id=row.department_id,
                ward=row.ward,
            )

    return find


def _at_or_below(codes: Iterable[str]) -> Select[str]:
    paths = [CodeItem.path.contains(f"/{code}/", autoescape=True) for code in codes]
    return select(CodeItem.code).where(CodeItem.list == "disease", or_(CodeItem.code.in_(list(codes)), *paths))


def _of_department(table: type[Visit | Course], query: AnchorQuery) -> Sequence[ColumnElement[bool]]:
    department_id = query.filters.get("department_id")
    return [] if department_id is None else [table.department_id == department_id]


def _operations(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    first, after = query.moments
    statement = (
        select(
            Operation.id,
            Operation.patient_id,
            Operation.at,
            Operation.doctor,
            Operation.name.label("title"),
            Operation.visit_id,
            Visit.department_id,
            Visit.ward,
            Department.name,
        )
        .outerjoin(Visit, Visit.id == Operation.visit_id)
        .outerjoin(Department, Department.id == Visit.department_id)
        .where(Operation.at >= first, Operation.at < after)
        .where(or_(Operation.visit_id.is_(None), Visit.status != "withdrawn"), *_of_department(Visit, query))
        .where(*_of_people(Operation.patient_id, query))
        .order_by(Operation.id)
    )
    if query.filters.get("word"):
        statement = statement.where(Operation.name.icontains(query.filters["word"], autoescape=True))
    for row in _pieces(session, statement):
        yield Anchored(
            patient_id=row.patient_id,
            record=str(row.id),
            on=_local(row.at, query.zone),
            at=row.at,
            values={"doctor": row.doctor or "", "department": row.name or ""},
            title=row.title,
            visit_id=row.visit_id,
            department_id=row.department_id,
            ward=row.ward,
        )


def _course_ends(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    # A course that has ended ended then; one that goes on is planned to end.
    ends_on = func.coalesce(Course.ended_on, Course.planned_end_on)
    statement = (
        select(
            Course.id,
            Course.patient_id,
            ends_on.label("day"),
            Course.doctor,
            Course.title,
            Course.disease,
            Course.visit_id,
            Course.department_id,
            Department.name,
        )
        .outerjoin(Department, Department.id == Course.department_id)
        .where(ends_on >= query.since, ends_on <= query.until, *_of_department(Course, query))
        .where(*_of_people(Course.patient_id, query))
        .order_by(Course.id)
    )
    if query.filters.get("diseases"):
        statement = statement.where(Course.disease.in_(_at_or_below(query.filters["diseases"])))
    for row in _pieces(session, statement):
        values = {"doctor": row.doctor or "", "department": row.name or ""}
        yield Anchored(
            patient_id=row.patient_id,
            record=str(row.id),
            on=row.day,
            values=values,
            title=row.title,
            visit_id=row.visit_id,
            department_id=row.department_id,
            disease=row.disease,
        )


def _exams(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    first, after = query.moments
    statement = (
        select(Exam.id, Exam.patient_id, Exam.at, Exam.name.label("title"), Exam.visit_id, Visit.department_id)
        .outerjoin(Visit, Visit.id == Exam.visit_id)
        .where(Exam.at >= first, Exam.at < after)
        .where(or_(Exam.visit_id.is_(None), Visit.status != "withdrawn"), *_of_department(Visit, query))
        .where(*_of_people(Exam.patient_id, query))
        .order_by(Exam.id)
    )
    if query.filters.get("word"):
        statement = statement.where(Exam.name.icontains(query.filters["word"], autoescape=True))
    for row in _pieces(session, statement):
        yield Anchored(
            patient_id=row.patient_id,
            record=str(row.id),
            on=_local(row.at, query.zone),
            at=row.at,
            title=row.title,
            visit_id=row.visit_id,
            department_id=row.department_id,
        )


def _birthdays(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    for person in birthdays(session, query.since, query.until):
        # The year in which that age is reached by the birth date: two birthdays of the Chinese calendar can fall into
        # one solar year, and who is greeted by one calendar is not greeted by the other as well.
        year = person.birth.year + person.birthday.age
        yield Anchored(patient_id=person.patient_id, record=str(year), on=person.birthday.day)


def _occasion(occasion: Occasion) -> Callable[[Session, AnchorQuery], Iterator[Anchored]]:
    def find(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
        return _everybody(session, query, occasion.when, occasion.sex)

    return find


def _day_of_the_year(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    month, day = (int(part) for part in str(query.filters["month_day"]).split("-"))
    return _everybody(session, query, FixedDay(month, day), None)


def _everybody(session: Session, query: AnchorQuery, when: When, sex: str | None) -> Iterator[Anchored]:
    people = select(Patient.id).where(Patient.merged_into_id.is_(None), Patient.deceased_at.is_(None))
    if sex is not None:
        people = people.where(Patient.sex == sex)
    if query.filters.get("diseases"):
        had = Diagnosis.disease.in_(_at_or_below(query.filters["diseases"]))
        people = people.where(Patient.id.in_(select(Diagnosis.patient_id).where(had)))
    for year, day in occurrences(when, query.since, query.until, LunarPython()):
        for row in _pieces(session, people.order_by(Patient.id)):
            yield Anchored(patient_id=row.id, record=str(year), on=day)


register(
    AnchorKind(
        code="visit",
        label=N_("A visit"),
        find=_visits(Visit.started_at),
        filters=("visit_kind", "diseases", "department_id"),
    ),
    AnchorKind(
        code="discharge",
        label=N_("A discharge or the end of a visit"),
        find=_visits(Visit.ended_at),
        filters=("visit_kind", "diseases", "department_id"),
    ),
    AnchorKind(
        code="operation",
        label=N_("An operation"),
        find=_operations,
        filters=("word", "department_id"),
        is_known_before=True,
    ),
    AnchorKind(
        code="course_end",
        label=N_("The end of a course of treatment"),
        find=_course_ends,
        filters=("diseases", "department_id"),
    ),
    AnchorKind(code="exam", label=N_("An examination"), find=_exams, filters=("word", "department_id")),
    AnchorKind(code="birthday", label=N_("A birthday, by either calendar"), find=_birthdays, is_of_a_record=False),
    AnchorKind(
        code="day_of_the_year",
        label=N_("A day of the year that you choose"),
        find=_day_of_the_year,
        filters=("month_day", "diseases"),
        is_of_a_record=False,
    ),
    *(
        AnchorKind(
            code=f"occasion.{occasion.code}",
            label=occasion.title,
            find=_occasion(occasion),
            filters=("diseases",),
            is_of_a_record=False,
            is_once_for_all_rules=isinstance(occasion.when, SolarTerm),
        )
        for occasion in OCCASIONS.values()
    ),
)
