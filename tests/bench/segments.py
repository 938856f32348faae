"""How long the count beside the segment editor takes among a million patients, beside SQL that somebody writes by hand.

The kept hospital has people only, so a visit with two charges is made here for every second of them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db import Database
from app.parts import utc_now
from app.segments import service
from app.segments.rules import Condition, ConditionKind, Group, Joint, Period, SegmentRule
from app.settings import Settings
from tests.bench.adapter import Row
from tests.bench.hospital import copy_hospital

_ROUNDS = 7
_WOMEN = Condition(kind=ConditionKind.SEX, codes=("F",))
_SPENT = Condition(kind=ConditionKind.SPENDING, low=50_000)
_LATELY = Condition(kind=ConditionKind.VISIT, period=Period(days=365))
_ALIVE = "SELECT count(*) FROM patient p WHERE p.merged_into_id IS NULL AND p.deceased_at IS NULL AND "
_SPENT_BARE = "p.id IN (SELECT patient_id FROM charge GROUP BY patient_id HAVING sum(amount_cents) >= 50000)"
_LATELY_BARE = (
    "p.id IN (SELECT patient_id FROM visit WHERE status <> 'withdrawn' AND started_at >= :year_ago "
    "AND started_at < :tomorrow)"
)
_QUESTIONS: tuple[tuple[str, tuple[Condition, ...], str], ...] = (
    ("women", (_WOMEN,), "p.sex = 'F'"),
    ("a visit within a year", (_LATELY,), _LATELY_BARE),
    ("500 yuan spent", (_SPENT,), _SPENT_BARE),
    ("all three", (_WOMEN, _LATELY, _SPENT), f"p.sex = 'F' AND {_LATELY_BARE} AND {_SPENT_BARE}"),
)
_VISITS = """INSERT INTO visit (patient_id, kind, number, started_at, status, source_system, source_key)
SELECT id, 'outpatient', '', datetime('now', '-' || (id * 7919 % 900) || ' days'), 'done', 'BENCH', id
FROM patient WHERE id % 2 = 0"""
_CHARGES = """INSERT INTO charge (patient_id, visit_id, day, at, item, kind, amount_cents, source_system, source_key)
SELECT patient_id, id, date(started_at), started_at, 'item', :kind, patient_id * 104729 % 60000, 'BENCH', :kind || id
FROM visit WHERE source_system = 'BENCH'"""


def measure() -> list[Row]:
    """The median of some counts, for each question, ours and by hand, and whether both count the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wardline.db"
        copy_hospital(path)
        database = Database(f"sqlite:///{path}")
        with database.writing() as session:
            session.execute(text(_VISITS))
            session.execute(text(_CHARGES), {"kind": "drug"})
            session.execute(text(_CHARGES), {"kind": "exam"})
        rows = [_row(database, *question) for question in _QUESTIONS]
        database.close()
    return rows


def _row(database: Database, name: str, conditions: tuple[Condition, ...], bare: str) -> Row:
    now, zone = utc_now(), Settings.from_env({"WARDLINE_SECRET_KEY": "bench-secret-key-of-32-characters"}).timezone
    rule, clock = SegmentRule(root=Group(joint=Joint.ALL, parts=conditions)), service.clock_of(now, zone)
    midnight = clock.start_of(clock.today)
    names = {
        "year_ago": _stored(midnight - timedelta(days=364)),
        "tomorrow": _stored(midnight + timedelta(days=1)),
    }
    by_hand = text(_ALIVE + bare)
    given = {key: value for key, value in names.items() if f":{key}" in bare}
    least, expected = _timed(database, lambda session: session.scalar(by_hand, given))
    ours, counted = _timed(database, lambda session: service.count(session, rule, clock))
    assert counted == expected, f"{name}: {counted} are not {expected}"
    what = f"segment, {name}: {counted:,} people"
    return (what, f"{ours:.0f} ms", f"{least:.0f} ms (bare SQL)", f"{ours / least:.1f}", "–")


def _stored(moment: datetime) -> str:
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _timed(database: Database, ask: Callable[[Session], int | None]) -> tuple[float, int]:
    taken, answer = [], None
    for _ in range(_ROUNDS):
        with database.reading() as session:
            session.connection()
            began = time.perf_counter()
            answer = ask(session)
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), answer or 0
