"""Give the rows of one record to another: in every table that refers to a patient, whatever room it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint, bindparam, select, update
from sqlalchemy.orm import Session

# All tables must be known, or the rows of one that nobody imported yet would stay behind.
import app.models
from app.access.service import UNSCOPED
from app.db import Table as AnyTable
from app.duplicates.models import STAYS_AT_MERGE
from app.patients.models import Patient, SearchTerm

assert app.models.patients.Patient is Patient

# A merge keeps all that belongs to a person, also what its user's scope hides.
_WHOLE = {UNSCOPED: True}
_DERIVED = frozenset({SearchTerm.__tablename__})
"""Made anew from the record."""

Moved = dict[str, list[list[Any]]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that refers to a patient. `key` names the row without it, `uniques` are columns unique together."""

    table: Table
    column: str
    key: tuple[str, ...]
    uniques: tuple[tuple[str, ...], ...]
    others: tuple[str, ...]  # further columns of the table that refer to a patient

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column}"


@cache
def references() -> tuple[Reference, ...]:
    """Every column of every room that refers to a patient and goes along in a merge."""
    return tuple(_references())


def move_rows(session: Session, *, source: int, target: int) -> Moved:
    """Give all rows of `source` to `target`; a row that `target` has already stays. Returns the keys of what moved."""
    session.flush()
    moved: Moved = {}
    for reference in references():
        keys = _movable(session, reference, source, target)
        if keys:
            _move(session, reference, keys, source, target)
            moved[reference.name] = [list(key) for key in keys]
    session.expire_all()
    return moved


def move_back(session: Session, moved: Mapping[str, Sequence[Sequence[Any]]], *, source: int, target: int) -> bool:
    """Give those rows, which `source` has now, back to `target`. False when one of them is there already."""
    session.flush()
    by_name = {reference.name: reference for reference in references()}
    for name, keys in moved.items():
        reference = by_name[name]
        wanted = {tuple(key) for key in keys}
        here = {key for key in _keys(session, reference, source) if key in wanted}
        free = set(_movable(session, reference, source, target))
        if here - free:
            return False
        _move(session, reference, sorted(here), source, target)
    session.expire_all()
    return True


def _references() -> Iterator[Reference]:
    for table in AnyTable.metadata.sorted_tables:
        if table is Patient.__table__ or table.name in _DERIVED or table.info.get(STAYS_AT_MERGE):
            continue
        columns = [
            column.name
            for column in table.columns
            if any(key.column is Patient.__table__.c.id for key in column.foreign_keys)
        ]
        for column in columns:
            key = tuple(each.name for each in table.primary_key.columns)
            yield Reference(
                table=table,
                column=column,
                key=tuple(name for name in key if name != column),
                uniques=tuple(unique for unique in (*_uniques(table), key) if column in unique),
                others=tuple(name for name in columns if name != column),
            )


def _uniques(table: Table) -> Iterator[tuple[str, ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if isinstance(index, Index) and index.unique:
            yield tuple(column.name for column in index.columns)


def _movable(session: Session, reference: Reference, source: int, target: int) -> list[tuple[Any, ...]]:
    names = sorted({*reference.key, *reference.others, *(name for unique in reference.uniques for name in unique)})
    rows = _read(session, reference, names, source)
    if not rows:
        return []
    taken = {
        (unique, _values(row, unique, reference.column))
        for row in (_read(session, reference, names, target) if reference.uniques else [])
        for unique in reference.uniques
    }
    keys = []
    for row in rows:
        # A tie between the two would tie the surviving record to itself.
        is_own = any(row[name] == target for name in reference.others)
        clashes = any((unique, _values(row, unique, reference.column)) in taken for unique in reference.uniques)
        if not is_own and not clashes:
            keys.append(tuple(row[name] for name in reference.key))
    return sorted(keys)


def _values(row: Mapping[str, Any], unique: tuple[str, ...], column: str) -> tuple[Any, ...]:
    # Rows with an empty column are never equal to a database; an object is equal only to itself.
    return tuple(object() if row[name] is None else row[name] for name in unique if name != column)


def _read(session: Session, reference: Reference, names: Sequence[str], patient_id: int) -> list[dict[str, Any]]:
    columns = reference.table.c
    query = select(*(columns[name] for name in names)).where(columns[reference.column] == patient_id)
    return [dict(row) for row in session.execute(query, execution_options=_WHOLE).mappings()]


def _keys(session: Session, reference: Reference, patient_id: int) -> list[tuple[Any, ...]]:
    rows = _read(session, reference, list(reference.key) or [reference.column], patient_id)
    return [tuple(row[name] for name in reference.key) for row in rows]


def _move(session: Session, reference: Reference, keys: Sequence[tuple[Any, ...]], source: int, target: int) -> None:
    columns = reference.table.c
    statement = (
        update(reference.table)
        .where(
            columns[reference.column] == source, *(columns[name] == bindparam(f"key_{name}") for name in reference.key)
        )
        .values({reference.column: target})
    )
    rows = [{f"key_{name}": value for name, value in zip(reference.key, key, strict=True)} for key in keys]
    if rows:
        session.connection().execute(statement, rows if reference.key else {})
