"""One way for every row that comes from another system: compare with what is there, write what is newer, say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.access.service import UNSCOPED, need_write
from app.db import Table
from app.errors import NotFound
from app.patients.service.activity import surviving_ids
from app.texts import N_
from app.visits.models import Visit
from app.visits.service.data import Receipt

Key = tuple[str, str]
Row = dict[str, Any]

_WHOLE = {UNSCOPED: True}
# Twenty columns times this many rows stay below the 32,766 values that SQLite takes in one statement.
_CHUNK = 1000
# What a later state of a row leaves as it is.
_KEPT = frozenset({"source_system", "source_key", "created_at", "row_version"})


class Taken(NamedTuple):
    """`fresh`: the rows that are new or changed, with their ids. `current`: all rows whose given state holds now.
    `moved`: people who have lost a row, or a row's department, to a later state."""

    receipt: Receipt
    fresh: list[Row]
    current: list[Row]
    moved: set[int]


def columns_of(data: Any) -> Row:
    """The columns that a row of data fills, by name; `visit_key` stays for `with_visits`."""
    row = {field.name: getattr(data, field.name) for field in fields(data) if field.name != "results"}
    if isinstance(row.get("package"), tuple):
        row["package"] = list(row["package"])
    return row


def with_visits(session: Session, rows: Sequence[Row]) -> list[Row]:
    """The rows with `visit_id` for their `visit_key`; nothing for a visit that has not come yet."""
    keys = {(row["source_system"], row["visit_key"]) for row in rows if row["visit_key"]}
    found = {key: present["id"] for key, present in _present(session, Visit, keys).items()}
    return [
        {
            **{name: value for name, value in row.items() if name != "visit_key"},
            "visit_id": found.get((row["source_system"], row["visit_key"])),
        }
        for row in rows
    ]


def take(session: Session, table: type[Table], rows: Sequence[Row]) -> Taken:
    """Write the rows. Raises NotFound for an unknown patient, NotAllowed for somebody who may only read."""
    need_write(session, Module.CLINICAL)
    session.flush()
    taken = Taken(receipt=Receipt(), fresh=[], current=[], moved=set())
    created = updated = unchanged = 0
    ids: list[int] = []
    for start in range(0, len(rows), _CHUNK):
        given = _with_survivors(session, rows[start : start + _CHUNK])
        latest = _latest(given)
        before = _present(session, table, latest.keys())
        news = {key: row for key, row in latest.items() if not _is_older(row, before.get(key))}
        written = [row for key, row in news.items() if key not in before or _says_more(row, before[key])]
        _write(session, table, written)
        found = _present(session, table, latest.keys())
        for key in latest:
            there = before.get(key)
            is_fresh = there is None or (key in news and _differs(news[key], there))
            created, updated = created + (there is None), updated + (is_fresh and there is not None)
            unchanged += not is_fresh
            row = {**latest[key], "id": found[key]["id"]}
            if is_fresh:
                taken.fresh.append(row)
            if key in news:
                taken.current.append(row)
            if there is not None and is_fresh:
                taken.moved.update(_lost(row, there))
        ids += [found[_key(row)]["id"] for row in given]
    receipt = Receipt(created=created, updated=updated, unchanged=unchanged, ids=tuple(ids))
    return taken._replace(receipt=receipt)


def _key(row: Mapping[str, Any]) -> Key:
    return row["source_system"], row["source_key"]


def _with_survivors(session: Session, rows: Sequence[Row]) -> list[Row]:
    holders = surviving_ids(session, {row["patient_id"] for row in rows})
    if any(row["patient_id"] not in holders for row in rows):
        raise NotFound(N_("No such patient."))
    return [{**row, "patient_id": holders[row["patient_id"]]} for row in rows]


def _latest(rows: Iterable[Row]) -> dict[Key, Row]:
    latest: dict[Key, Row] = {}
    for row in rows:
        if not _is_older(row, latest.get(_key(row))):
            latest[_key(row)] = row
    return latest


def _present(session: Session, table: type[Table], keys: Iterable[Key]) -> dict[Key, Row]:
    columns: Any = table.__table__.c
    found: dict[Key, Row] = {}
    for system, of_system in groupby(sorted(keys), key=lambda key: key[0]):
        names = [key for _, key in of_system]
        statement = select(*columns).where(columns.source_system == system, columns.source_key.in_(names))
        for row in session.execute(statement, execution_options=_WHOLE).mappings():
            found[row["source_system"], row["source_key"]] = dict(row)
    return found


def _is_older(row: Row, there: Row | None) -> bool:
    if there is None or row["source_at"] is None or there["source_at"] is None:
        return False
    given, known = row["source_at"], there["source_at"]
    assert isinstance(given, datetime) and isinstance(known, datetime)
    return given < known


def _differs(row: Row, there: Row) -> bool:
    return any(there[name] != value for name, value in row.items() if name not in (*_KEPT, "source_at"))


def _says_more(row: Row, there: Row) -> bool:
    # The time alone is kept too: a state in between, which comes later, must lose against it.
    return _differs(row, there) or row["source_at"] not in (None, there["source_at"])


def _lost(row: Row, there: Row) -> set[int]:
    watched = ("patient_id", "department_id", "status")
    has_moved = any(row.get(name) != there.get(name) for name in watched)
    return {row["patient_id"], there["patient_id"]} if has_moved else set()


def _write(session: Session, table: type[Table], rows: Sequence[Row]) -> None:
    if not rows:
        return
    target: Any = table.__table__
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(target)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in _KEPT}
    if "row_version" in rows[0]:
        changed["row_version"] = target.c.row_version + 1
    # The condition is for another process that took in a newer state between our look and our write.
    newer = or_(
        target.c.source_at.is_(None),
        statement.excluded.source_at.is_(None),
        statement.excluded.source_at >= target.c.source_at,
    )
    upsert = statement.on_conflict_do_update(index_elements=["source_system", "source_key"], set_=changed, where=newer)
    session.execute(upsert, rows, execution_options=_WHOLE)
