"""A mass send to a segment, from the preview to the outbox, beside a bare bulk insert of the rows that it makes.

`BENCH_RECIPIENTS=1000000` shows that memory stays where it was; a million takes some minutes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.accounts.models import User
from app.bulk import insert_rows
from app.db import Database, Table
from app.mass_sends import service
from app.mass_sends.models import MassSend
from app.mass_sends.rules import Audience, SendState
from app.mass_sends.service import SendData
from app.messages.rules import MessageKind
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.segments import service as segments
from app.segments.rules import Group, Joint, SegmentRule
from app.segments.service import SegmentData
from app.settings import Settings
from tests.bench.adapter import Row
from tests.bench.importing import highest_memory, memory_used, new_settings

_SIZES = [int(size) for size in os.environ.get("BENCH_RECIPIENTS", "10000").split(",")]
_TEXT = "{name}{honorific}，您好！门诊楼明天上午检修，请走东门。"
_CHUNK = 1_000


def measure() -> Iterator[Row]:
    """For each size: the preview and the queueing, each beside its floor, and how much memory grew."""
    for size in _SIZES:
        with tempfile.TemporaryDirectory(prefix="wardline-bench-") as folder:
            yield from _measure(Path(folder), size)


def _measure(base: Path, size: int) -> Iterator[Row]:
    settings = new_settings(base / "ours")
    parts = Parts.open(settings)
    send_id = _fill(parts, size)
    before = memory_used()
    with highest_memory() as highest:
        prepared = _timed(lambda: service.work_on(parts, send_id))
        with parts.database.writing() as session:
            service.approve(session, parts, send_id, by="adam")
        queued = _timed(lambda: service.work_on(parts, send_id))
    grown = highest() - before
    with parts.database.reading() as session:
        send = session.get_one(MassSend, send_id)
        assert (send.state, send.queued) == (SendState.QUEUED, size), (send.state, send.queued)
    parts.close()
    bare = new_settings(base / "floor")
    floors = [_floor(settings, bare, tables) for tables in (("mass_send_recipient",), ("message", "segment"))]
    yield _row(f"mass send, preview of {size:,}", prepared, floors[0], f"+{grown:.0f} MB", "–")
    yield _row(f"mass send, {size:,} into the outbox", queued, floors[1], f"+{grown:.0f} MB", "10,000 in 5 s")


def _row(what: str, ours: float, floor: float, memory: str, aim: str) -> Row:
    return (what, f"{ours:.1f} s, {memory}", f"{floor:.1f} s bare insert", f"{ours / floor:.1f}", aim)


def _fill(parts: Parts, size: int) -> int:
    """So many people with a mobile each, a segment of all of them, and a mass send to it."""
    now = parts.now()
    with parts.database.writing() as session:
        account = {"role": "admin", "password_hash": "-", "created_at": now}
        session.add_all(User(username=name, display_name=name, **account) for name in ("alice", "adam"))
        people = ("id", "name", "sex", "is_key_patient", "is_provisional", "custom", "active_at", "created_at",
                  "updated_at", "row_version")  # fmt: skip
        rows = ((each, f"王{each}", "FM"[each % 2], False, False, {}, now, now, now, 1) for each in _ids(size))
        insert_rows(session.connection(), Patient, people, rows)
        numbers = ("patient_id", "number", "number_reversed", "extension", "kind", "as_entered", "is_valid")
        mobiles = ((each, f"13{each:09d}") for each in _ids(size))
        phones = ((each, f"+86{m}", f"{m[::-1]}68", "", "mobile", m, True) for each, m in mobiles)
        insert_rows(session.connection(), PatientPhone, numbers, phones)
        rule = SegmentRule(root=Group(joint=Joint.ALL, parts=()))
        data = SegmentData(name="Everybody", description="", rule=rule, is_shared=True)
        segment = segments.create_segment(session, data, by="alice", now=now).id
        wanted = SendData(
            name="bench",
            audience=Audience.SEGMENT,
            wanted={"segment": segment},
            message_kind=MessageKind.CARE,
            text=_TEXT,
        )
        return service.create_send(session, parts, wanted, by="alice").id


def _ids(size: int) -> range:
    return range(1, size + 1)


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _floor(filled: Settings, empty: Settings, tables: tuple[str, ...]) -> float:
    """The driver's executemany of the same rows, so many in a transaction, without checking what they refer to."""
    source, target = Database(filled.database_url), Database(empty.database_url)
    seconds = 0.0
    for name in tables:
        signs = ", ".join("?" * len(Table.metadata.tables[name].columns))
        for chunk in _chunks(source, name):
            began = time.perf_counter()
            with target.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA foreign_keys=OFF")
                driver.execute("BEGIN IMMEDIATE")
                driver.executemany(f"INSERT INTO {name} VALUES ({signs})", chunk)  # noqa: S608
                driver.execute("COMMIT")
            seconds += time.perf_counter() - began
    source.close()
    target.close()
    return seconds


def _chunks(source: Database, name: str) -> Iterator[list[Any]]:
    with source.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        rows = driver.execute(f"SELECT * FROM {name}")  # noqa: S608
        while chunk := rows.fetchmany(_CHUNK):
            yield chunk
