"""Find the records that the rows of a chunk may belong to: a fixed number of statements, whatever the chunk holds.

An import asks about all records, whoever started it: a person who is already here must not be made twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from app.imports.models import PatientSourceTime, ReviewItem
from app.imports.rules import MOST_WITH_ONE_NUMBER, PLAIN, Identifier, Known, PatientRow
from app.patients.models import ContactPerson, Patient, PatientPhone
from app.patients.models import Identifier as IdentifierRow
from app.patients.names import fold_name
from app.patients.service.activity import surviving_ids

_PATIENT: Any = Patient.__table__
_PHONE: Any = PatientPhone.__table__
_IDENTIFIER: Any = IdentifierRow.__table__
_CONTACT: Any = ContactPerson.__table__
_TIME: Any = PatientSourceTime.__table__
_REVIEW: Any = ReviewItem.__table__
# SQLite takes 32,766 values in one statement.
_MOST_VALUES = 10_000


class Index:
    """The records in question by number and by identifier. What a row brings is put in for the rows after it."""

    def __init__(self) -> None:
        self.known: dict[int, Known] = {}
        self.nobodys: set[str] = set()  # numbers that too many people share: no key
        self._by_number: defaultdict[str, list[Known]] = defaultdict(list)
        self._by_identifier: defaultdict[tuple[str, str], list[tuple[str, Known]]] = defaultdict(list)

    def put(self, known: Known, numbers: Iterable[str], identifiers: Iterable[Identifier]) -> None:
        """From now on the record is found by these numbers and identifiers."""
        self.known[known.id] = known
        for number in numbers:
            if known not in self._by_number[number]:
                self._by_number[number].append(known)
        for system, kind, value in identifiers:
            self._by_identifier[kind, value].append((system, known))

    def with_identifier(self, row: PatientRow) -> list[Known]:
        """The records that share an identifier with the row: of its own system, or where either names none."""
        found: dict[int, Known] = {}
        for system, kind, value in row.identifiers:
            for theirs, known in self._by_identifier.get((kind, value), ()):
                if theirs == system or not theirs or not system:
                    found[known.id] = known
        return list(found.values())

    def with_number(self, row: PatientRow) -> list[Known]:
        """The records that share a number with the row, numbers that are nobody's own left out."""
        found: dict[int, Known] = {}
        for phone in row.phones:
            if phone.e164 not in self.nobodys:
                found |= {known.id: known for known in self._by_number.get(phone.e164, ())}
        return list(found.values())


def look_up(session: Session, rows: Sequence[PatientRow]) -> Index:
    """All records that share a number or an identifier with one of the rows, as they are now."""
    connection = session.connection()
    index = Index()
    numbers = {phone.e164 for row in rows for phone in row.phones}
    held = _count_holders(connection, numbers)
    index.nobodys = {number for number, count in held.items() if count > MOST_WITH_ONE_NUMBER}
    index.nobodys |= _asked_too_often(connection, numbers) | _shared_in(rows)
    phones = _rows(
        connection,
        select(_PHONE.c.patient_id, _PHONE.c.number).where(_PHONE.c.contact_person_id.is_(None)),
        _PHONE.c.number,
        held.keys() - index.nobodys,
    )
    identifiers = _rows(
        connection,
        select(*(_IDENTIFIER.c[name] for name in ("patient_id", "system", "type", "value"))),
        _IDENTIFIER.c.value,
        {value for row in rows for _system, _kind, value in row.identifiers},
    )
    found = {patient_id for patient_id, *_ in (*phones, *identifiers)}
    if not found:
        return index
    survivors = surviving_ids(session, found)
    records = load_known(connection, set(survivors.values()))
    for patient_id, number in phones:
        index.put(records[survivors[patient_id]], [number], [])
    for patient_id, system, kind, value in identifiers:
        index.put(records[survivors[patient_id]], [], [(system, kind, value)])
    return index


def load_known(connection: Connection, patient_ids: Collection[int]) -> dict[int, Known]:
    """These records with their numbers, identifiers and contact persons, in six statements."""
    plain = [_PATIENT.c[name] for name in PLAIN]
    columns = [_PATIENT.c[name] for name in ("id", "name", "sex", "birth_date", "is_provisional")]
    found: dict[int, Known] = {}
    for patient_id, name, sex, birth_date, provisional, *values in _rows(
        connection, select(*columns, *plain), _PATIENT.c.id, patient_ids
    ):
        found[patient_id] = Known(
            id=patient_id,
            name=name,
            folded=fold_name(name),
            sex=sex,
            birth_date=birth_date,
            values={column: value for column, value in zip(PLAIN, values, strict=True) if value},
            is_provisional=provisional,
        )
    for patient_id, number, extension in _of(connection, _PHONE, ("number", "extension"), patient_ids):
        found[patient_id].numbers.add((number, extension))
    for patient_id, system, kind, value in _of(connection, _IDENTIFIER, ("system", "type", "value"), patient_ids):
        found[patient_id].identifiers.add((system, kind, value))
    for patient_id, name in _of(connection, _CONTACT, ("name",), patient_ids):
        found[patient_id].contacts.add(name.casefold())
    for patient_id, at in _of(connection, _TIME, ("at",), patient_ids):
        found[patient_id].source_time = at
    return found


def _count_holders(connection: Connection, numbers: Collection[str]) -> dict[str, int]:
    counts = select(_PHONE.c.number, func.count()).where(_PHONE.c.contact_person_id.is_(None)).group_by(_PHONE.c.number)
    return {row[0]: row[1] for row in _rows(connection, counts, _PHONE.c.number, numbers)}


def _asked_too_often(connection: Connection, numbers: Collection[str]) -> set[str]:
    often = select(_REVIEW.c.key).group_by(_REVIEW.c.key).having(func.count() >= MOST_WITH_ONE_NUMBER)
    return {key for (key,) in _rows(connection, often, _REVIEW.c.key, numbers)}


def _shared_in(rows: Sequence[PatientRow]) -> set[str]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for phone in row.phones:
            names[phone.e164].add(row.folded)
    return {number for number, folded in names.items() if len(folded) > MOST_WITH_ONE_NUMBER}


def _of(connection: Connection, table: Any, names: Sequence[str], patient_ids: Collection[int]) -> list[Any]:
    columns = [table.c[name] for name in names]
    return _rows(connection, select(table.c.patient_id, *columns), table.c.patient_id, patient_ids)


def _rows(connection: Connection, statement: Any, column: Any, values: Collection[Any]) -> list[Any]:
    ordered = sorted(values)
    rows: list[Any] = []
    for start in range(0, len(ordered), _MOST_VALUES):
        rows += connection.execute(statement.where(column.in_(ordered[start : start + _MOST_VALUES])))
    return rows
