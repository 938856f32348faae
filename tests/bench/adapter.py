"""CPU per manager event: our adapter, a 40-line asyncio parser, panoramisk alone, on the same bytes over loopback."""

from __future__ import annotations

import asyncio
import logging
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from socket import socket

import structlog
from panoramisk.manager import Manager

from app.settings import AMIAddress
from telephony.ami.connection import AMIConnection
from tests.bench.floor_parser import FloorParser

_HERE = Path(__file__).resolve().parent
# One queue call as Asterisk tells it with everything on, and as it comes through our user's event filter.
_TRACES = {"everything on": (_HERE / "unfiltered_call.ami", 2_000), "filtered": (_HERE / "filtered_call.ami", 20_000)}
_ROUNDS = 5
Row = tuple[str, str, str, str, str]


def measure() -> list[Row]:
    """Median of five rounds, in turn, so that a slow moment hits all three."""
    rows = []
    for label, (path, calls) in _TRACES.items():
        data = path.read_bytes()
        events = calls * data.count(b"Event: ")
        times: dict[str, list[float]] = {"ours": [], "floor": [], "panoramisk": []}
        for _ in range(_ROUNDS):
            for name, seconds in times.items():
                seconds.append(_run(name, data * calls))
        per_event = {name: statistics.median(seconds) / events * 1e6 for name, seconds in times.items()}
        floor = per_event["floor"]
        rows.append(_row(f"AMI adapter, CPU per event, {label}", per_event["ours"], floor, "≤ 1.5"))
        rows.append(_row(f"panoramisk alone, CPU per event, {label}", per_event["panoramisk"], floor, "–"))
    return rows


def _row(what: str, value: float, floor: float, aim: str) -> Row:
    return what, f"{value:.1f} µs", f"{floor:.1f} µs (40-line parser)", f"{value / floor:.2f}", aim


def _run(name: str, data: bytes) -> float:
    server = socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    thread = threading.Thread(target=_serve, args=(server, data), daemon=True)
    thread.start()
    client = [sys.executable, "-m", "tests.bench.adapter", name, str(server.getsockname()[1])]
    done = subprocess.run(client, capture_output=True, text=True, check=True)
    thread.join(5)
    server.close()
    return float(done.stdout)


def _serve(server: socket, data: bytes) -> None:
    link, _ = server.accept()
    with link:
        link.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        login = link.recv(4096).decode()
        action_id = next(line[10:] for line in login.split("\r\n") if line.startswith("ActionID: "))
        link.sendall(f"Response: Success\r\nActionID: {action_id}\r\nMessage: hello\r\n\r\n".encode())
        link.sendall(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
        link.sendall(data)


async def _ours(port: int) -> int:
    seen, over = [0], asyncio.Event()

    def count(_event: object) -> None:
        seen[0] += 1

    address = AMIAddress(host="127.0.0.1", port=port, username="bench", secret="bench")
    connection = AMIConnection(address, on_event=count, on_suspicion=print, on_lost=over.set)
    await connection.open()
    await over.wait()
    return seen[0]


async def _panoramisk(port: int) -> int:
    seen, over = [0], asyncio.Event()

    def count(_manager: object, _event: object) -> None:
        seen[0] += 1

    manager = Manager(
        loop=asyncio.get_running_loop(),
        host="127.0.0.1",
        port=port,
        username="bench",
        secret="bench",
        on_disconnect=lambda *_: over.set(),
        reconnect_timeout=3600,
    )
    manager.register_event("*", count)
    await manager.connect()
    await over.wait()
    return seen[0]


async def _floor(port: int) -> int:
    seen = [0]

    def count(_event: dict[str, str]) -> None:
        seen[0] += 1

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: FloorParser(count, over.set), "127.0.0.1", port)
    transport.write(b"Action: Login\r\nActionID: 1\r\n\r\n")
    await over.wait()
    return seen[0]


def _client(name: str, port: int) -> None:
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    work = {"ours": _ours, "floor": _floor, "panoramisk": _panoramisk}[name]
    began = time.process_time()
    asyncio.run(work(port))
    print(time.process_time() - began)


if __name__ == "__main__":
    _client(sys.argv[1], int(sys.argv[2]))
