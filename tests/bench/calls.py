"""SIPp calling a real Asterisk at a steady rate: how late a pop and a journal entry are, and whether any call is lost.

More call than can be answered: the others wait, and give up after two seconds. What SIPp placed, what Asterisk's CEL
file tells, and what stands in our journal must be the same number of calls.
"""

from __future__ import annotations

import functools
import os
import random
import socket
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from app.calls.models import Call
from app.db import Database
from app.journal.models import JournalEntry
from app.journal.service import latest_seq
from telephony.asterisk.config import AsteriskConfig
from telephony.cel import read_cel
from tests.bench.adapter import Row
from tests.bench.cost import cpu_seconds, make_asterisk, start_application
from tests.bench.desk_client import DeskClient, is_serving
from tests.ports import free_port
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

_SECONDS = float(os.environ.get("WARDLINE_BENCH_SECONDS", "60"))
_RATES = tuple(int(rate) for rate in os.environ.get("WARDLINE_BENCH_RATES", "20,50").split(","))
_AGENTS = int(os.environ.get("WARDLINE_BENCH_AGENTS", "40"))
_TALK_SECONDS = 2.0
_LOOK_EVERY = 0.01  # which is what a lag is told too long by at most


def measure() -> list[Row]:
    """p95 and p99 of both at each rate, the lost calls, and the CPU of it."""
    rows = []
    for rate in _RATES:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            rows += _measure(Path(folder), stack, rate)
    return rows


def _measure(folder: Path, stack: ExitStack, rate: int) -> list[Row]:
    agents = [f"agent{index}" for index in range(1, _AGENTS + 1)]
    phones = free_port(socket.SOCK_DGRAM)
    asterisk, config = make_asterisk(folder, agents, phones)
    asterisk.start()
    stack.callback(asterisk.stop)
    stack.enter_context(phone_at(phones, answers_after_seconds=0.2))
    app, port = start_application(folder, config, agents)
    stack.callback(app.wait, 15)
    stack.callback(app.terminate)
    wait_for(lambda: is_serving(port), seconds=30, what="the application")
    desks = [DeskClient(f"http://localhost:{port}", agent) for agent in agents]
    for desk in desks:
        desk.connect()
        stack.callback(desk.close)
    for desk in desks:
        wait_for(functools.partial(_is_ready, desk), seconds=20, what="a ready desk")
    database = Database(f"sqlite:///{folder}/wardline.db")
    stack.callback(database.close)
    lags = _Lags(database)
    calls = int(rate * _SECONDS)
    chance = random.Random(rate)
    numbers = [f"138{chance.randrange(10**8):08}" for _ in range(min(calls, 2_000))]
    assert asterisk.child is not None
    before, theirs = cpu_seconds(app.pid), cpu_seconds(asterisk.child.process.pid)
    with patients_calling(
        config.sip_port, numbers=numbers, talk_seconds=_TALK_SECONDS, calls=calls, per_second=rate
    ) as sipp:
        code = sipp.wait(_SECONDS * 2 + 60)
    ours, theirs = cpu_seconds(app.pid) - before, cpu_seconds(asterisk.child.process.pid) - theirs
    wait_for(lambda: _ended(database) >= calls, seconds=60, what="the end of all calls")
    lags.stop()
    told = f"{rate} calls/s for {_SECONDS:g} s, {_AGENTS} agents"
    pops = [age for desk in desks for age in desk.pops.values()]
    return [
        *(_late(f"{told}, screen pop {name}", pops, place) for name, place in _SHARES),
        *(_late("… journal lag " + name, lags.seconds, place) for name, place in _SHARES),
        _lost(calls, config, database, code),
        (
            f"… CPU per call, {len(pops)} pops, desks included",
            f"{ours * 1000 / calls:.1f} ms",
            f"{theirs * 1000 / calls:.1f} ms (Asterisk)",
            f"{ours / theirs:.2f}",
            "–",
        ),
    ]


_SHARES = (("p50", 50), ("p95", 95), ("p99", 99))


def _is_ready(desk: DeskClient) -> object:
    return desk.press_ready().get("ok")


def _late(what: str, seconds: list[float], place: int) -> Row:
    value = statistics.quantiles(seconds, n=100, method="inclusive")[place - 1] * 1000
    return what, f"{value:.0f} ms", "–", "–", "–"


def _lost(calls: int, config: AsteriskConfig, database: Database, code: int) -> Row:
    """SIPp's calls, those of the CEL file and those whose end is in the journal."""
    told = _in_cel(config.log / "cel-custom/wardline.csv")
    with database.reading() as session:
        ended = select(func.count(JournalEntry.call_id.distinct())).where(JournalEntry.kind == "call.ended")
        journalled, rows = session.scalar(ended) or 0, session.scalar(select(func.count()).select_from(Call)) or 0
    what = f"… calls in journal, CEL, rows (SIPp's exit code {code})"
    lost = calls - min(told, journalled, rows)
    return (
        what,
        f"{journalled} / {told} / {rows}",
        f"{calls} (SIPp)",
        f"{journalled / calls:.4f}",
        f"{lost} lost, aim 0",
    )


def _in_cel(path: Path) -> int:
    rows, inode, offset = read_cel(path, inode=0, offset=0)
    found = {row.linkedid for row in rows}
    while rows:
        rows, inode, offset = read_cel(path, inode=inode, offset=offset)
        found |= {row.linkedid for row in rows}
    return len(found)


def _ended(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Call).where(Call.ended_at.is_not(None))) or 0


class _Lags:
    """Watches the journal: seconds from what Asterisk told until everybody could read it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seconds: list[float] = []
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    def _watch(self) -> None:
        with self._database.reading() as session:
            last = latest_seq(session)
        while not self._over.wait(_LOOK_EVERY):
            with self._database.reading() as session:
                wanted = select(JournalEntry.seq, JournalEntry.kind, JournalEntry.at).where(JournalEntry.seq > last)
                rows = session.execute(wanted.order_by(JournalEntry.seq)).all()
            now = time.time()
            for seq, kind, at in rows:
                last = seq
                if kind.startswith("call."):
                    self.seconds.append(now - at.timestamp())
