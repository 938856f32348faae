"""Find people by what an agent hears: a name in any script or spelling, a number, an identifier, a birth date.

One word of the query drives, the rarest one, as range scans of an index that stop early. The others are looked up for
each person that a scan meets. The statements are built once; the query layer cuts them to the scope of who looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    cast,
    exists,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, selectinload

from app.access import service as access
from app.access.rules import Module, Reach
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Identifier, Patient, PatientDepartment, PatientPhone, SearchTerm
from app.patients.phones import parse_number
from app.patients.rules import clean_text
from app.patients.service.listing import EAGER, NO_FILTERS, ListFilters, ListOrder, list_patients, restrict
from app.patients.service.query import MatchedBy, Place, Word, read_query
from app.settings import Settings

# The best of this many are shown. Whoever gets more types on; ranking them all would cost what nobody looks at.
_MOST_CANDIDATES = 500
# A quick search shows eight.
_QUICK_CANDIDATES = 60
# With so many found, another reading of the same query would only be further down the list.
_ENOUGH = 50
# What one scan looks at before it gives up: 2,500 people cost 20 ms. Of a scope of _SMALL_SCOPE in a million they
# hold eight, which fill the box; who may see fewer people is served by those people instead.
_LONGEST_SCAN = 2_500
_SMALL_SCOPE = 3_000
_DRIVEN_BY: dict[Place, tuple[Any, Any]] = {
    Place.TERM: (SearchTerm.patient_id, SearchTerm.term),
    Place.NUMBER: (PatientPhone.patient_id, PatientPhone.number),
    Place.NUMBER_END: (PatientPhone.patient_id, PatientPhone.number_reversed),
    Place.IDENTIFIER: (Identifier.patient_id, Identifier.value),
    Place.IDENTIFIER_END: (Identifier.patient_id, Identifier.value_reversed),
    Place.BORN: (Patient.id, Patient.birth_date),
}
_NAMED = select(Patient).where(Patient.id.in_(bindparam("ids", expanding=True)))
_PEOPLE = _NAMED.options(*EAGER)
_PEOPLE_WITH_PHONES = _NAMED.options(selectinload(Patient.phones))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Somebody who was found, by what, and the value of the index that was met: a number, perhaps from its end."""

    patient: Patient
    by: MatchedBy
    value: str

    @property
    def phone(self) -> PatientPhone | None:
        """The number that was met, otherwise the person's first one."""
        met = [phone for phone in self.patient.phones if self.value in (phone.number, phone.number_reversed)]
        return next(iter(met or self.patient.phones), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """One person met by a scan; the lower the rank, the better."""

    rank: int
    active_at: datetime
    patient_id: int
    by: MatchedBy
    value: str

    @property
    def place(self) -> tuple[int, float, int]:
        """Better matches first, then the latest contact."""
        return self.rank, -self.active_at.timestamp(), -self.patient_id


def search_patients(
    session: Session,
    *,
    settings: Settings,
    query: str = "",
    phone: str = "",
    filters: ListFilters = NO_FILTERS,
    order: ListOrder = ListOrder.CREATED,
    limit: int,
    cursor: str | None = None,
) -> Page[Patient]:
    """People for whom all given conditions hold, with all their lists loaded.

    With a query the best match comes first, and the best 500 are told; without one all are, in the given order.
    `phone`: one number in any spelling; something that is no number finds nobody. Raises InvalidInput for a damaged
    cursor.
    """
    if phone:
        number = parse_number(phone.strip(), area_code=settings.area_code, outside_prefix=settings.outside_prefix)
        if number is None:
            return Page(items=[], next_cursor=None)
        filters = replace(filters, number=number.e164)
    if not clean_text(query):
        return list_patients(session, filters=filters, order=order, limit=limit, cursor=cursor)
    ranked = _rank(session, query, settings, filters, most=_MOST_CANDIDATES)
    if cursor:
        after = _place_of(cursor)
        ranked = [each for each in ranked if each.place > after]
    page = ranked[:limit]
    following = None
    if len(ranked) > limit:
        following = write_cursor(page[-1].rank, page[-1].active_at, page[-1].patient_id)
    people = _load(session, page, _PEOPLE)
    return Page(items=[people[each.patient_id] for each in page if each.patient_id in people], next_cursor=following)


def find_people(session: Session, query: str, *, settings: Settings, limit: int) -> list[Hit]:
    """The best matches for what somebody is typing, each with the reason; only their numbers are loaded along."""
    page = _rank(session, query, settings, NO_FILTERS, most=_QUICK_CANDIDATES)[:limit]
    people = _load(session, page, _PEOPLE_WITH_PHONES)
    return [
        Hit(patient=people[each.patient_id], by=each.by, value=each.value) for each in page if each.patient_id in people
    ]


def _rank(session: Session, query: str, settings: Settings, filters: ListFilters, *, most: int) -> list[_Match]:
    """The candidates, best match first, among equals the one who was in contact last."""
    readings = read_query(query, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if not readings:
        return []
    scope = _small_scope(session)
    best: dict[int, _Match] = {}
    for place, words in enumerate(readings):
        for match in _scan_words(session, words, filters, scope, rank=place * 1_000, most=most):
            if match.patient_id not in best or match.rank < best[match.patient_id].rank:
                best[match.patient_id] = match
        if len(best) >= _ENOUGH:
            break
    return sorted(best.values(), key=lambda match: match.place)


def _scan_words(
    session: Session, words: Sequence[Word], filters: ListFilters, scope: list[int] | None, *, rank: int, most: int
) -> Iterator[_Match]:
    driver = min(words, key=lambda word: word.share)
    others = [word for word in words if word is not driver]
    is_cut = bool(others) or filters != NO_FILTERS or _is_cut(session)
    values: dict[str, Any] = {"most": most, "scan": _LONGEST_SCAN if is_cut else most}
    for name, word in (("d", driver), *((str(number), other) for number, other in enumerate(others))):
        for place, span in enumerate(word.spans):
            values |= {f"low_{name}_{place}": span.low, f"above_{name}_{place}": span.above}
    if scope is not None:
        values["scope"] = scope
    shape = tuple(_places(word) for word in others)
    statement = restrict(_scan(_places(driver), shape, within_scope=scope is not None), Patient.id, filters)
    for patient_id, active_at, place, value in session.execute(statement, values):
        span = driver.spans[place]
        # Whole matches of every kind come before all beginnings, and given names after whole ones.
        is_begun = value != str(span.low)
        yield _Match(
            rank=rank + place + 100 * is_begun + 200 * span.is_within,
            active_at=active_at,
            patient_id=patient_id,
            by=span.by,
            value=value,
        )


def _places(word: Word) -> tuple[Place, ...]:
    return tuple(span.place for span in word.spans)


def _is_cut(session: Session) -> bool:
    viewer = access.viewer_of(session)
    return viewer is not None and viewer.grant(Module.CONTACT) != replace(
        viewer.grant(Module.CONTACT), reach=Reach.ALL, days=None
    )


def _small_scope(session: Session) -> list[int] | None:
    """The people whom the viewer may see when they are few: then they drive, because a scan would hardly meet them."""
    viewer = access.viewer_of(session)
    if viewer is None or not _is_cut(session):
        return None
    few = select(Patient.id)
    if viewer.grant(Module.CONTACT).reach is Reach.DEPARTMENT and not viewer.opened:
        few = select(PatientDepartment.patient_id).where(PatientDepartment.department_id.in_(viewer.departments))
    found = list(session.scalars(few.limit(_SMALL_SCOPE + 1)))
    return found if len(found) <= _SMALL_SCOPE else None


@lru_cache(maxsize=512)
def _scan(spans: tuple[Place, ...], others: tuple[tuple[Place, ...], ...], *, within_scope: bool) -> Select[Any]:
    """The people in the spans of one word who have the other words too: span after span, each in its index's order."""
    # Past the ORM up to here; the cut to the viewer's scope comes with Patient. Both databases pass a sorted subquery
    # on in its order when they look its rows up one by one, and sorting once more would mean to read all of it.
    met = union_all(*(select(_span(place, span, within_scope)) for place, span in enumerate(spans))).subquery()
    statement = select(Patient.id, Patient.active_at, met.c.place, met.c.value).join(
        met, met.c.patient_id == Patient.id
    )
    for number, alternatives in enumerate(others):
        statement = statement.where(or_(*_holds(met.c.patient_id, number, alternatives)))
    return statement.where(Patient.merged_into_id.is_(None)).limit(bindparam("most"))


def _span(place: int, span: Place, within_scope: bool) -> Subquery:
    owner, column = _DRIVEN_BY[span]
    table = owner.class_.__table__.alias()
    patient_id, value = table.c[owner.key], table.c[column.key]
    inside = select(
        patient_id.label("patient_id"),
        literal_column(str(place), Integer).label("place"),
        (cast(value, String) if span is Place.BORN else value).label("value"),
    ).where(value >= bindparam(f"low_d_{place}"), value < bindparam(f"above_d_{place}"))
    if within_scope:
        inside = inside.where(patient_id.in_(bindparam("scope", expanding=True)))
    return inside.order_by(value).limit(bindparam("scan")).subquery()


def _holds(patient_id: Any, number: int, spans: tuple[Place, ...]) -> Iterator[ColumnElement[bool]]:
    """That the person has one of the spans of another word: for each table, one look at the person's rows in it."""
    ranges: dict[Any, list[Any]] = {}
    tables: dict[Any, Any] = {}
    for place, span in enumerate(spans):
        owner, column = _DRIVEN_BY[span]
        table = tables.setdefault(owner.class_, owner.class_.__table__.alias())
        value = table.c[column.key]
        is_low, is_above = value >= bindparam(f"low_{number}_{place}"), value < bindparam(f"above_{number}_{place}")
        ranges.setdefault(owner, []).append(and_(is_low, is_above))
    for owner, alternatives in ranges.items():
        same = tables[owner.class_].c[owner.key] == patient_id
        yield exists().where(same, or_(*alternatives))


def _load(session: Session, ranked: Sequence[_Match], statement: Select[Patient]) -> dict[int, Patient]:
    if not ranked:
        return {}
    people = session.scalars(statement, {"ids": [each.patient_id for each in ranked]})
    return {patient.id: patient for patient in people}


def _place_of(cursor: str) -> tuple[int, float, int]:
    rank, active_at, patient_id = read_cursor(cursor, [int, datetime, int])
    assert isinstance(rank, int) and isinstance(active_at, datetime) and isinstance(patient_id, int)
    return rank, -active_at.timestamp(), -patient_id
