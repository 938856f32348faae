"""With whom a record is compared: who shares a number or an identifier, has the same birth date or the same name.

Every statement is answered by an index, so that a record among a million is compared with some dozens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from app.duplicates.rules import Person, is_birth_near, is_known_birth, is_name_similar
from app.patients.models import Identifier, Patient, PatientPhone, SearchTerm
from app.patients.names import TermKind, fold_name, terms_of

_PATIENT: Any = Patient.__table__
_PHONE: Any = PatientPhone.__table__
_IDENTIFIER: Any = Identifier.__table__
_TERM: Any = SearchTerm.__table__
# More people than this do not share a number; it says nothing about who they are.
_MOST_WITH_ONE_NUMBER = 20
# Of the commonest names a hospital has more; their bearers are found by birth date and number.
_MOST_NAMESAKES = 300
# SQLite takes 32,766 values in one statement.
_MOST_VALUES = 10_000


def load_candidates(
    connection: Connection, patient_ids: Collection[int]
) -> tuple[list[Person], dict[int, list[Person]]]:
    """These people, and for each those with whom a comparison is worth while."""
    numbers, identifiers = _numbers(connection, patient_ids), _identifiers(connection, patient_ids)
    people = _people(connection, patient_ids, numbers, identifiers)
    pairs = _sharing(connection, _PHONE, _PHONE.c.number, {n for each in people for n in each.numbers}, people)
    pairs |= _sharing(connection, _IDENTIFIER, _IDENTIFIER.c.value, _values(people), people)
    pairs |= _alike(connection, people)
    ids = {other for _person, other in pairs}
    loaded = _people(connection, ids, _numbers(connection, ids), _identifiers(connection, ids))
    by_id = {person.id: person for person in (*loaded, *people)}
    others: dict[int, list[Person]] = {person.id: [] for person in people}
    for person, other in sorted(pairs):
        if other in by_id and other != person:
            others[person].append(by_id[other])
    return people, others


def _sharing(
    connection: Connection, table: Any, column: Any, values: Collection[str], people: Sequence[Person]
) -> set[tuple[int, int]]:
    holders: defaultdict[str, set[int]] = defaultdict(set)
    for patient_id, value in _rows(connection, select(table.c.patient_id, column), column, values):
        holders[value].add(patient_id)
    return {
        (person.id, other)
        for person in people
        for value in (*person.numbers, *(value for *_, value in person.identifiers))
        if len(holders.get(value, ())) <= _MOST_WITH_ONE_NUMBER
        for other in holders.get(value, ())
    }


def _alike(connection: Connection, people: Sequence[Person]) -> set[tuple[int, int]]:
    """Those with a similar name born the same day, and namesakes born nearly the same day or at the same address."""
    by_day: defaultdict[date, list[Person]] = defaultdict(list)
    # Thousands share the day that stands for an unknown one.
    days = {person.birth_date for person in people if is_known_birth(person.birth_date)}
    for other in _plain(connection, _PATIENT.c.birth_date, days):
        by_day[other.birth_date].append(other)  # type: ignore[index]
    namesakes: defaultdict[str, list[int]] = defaultdict(list)
    terms = {f"{TermKind.NAME}{person.folded}" for person in people}
    for patient_id, term in _rows(connection, select(_TERM.c.patient_id, _TERM.c.term), _TERM.c.term, terms):
        namesakes[term[1:]].append(patient_id)
    few = {id for ids in namesakes.values() if len(ids) <= _MOST_NAMESAKES for id in ids}
    named = {person.id: person for person in _plain(connection, _PATIENT.c.id, few)}
    pairs = set()
    for person in people:
        same_day = by_day[person.birth_date] if person.birth_date else []
        pairs |= {(person.id, other.id) for other in same_day if is_name_similar(person, other)}
        for other in (named[id] for id in namesakes[person.folded] if id in named):
            if _is_near(person, other) or (person.address and person.address == other.address):
                pairs.add((person.id, other.id))
    return pairs


def _is_near(one: Person, other: Person) -> bool:
    days = one.birth_date, other.birth_date
    return days[0] is not None and days[1] is not None and is_birth_near(days[0], days[1])


def _plain(connection: Connection, column: Any, values: Collection[Any]) -> list[Person]:
    columns = (_PATIENT.c.id, _PATIENT.c.name, _PATIENT.c.sex, _PATIENT.c.birth_date, _PATIENT.c.address)
    query = select(*columns).where(_PATIENT.c.merged_into_id.is_(None))
    people = []
    for id, name, sex, birth_date, address in _rows(connection, query, column, values):
        folded, sound = _spoken(name)
        people.append(
            Person(id=id, name=name, folded=folded, sound=sound, sex=sex, birth_date=birth_date, address=address)
        )
    return people


def _people(
    connection: Connection,
    patient_ids: Collection[int],
    numbers: dict[int, set[str]],
    identifiers: dict[int, set[tuple[str, str, str]]],
) -> list[Person]:
    none: set[Any] = set()
    return [
        replace(
            person,
            numbers=frozenset(numbers.get(person.id, none)),
            identifiers=frozenset(identifiers.get(person.id, none)),
        )
        for person in _plain(connection, _PATIENT.c.id, patient_ids)
    ]


@lru_cache(maxsize=20_000)
def _spoken(name: str) -> tuple[str, str]:
    """The name folded, and its pinyin as a whole; a Latin name is its own."""
    folded = fold_name(name)
    spoken = (term[1:] for term in terms_of(name) if term[0] == TermKind.PINYIN)
    return folded, min(spoken, key=lambda term: (-len(term), term), default=folded)


def _numbers(connection: Connection, patient_ids: Collection[int]) -> dict[int, set[str]]:
    # A contact person's number says who cares for somebody, not who somebody is.
    query = select(_PHONE.c.patient_id, _PHONE.c.number).where(_PHONE.c.contact_person_id.is_(None))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for patient_id, number in _rows(connection, query, _PHONE.c.patient_id, patient_ids):
        found[patient_id].add(number)
    return found


def _identifiers(connection: Connection, patient_ids: Collection[int]) -> dict[int, set[tuple[str, str, str]]]:
    query = select(*(_IDENTIFIER.c[name] for name in ("patient_id", "system", "type", "value")))
    found: defaultdict[int, set[tuple[str, str, str]]] = defaultdict(set)
    for patient_id, *identifier in _rows(connection, query, _IDENTIFIER.c.patient_id, patient_ids):
        found[patient_id].add((identifier[0], identifier[1], identifier[2]))
    return found


def _values(people: Sequence[Person]) -> set[str]:
    return {value for person in people for _system, _kind, value in person.identifiers}


def _rows(connection: Connection, query: Any, column: Any, values: Collection[Any]) -> list[Any]:
    ordered = sorted(values)
    rows: list[Any] = []
    for start in range(0, len(ordered), _MOST_VALUES):
        rows += connection.execute(query.where(column.in_(ordered[start : start + _MOST_VALUES])))
    return rows
