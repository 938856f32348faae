"""Lists that dial by themselves through a real Asterisk, with SIPp as patients who answer.

Automatic calls at 15 and 30 a second: how fast they really begin, and our CPU for each beside Asterisk's own, which
speaks, listens for a machine and records. Progressive calls: how long an agent who is free waits for the next one.
"""

from __future__ import annotations

import functools
import os
import socket
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from app.calls.models import Call
from app.configuration.models import Setting
from app.followups.models import FollowupAttempt, FollowupTask
from app.outbound_lists.models import OutboundList
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.settings import Settings
from tests.bench.adapter import Row
from tests.bench.cost import cpu_seconds, make_asterisk, start_application
from tests.bench.desk_client import DeskClient, is_serving
from tests.ports import free_port
from tests.sip import phone_at, phone_hanging_up_at
from tests.waiting import wait_for

_SECONDS = int(os.environ.get("WARDLINE_BENCH_SECONDS", "20"))
_AGENTS = 10


def measure() -> list[Row]:
    """Automatic calls at both rates, then progressive ones."""
    rows = []
    for rate in (15, 30):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            rows += _automatic(Path(folder), stack, rate)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        rows += _progressive(Path(folder), stack)
    return rows


def _automatic(folder: Path, stack: ExitStack, rate: int) -> list[Row]:
    patients = free_port(socket.SOCK_DGRAM)
    stack.enter_context(phone_at(patients, answers_after_seconds=0.3))
    asterisk, config = make_asterisk(folder, ["agent1"], free_port(socket.SOCK_DGRAM), trunk=f"127.0.0.1:{patients}")
    asterisk.start()
    stack.callback(asterisk.stop)
    app, port = start_application(folder, config, ["agent1"])
    stack.callback(app.wait, 15)
    stack.callback(app.terminate)
    wait_for(lambda: is_serving(port), seconds=30, what="the application")
    parts = _parts(folder)
    stack.callback(parts.close)
    assert asterisk.child is not None
    count = rate * _SECONDS
    list_id = _make_list(parts, count, dialling="automatic", calls_per_minute=rate * 60, most_at_once=2 * count)
    before, before_alone = cpu_seconds(app.pid), cpu_seconds(app.pid, with_ended=False)
    theirs = cpu_seconds(asterisk.child.process.pid)
    _start(parts, list_id)
    wait_for(lambda: _ended(parts) >= count, seconds=_SECONDS * 4 + 90, what="the end of all calls")
    ours, floor = cpu_seconds(app.pid) - before, cpu_seconds(asterisk.child.process.pid) - theirs
    alone_seconds = cpu_seconds(app.pid, with_ended=False) - before_alone
    reached, begun = _reached(parts), _rate(parts)
    mine, least, alone = ours * 1000 / count, floor * 1000 / count, alone_seconds * 1000 / count
    return [
        (
            f"automatic calls at {rate}/s: CPU per call, without the recording", f"{alone:.1f} ms",
            f"{least:.1f} ms (Asterisk)", f"{alone / least:.2f}", "≤ 2",
        ),
        (
            "… with the conversion of its recording", f"{mine:.1f} ms", f"{least:.1f} ms (Asterisk)",
            f"{mine / least:.2f}", "–",
        ),
        (
            f"… {count} patients: begun a second, done", f"{begun:.1f}/s, {reached}", f"{rate}/s, {count}",
            f"{begun / rate:.2f}", "≥ 0.9",
        ),
    ]  # fmt: skip


def _progressive(folder: Path, stack: ExitStack) -> list[Row]:
    patients, phones = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    stack.enter_context(phone_hanging_up_at(patients, after_seconds=2))
    stack.enter_context(phone_at(phones, answers_after_seconds=0.05))
    agents = [f"agent{number}" for number in range(1, _AGENTS + 1)]
    asterisk, config = make_asterisk(folder, agents, phones, trunk=f"127.0.0.1:{patients}")
    asterisk.start()
    stack.callback(asterisk.stop)
    app, port = start_application(folder, config, agents)
    stack.callback(app.wait, 15)
    stack.callback(app.terminate)
    wait_for(lambda: is_serving(port), seconds=30, what="the application")
    parts = _parts(folder)
    stack.callback(parts.close)
    desks = [DeskClient(f"http://localhost:{port}", agent) for agent in agents]
    for desk in desks:
        desk.connect()
        stack.callback(desk.close)
    list_id = _make_list(parts, _AGENTS, dialling="progressive")
    _start(parts, list_id)
    for desk in desks:
        wait_for(functools.partial(_press_ready, desk), seconds=20, what="a ready desk")
    began = time.monotonic()
    wait_for(lambda: _calls(parts) >= _AGENTS, seconds=20, what="a call for each agent")
    waited = time.monotonic() - began
    return [
        (f"progressive: {_AGENTS} free agents all in a call", f"{waited:.2f} s", "1 s (aim)", f"{waited:.2f}", "≤ 1")
    ]


def _press_ready(desk: DeskClient) -> object:
    return desk.press_ready().get("ok")


def _parts(folder: Path) -> Parts:
    secret = "bench-secret-key-of-more-than-32-characters"
    return Parts.open(Settings.from_env({"WARDLINE_DATA_DIR": str(folder), "WARDLINE_SECRET_KEY": secret}))


def _make_list(parts: Parts, count: int, **changes: Any) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        patients = [
            Patient(
                name=f"P{number}",
                created_at=now,
                updated_at=now,
                phones=[PatientPhone(number=f"+86138{number:08}", kind="mobile", as_entered="-")],
            )
            for number in range(count)
        ]
        hours = {"calls.calls_from": 0, "calls.calls_until": 24, "calls.notice": "Hello.", "calls.thanks": "Goodbye."}
        session.add_all([*patients, *(Setting(key=key, value=value) for key, value in hours.items())])
        session.flush()
        batch = OutboundList(
            name="Bench", purpose="other", state="draft", people=[patient.id for patient in patients],
            script="How are you?", days=[now.date().isoformat()], agents=[], opens=0, closes=24, left_out={},
            prompts={}, created_at=now, created_by="agent1", **changes,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        return batch.id


def _start(parts: Parts, list_id: int) -> None:
    with parts.database.writing() as session:
        session.execute(update(OutboundList).where(OutboundList.id == list_id).values(state="preparing"))
    wait_for(lambda: _state(parts, list_id) == "running", seconds=60, what="the prepared list")
    with parts.database.writing() as session:
        session.execute(update(FollowupTask).values(work_at=parts.now() - timedelta(seconds=1)))


def _state(parts: Parts, list_id: int) -> str:
    with parts.database.reading() as session:
        return session.scalars(select(OutboundList.state).where(OutboundList.id == list_id)).one()


def _ended(parts: Parts) -> int:
    time.sleep(0.5)  # Asking costs CPU, too.
    query = select(func.count()).select_from(FollowupAttempt).where(FollowupAttempt.ended_at.is_not(None))
    with parts.database.reading() as session:
        return session.scalar(query) or 0


def _reached(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count()).where(FollowupTask.state == "done")) or 0


def _rate(parts: Parts) -> float:
    with parts.database.reading() as session:
        times = list(session.scalars(select(FollowupAttempt.started_at).order_by(FollowupAttempt.started_at)))
    return (len(times) - 1) / max(0.001, (times[-1] - times[0]).total_seconds())


def _calls(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Call)) or 0
