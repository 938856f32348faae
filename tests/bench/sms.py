"""SMS: how fast segments leave beside window ÷ round trip and beside Kannel, how exactly a granted rate is kept, and
what a message costs with the database in it. The SMSC is the same npm `smpp` peer in every line.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from app.parts import Parts
from app.schema import upgrade_schema
from app.settings import Settings
from sms_gateway.connection import Connection
from sms_gateway.demo import PASSWORD, SYSTEM_ID, DemoSMSC
from sms_gateway.smpp.session import OctetsToSend, SMPPSession, Submit, SubmitAnswered
from sms_gateway.timers import GatewayTimers
from tests.bench.adapter import Row
from tests.ports import free_port
from tests.smsc import numbers, queue_mass, running_smsc, states_of
from tests.waiting import wait_for

_WINDOWS, _ROUND_TRIPS_MS = (10, 50, 200), (20, 50)
_SECONDS = 3.0  # so long each line sends
_GRANTED = 100.0
_TICK = os.sysconf("SC_CLK_TCK")
_ROOT = Path(__file__).resolve().parents[2]


def measure() -> list[Row]:
    """The adapter, the pace, and the gateway with its database, in this order."""
    rows = [row for latency in _ROUND_TRIPS_MS for window in _WINDOWS for row in _speed(window, latency)]
    return [*rows, *_pace(), *_whole()]


def _speed(window: int, latency_ms: int) -> list[Row]:
    floor = window / (latency_ms / 1000)
    count = int(floor * _SECONDS)
    what = f"segments/s, window {window}, {latency_ms} ms"
    with running_smsc(latency_ms=latency_ms, receipts="none") as smsc:
        cpu = time.process_time()
        _send_bare(smsc, window, count)
        cpu = time.process_time() - cpu
        ours = _rate(smsc)
    rows = [(what, f"{ours:.0f}", f"{floor:.0f} (window ÷ round trip)", f"{ours / floor:.2f}", "≥ 0.9")]
    with running_smsc(latency_ms=latency_ms, receipts="none") as smsc:
        kannel, kannel_cpu = _send_by_kannel(smsc, window, count)
    rows.append(("… beside Kannel", f"{ours:.0f}", f"{kannel:.0f}", f"{ours / kannel:.2f}", "–"))
    mine, theirs = cpu * 1e6 / count, kannel_cpu * 1e6 / count
    rows.append(("… CPU per segment", f"{mine:.0f} µs", f"{theirs:.0f} µs (Kannel)", f"{mine / theirs:.2f}", "–"))
    return rows


def _send_bare(smsc: DemoSMSC, window: int, count: int) -> None:
    """Connection and session, without the books."""
    connection = Connection("127.0.0.1", smsc.port, 5.0)
    session = SMPPSession(system_id=SYSTEM_ID, password=PASSWORD, window=window, timers=GatewayTimers().session)
    results, sent, answered = session.start(time.monotonic()), 0, 0
    while answered < count:
        answered += sum(isinstance(result, SubmitAnswered) for result in results)
        octets = [result.octets for result in results if isinstance(result, OctetsToSend)]
        for _ in range(min(session.free_slots, count - sent)):
            sent += 1
            left = session.submit(_submit(sent), time.monotonic())
            octets += [result.octets for result in left if isinstance(result, OctetsToSend)]
        if octets:
            connection.write(b"".join(octets))
        received = connection.wait(0.5)
        now = time.monotonic()
        results = session.receive(received, now) + session.tick(now)
    connection.close()


def _submit(key: int) -> Submit:
    return Submit(
        key=key,
        source_addr="1069001",
        destination_addr=f"86138{key:08d}",
        data_coding=8,
        short_message="【示范医院】您好".encode("utf-16-be"),
        has_header=False,
    )


def _send_by_kannel(smsc: DemoSMSC, window: int, count: int) -> tuple[float, float]:
    """bearerbox with the same window; its own fake SMSC feeds it. The rate, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        feed = free_port()
        box = _bearerbox(Path(folder), smsc, window, feed)
        stack.callback(box.wait)
        stack.callback(box.kill)
        wait_for(lambda: smsc.control("state")["receivers"] == 1, seconds=20, what="Kannel's bind")
        before = _cpu(box.pid)
        feeder = stack.enter_context(socket.create_connection(("127.0.0.1", feed)))
        feeder.sendall(b"1069001 8613800138000 text hello\n" * count)
        wait_for(lambda: smsc.control("state")["submitted"] >= count, seconds=120, what="Kannel's submits")
        return _rate(smsc), _cpu(box.pid) - before


def _bearerbox(folder: Path, smsc: DemoSMSC, window: int, feed: int) -> subprocess.Popen[bytes]:
    config = folder / "kannel.conf"
    config.write_text(
        f"""
group = core
admin-port = {free_port()}
admin-password = bench
smsbox-port = {free_port()}
log-file = "{folder}/bearerbox.log"
log-level = 2
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = feed
port = {feed}
connect-allow-ip = 127.0.0.1
reroute-smsc-id = out
denied-smsc-id = out

group = smsc
smsc = smpp
smsc-id = out
host = 127.0.0.1
port = {smsc.port}
transceiver-mode = true
smsc-username = {SYSTEM_ID}
smsc-password = {PASSWORD}
system-type = ""
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {free_port()}
"""
    )
    program = shutil.which("bearerbox", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert program is not None, "Kannel is not installed: .ci/packages test"
    return subprocess.Popen([program, "-v", "4", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _pace() -> list[Row]:
    count = int(_GRANTED * 10)
    with running_smsc(latency_ms=20, receipts="none", throttle_per_second=int(_GRANTED)) as smsc:
        with _gateway(smsc, window=50, rate=_GRANTED, queued=count) as (parts, _):
            wait_for(lambda: states_of(parts)["sent"] == count, seconds=60, what="all messages")
        rate, attempts = _rate(smsc), int(smsc.control("state")["attempts"]) / count
    what = f"segments/s against a limit of {_GRANTED:.0f}/s, with the database"
    return [
        (what, f"{rate:.1f}", f"{_GRANTED:.0f}", f"{rate / _GRANTED:.3f}", "≥ 0.95"),
        ("… submits per message", f"{attempts:.3f}", "1", f"{attempts:.3f}", "≤ 1.02"),
    ]


def _whole() -> list[Row]:
    """From the outbox to the receipt: rows claimed, committed, submitted, recorded, and their receipts recorded."""
    count, rows = 3_000, []
    for window in (10, 50):
        floor = window / 0.02
        with running_smsc(latency_ms=20, receipt_delay_ms=200) as smsc:
            with _gateway(smsc, window=window, rate=5_000.0, queued=count) as (parts, process):
                wait_for(lambda: states_of(parts)["delivered"] == count, seconds=120, what="all receipts")
                cpu = _cpu(process.pid)
            rate = _rate(smsc)
        what = f"messages/s outbox to receipt, SQLite, window {window}, 20 ms"
        rows.append((what, f"{rate:.0f}", f"{floor:.0f}", f"{rate / floor:.2f}", "–"))
        rows.append(("… CPU per message, receipt included", f"{cpu * 1000 / count:.2f} ms", "–", "–", "–"))
    return rows


@contextmanager
def _gateway(
    smsc: DemoSMSC, *, window: int, rate: float, queued: int
) -> Iterator[tuple[Parts, subprocess.Popen[bytes]]]:
    """A gateway in a process of its own, with so many messages in its outbox."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        upgrade_schema(url)
        parts = Parts.open(Settings.from_env({"WARDLINE_DATABASE_URL": url, "WARDLINE_DATA_DIR": folder}))
        queue_mass(parts, numbers(queued))
        command = [sys.executable, "-m", "tests.live.gateway_process", url, str(smsc.port), str(window), str(rate)]
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            process = subprocess.Popen(command, cwd=_ROOT, stdout=nowhere, stderr=nowhere)
        try:
            yield parts, process
        finally:
            process.kill()
            process.wait()
            parts.close()


def _rate(smsc: DemoSMSC) -> float:
    """Submits per second between the first and the last, as the SMSC saw them."""
    moments = [datetime.fromisoformat(entry["at"]) for entry in smsc.control("submitted")]
    return (len(moments) - 1) / (max(moments) - min(moments)).total_seconds()


def _cpu(pid: int) -> float:
    fields: Any = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in itertools.islice(fields, 11, 13)) / _TICK
