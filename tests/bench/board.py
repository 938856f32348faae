"""The live board with 500 agents: how old it is at 50 viewers while states change, and what a viewer costs.

Beside it a floor in the same run: the frames that one of our viewers got, sent over bare sockets to as many clients
that only note when each came. Both gather changes for a quarter of a second, so the ratio is what we add to that.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import websocket

from tests.bench.adapter import Row
from tests.bench.big_floor import AGENTS, make_floor
from tests.bench.cost import cpu_seconds
from tests.bench.desk_client import is_serving, sign_in
from tests.ports import free_port
from tests.waiting import wait_for

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = float(os.environ.get("WARDLINE_BENCH_SECONDS", "30"))
_VIEWERS = int(os.environ.get("WARDLINE_BENCH_VIEWERS", "50"))
_CHANGES = float(os.environ.get("WARDLINE_BENCH_CHANGES", "50"))
_GATHER_SECONDS = 0.25


def measure() -> list[Row]:
    """Ages p50, p95, p99 and CPU per viewer, ours and the floor's."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        make_floor(Path(folder))
        app, port = _start(Path(folder), stack)
        without = _cpu_share(app.pid, 10)
        viewers = [_Viewer(port, is_floor=place % 2 == 0) for place in range(_VIEWERS)]
        for viewer in viewers:
            viewer.start()
        wait_for(lambda: all(viewer.frames for viewer in viewers), seconds=30, what="all viewers")
        time.sleep(2)
        for viewer in viewers:
            viewer.begin()
        share = _cpu_share(app.pid, _SECONDS)
        for viewer in viewers:
            viewer.stop()
        ages = [age for viewer in viewers for age in viewer.ages]
        least = _Floor(viewers[0].frames)
        least_ages, least_share = least.measure()
    what = f"board age, {AGENTS} agents, {_VIEWERS} viewers, {_CHANGES:g} changes/s"
    cpu, least_cpu = (share - without) / _VIEWERS, least_share / _VIEWERS
    return [
        *(_age(f"{what}, {name}", ages, least_ages, place, aim) for name, place, aim in _SHARES),
        _cpu("… CPU per viewer", cpu, least_cpu),
        _cpu("… CPU of the changes and the board without a viewer", without, None),
    ]


_SHARES = (("p50", 50, "–"), ("p95", 95, "≤ 1 s"), ("p99", 99, "≤ 1 s"))


def _age(what: str, ages: list[float], floor: list[float], place: int, aim: str) -> Row:
    mine, least = (statistics.quantiles(each, n=100, method="inclusive")[place - 1] * 1000 for each in (ages, floor))
    return what, f"{mine:.0f} ms", f"{least:.0f} ms (bare sockets)", f"{mine / least:.2f}", aim


def _cpu(what: str, share: float, floor: float | None) -> Row:
    beside = "–" if floor is None else f"{floor * 100:.3f} % (bare sockets)"
    return what, f"{share * 100:.3f} % of a core", beside, "–" if not floor else f"{share / floor:.1f}", "–"


def _start(folder: Path, stack: ExitStack) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    log = stack.enter_context((folder / "app.log").open("wb"))
    command = [sys.executable, "-m", "tests.bench.big_floor", str(port), str(folder), str(_CHANGES)]
    app = subprocess.Popen(command, cwd=_ROOT, stdout=log, stderr=log)
    stack.callback(app.wait, 15)
    stack.callback(app.terminate)
    wait_for(lambda: is_serving(port), seconds=30, what="the application")
    return app, port


def _cpu_share(pid: int, seconds: float) -> float:
    """CPU seconds per second, of the process and its children."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


class _Viewer:
    """A floor or a wallboard without a browser. `ages` are seconds from each change of an agent until it was here."""

    def __init__(self, port: int, *, is_floor: bool) -> None:
        url = f"http://localhost:{port}"
        self._cookie = sign_in(url, "boss")
        self._url = f"ws://localhost:{port}/socket.io/?EIO=4&transport=websocket"
        self._watch = "watch_floor" if is_floor else "watch_board"
        self._began = float("inf")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.ages: list[float] = []
        self.frames: list[tuple[bytes, list[float]]] = []
        """What came since it began, each with the moments of the changes in it."""

    def start(self) -> None:
        self._thread.start()

    def begin(self) -> None:
        self.frames.clear()
        self._began = time.time()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(10)

    def _run(self) -> None:
        link = websocket.create_connection(self._url, header={"Cookie": self._cookie}, timeout=10)
        link.send("40")
        while not self._over.is_set():
            text = link.recv()
            now = time.time()
            if text == "2":
                link.send("3")
            elif text.startswith("40"):
                link.send(f'42["{self._watch}",{{}}]')
            elif text.startswith("42"):
                event, message = json.loads(text[2:])[:2]
                changed = _changed(message, self._began) if event == "board" else []
                self.ages += [now - at for at in changed]
                self.frames.append((text.encode(), changed))
        link.close()


def _changed(message: dict[str, Any], since: float) -> list[float]:
    """When the agents changed whose rows are in this message. A first whole snapshot tells of no change."""
    rows = message.get("changes", {}).get("agent_list", {}).get("set", [])
    moments = (datetime.fromisoformat(row["since"]).timestamp() for row in rows)
    return [at for at in moments if at >= since]


class _Floor:
    """The same bytes at the same pace over bare sockets."""

    def __init__(self, frames: list[tuple[bytes, list[float]]]) -> None:
        self._frames = [frame for frame, _ in frames] or [b"-"]
        self._ages: list[float] = []
        self._lock = threading.Lock()

    def measure(self) -> tuple[list[float], float]:
        """The ages, and the CPU seconds per second of the sender alone."""
        listener = socket.create_server(("127.0.0.1", 0))
        clients = [threading.Thread(target=self._note, args=(listener.getsockname(),)) for _ in range(_VIEWERS)]
        for client in clients:
            client.start()
        links = [listener.accept()[0] for _ in range(_VIEWERS)]
        share = self._send(links)
        for link in links:
            link.close()
        for client in clients:
            client.join(10)
        listener.close()
        return self._ages, share

    def _send(self, links: list[socket.socket]) -> float:
        """Four times a second, what has changed is sent to everybody with the next of our frames."""
        seconds, waiting, sent = min(_SECONDS, 15.0), list[float](), 0
        began, cpu = time.monotonic(), time.thread_time()
        due = began
        while time.monotonic() < began + seconds:
            flush_at = began + (sent + 1) * _GATHER_SECONDS
            while due < flush_at:
                time.sleep(max(0.0, due - time.monotonic()))
                waiting.append(time.time())
                due += 1 / _CHANGES
            time.sleep(max(0.0, flush_at - time.monotonic()))
            frame = self._frames[sent % len(self._frames)]
            head = json.dumps(waiting).encode()
            data = struct.pack("!II", len(head), len(frame)) + head + frame
            for link in links:
                link.sendall(data)
            waiting.clear()
            sent += 1
        return (time.thread_time() - cpu) / (time.monotonic() - began)

    def _note(self, address: tuple[str, int]) -> None:
        with socket.create_connection(address) as link, link.makefile("rb") as read:
            while lengths := read.read(8):
                head, frame = struct.unpack("!II", lengths)
                moments = json.loads(read.read(head))
                read.read(frame)
                now = time.time()
                with self._lock:
                    self._ages += [now - at for at in moments]
