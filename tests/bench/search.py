"""Search as one types, and look-up by number, among a million patients: each beside the bare SQL of the same run.

Ours is all that a page does short of its HTML: the query read, the scope of an agent, the ranking, the people with all
their lists. The floor is one statement that somebody would write by hand for exactly this kind of input, on the same
database through the same driver. With WARDLINE_BENCH_POSTGRESQL=1 the same is measured on PostgreSQL.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Row as SQLRow
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import DEFAULT_GRANTS, Reach, Viewer
from app.accounts.rules import Role
from app.db import Database
from app.parts import utc_now
from app.patients import service
from app.patients.models import Patient, PatientPhone
from app.patients.names import fold_name, is_han, terms_of
from app.settings import Settings
from tests.bench.adapter import Row
from tests.bench.hospital import DEPARTMENTS, PATIENTS, SMALL_DEPARTMENT, copy_hospital
from tests.bench.on_postgresql import copied_to_postgresql

_PEOPLE = 60
_SHOWN = 8
_LONGEST_TYPED = 8
_AIM = "p95 ≤ 50 ms"
_BARE = {
    column: text(
        f"SELECT p.id, p.name FROM {table} t JOIN patient p ON p.id = t.patient_id "  # noqa: S608
        f"WHERE t.{column} >= :low AND t.{column} < :above ORDER BY t.{column} LIMIT {_SHOWN}"
    )
    for table, column in (("search_term", "term"), ("patient_phone", "number"), ("patient_phone", "number_reversed"))
}
_BARE_PHONE = text(
    "SELECT p.id, p.name FROM patient_phone t JOIN patient p ON p.id = t.patient_id WHERE t.number = :low"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What somebody has typed so far, and the range that hand-written SQL would ask for."""

    query: str
    column: str
    low: str


def measure_search() -> list[Row]:
    """p50 and p95 of every keystroke, by kind of input and by scope."""
    return _measured(_search_rows)


def measure_lookup() -> list[Row]:
    """p50 and p95 of finding who has a number."""
    return _measured(_lookup_rows)


def _measured(rows_of: Callable[[Database, str], list[Row]]) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wardline.db"
        copy_hospital(path)
        rows = _on(f"sqlite:///{path}", "SQLite", rows_of)
        if os.environ.get("WARDLINE_BENCH_POSTGRESQL"):
            with copied_to_postgresql(path) as url:
                rows += _on(url, "PostgreSQL", rows_of)
    return rows


def _on(url: str, name: str, rows_of: Callable[[Database, str], list[Row]]) -> list[Row]:
    database = Database(url)
    try:
        return rows_of(database, name)
    finally:
        database.close()


def _search_rows(database: Database, name: str) -> list[Row]:
    chance = random.Random(20261121)
    people = _people(database, chance)
    everybody, department = _viewer(Reach.ALL), _viewer(Reach.DEPARTMENT, 1 + chance.randrange(DEPARTMENTS))
    small = _viewer(Reach.DEPARTMENT, SMALL_DEPARTMENT)
    kinds = {
        "name": [each for person, _ in people for each in _prefixes(fold_name(person), "term", "n")],
        "pinyin": [each for person, _ in people for each in _prefixes(_spoken(person, "p"), "term", "p")],
        "initials": [each for person, _ in people for each in _prefixes(_spoken(person, "i"), "term", "i")],
        "number": [each for _, number in people for each in _prefixes(number[3:], "number", "+86")[2:]],
        "last four": [_Typed(query=n[-4:], column="number_reversed", low=n[-4:][::-1]) for _, n in people],
        "name and last four": [
            _Typed(query=f"{person} {n[-4:]}", column="number_reversed", low=n[-4:][::-1]) for person, n in people
        ],
    }
    rows = []
    for kind, typed in kinds.items():
        rows += _rows(f"search by {kind}", name, database, everybody, typed)
    mixed = [each for typed in kinds.values() for each in chance.sample(typed, _PEOPLE)]
    rows += _rows(f"search, mixed, one of {DEPARTMENTS} departments", name, database, department, mixed)
    rows += _rows("search, mixed, 100 people in scope", name, database, small, mixed)
    return rows


def _lookup_rows(database: Database, name: str) -> list[Row]:
    chance = random.Random(20261122)
    now = utc_now()
    numbers = [_Typed(query=n, column="", low=n) for _ in range(8) for _, n in _people(database, chance)]
    match = _times(
        database, _viewer(Reach.ALL), numbers, lambda session, each: service.match_number(session, each.low, now=now)
    )
    find = _times(database, _viewer(Reach.ALL), numbers, _find)
    bare = _times(database, None, numbers, lambda session, each: session.execute(_BARE_PHONE, {"low": each.low}).all())
    return [
        *_compared("look-up of a caller's number", name, match, bare, "–"),
        *_compared("search by a whole number", name, find, bare, _AIM),
    ]


def _rows(what: str, name: str, database: Database, viewer: Viewer, typed: Sequence[_Typed]) -> list[Row]:
    # Bare SQL comes first and so meets the colder caches.
    bare = _times(database, None, typed, _bare)
    return _compared(what, name, _times(database, viewer, typed, _find), bare, _AIM)


def _compared(what: str, name: str, ours: list[float], bare: list[float], aim: str) -> list[Row]:
    rows = []
    for label, share in (("p50", 50), ("p95", 95)):
        mine, least = _share(ours, share), _share(bare, share)
        said = aim if label == "p95" else "–"
        rows.append(
            (f"{what}, {name}, {label}", f"{mine:.2f} ms", f"{least:.2f} ms (bare SQL)", f"{mine / least:.1f}", said)
        )
    return rows


def _share(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def _times(
    database: Database, viewer: Viewer | None, typed: Sequence[_Typed], ask: Callable[[Session, _Typed], object]
) -> list[float]:
    taken = []
    for each in typed:
        with database.reading() as session:
            if viewer is not None:
                access.bind(session, viewer, now=utc_now(), zone=_SETTINGS.timezone)
            session.connection()
            began = time.perf_counter()
            ask(session, each)
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def _find(session: Session, typed: _Typed) -> object:
    return service.find_people(session, typed.query, settings=_SETTINGS, limit=_SHOWN)


def _bare(session: Session, typed: _Typed) -> Sequence[SQLRow[tuple[int, str]]]:
    above = typed.low[:-1] + chr(ord(typed.low[-1]) + 1)
    return session.execute(_BARE[typed.column], {"low": typed.low, "above": above}).all()


def _people(database: Database, chance: random.Random) -> list[tuple[str, str]]:
    """Names in Chinese characters with a mobile number at home."""
    ids = chance.sample(range(1, PATIENTS + 1), 4 * _PEOPLE)
    query = select(Patient.name, PatientPhone.number).join(PatientPhone, PatientPhone.patient_id == Patient.id)
    with database.reading() as session:
        rows = session.execute(query.where(Patient.id.in_(ids), PatientPhone.kind == "mobile")).all()
    found = [(name, number) for name, number in rows if is_han(name[0]) and number.startswith("+861")]
    return chance.sample(sorted(found), _PEOPLE)


def _spoken(name: str, kind: str) -> str:
    return min(term for term in terms_of(name) if term.startswith(kind))[1:]


def _prefixes(whole: str, column: str, before: str) -> list[_Typed]:
    lengths = range(1, min(len(whole), _LONGEST_TYPED) + 1)
    return [_Typed(query=whole[:length], column=column, low=before + whole[:length]) for length in lengths]


def _viewer(reach: Reach, *departments: int) -> Viewer:
    grants = {module: replace(grant, reach=reach) for module, grant in DEFAULT_GRANTS[Role.AGENT].items()}
    return Viewer(user_id=0, username="bench", role=Role.AGENT, grants=grants, departments=frozenset(departments))


_SETTINGS = Settings.from_env({"WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters"})
