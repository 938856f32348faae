"""Screen pop: from the manager event on the wire to the name in the browser's page, among a million patients.

The floor is the least that can do the same: an asyncio parser that sends the number over a bare websocket to a page
that writes it down. Both are measured with the same browser, one after the other.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.settings import Settings
from tests.bench.adapter import Row
from tests.bench.desk_client import is_serving
from tests.bench.floor_socket import FloorServer
from tests.bench.hospital import PASSWORD, copy_hospital, known_numbers, open_floor
from tests.bench.manager_peer import ManagerPeer
from tests.live.browser import chromium
from tests.ports import free_port
from tests.waiting import wait_for

_AGENTS = 40
_RING_SECONDS = 0.4
_POPS = 60
_RATES = (10, 50)
# Notes when a number is first seen in the page: 138 0000 0001 and 13800000001 are the same.
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  const at = performance.timeOrigin + performance.now();
  const text = document.body.innerText.replace(/[^0-9]/g, "");
  for (const number of window.awaited || [])
    if (!(number in window.seen) && text.includes(number)) window.seen[number] = at;
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def measure() -> list[Row]:
    """p50, p95 and p99 at each rate."""
    rows = []
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        floor = _measure_floor(browser)
        ours = _measure_ours(browser, Path(folder))
    for rate in _RATES:
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
            mine, least = _share(ours[rate], share), _share(floor[rate], share)
            aim = "≤ 100 ms, ≤ 3" if name == "p95" else "–"
            what = f"screen pop at {rate} calls/s, {name}"
            rows.append((what, f"{mine:.1f} ms", f"{least:.1f} ms (bare websocket)", f"{mine / least:.2f}", aim))
    return rows


def _share(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def _measure_ours(browser: Browser, folder: Path) -> dict[int, list[float]]:
    peer = ManagerPeer()
    peer.start()
    port = free_port()
    env = {
        "WARDLINE_PORT": str(port),
        "WARDLINE_DATA_DIR": str(folder),
        "WARDLINE_AMI_URL": f"ami://bench:bench@127.0.0.1:{peer.port}",
        "WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters",
        "WARDLINE_SIP_WS_URL": "ws://127.0.0.1:9/ws",
    }
    settings = Settings.from_env(env)
    copy_hospital(folder / "wardline.db")
    agents = [f"agent{index}" for index in range(1, _AGENTS + 1)]
    open_floor(settings, agents)
    with (folder / "app.log").open("wb") as log:
        app = subprocess.Popen([sys.executable, "-m", "app", "embedded"], env=os.environ | env, stderr=log, stdout=log)
    try:
        wait_for(lambda: peer.is_connected and is_serving(port), seconds=30, what="the application")
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.add_init_script(_WATCH)
        page.goto(f"http://localhost:{port}/login?lang=en")
        page.get_by_label("Username").fill("agent1")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"http://localhost:{port}/desk?lang=en")
        page.get_by_role("button", name="Ready", exact=True).wait_for()
        return {rate: _pops(page, peer.sent, rate, _Rings(peer, agents)) for rate in _RATES}
    finally:
        app.terminate()
        app.wait(15)


def _measure_floor(browser: Browser) -> dict[int, list[float]]:
    server = FloorServer()
    server.start()
    page = browser.new_context().new_page()
    page.add_init_script(_WATCH)
    page.goto(f"http://localhost:{server.port}/")
    wait_for(lambda: server.is_connected, what="the floor's page")
    return {rate: _pops(page, server.sent, rate, _FloorRings(server)) for rate in _RATES}


class _Rings:
    """Rings at agent1 for the page to see, and at the others to make the rate."""

    def __init__(self, peer: ManagerPeer, agents: list[str]) -> None:
        self._peer = peer
        self._first, *self._others = agents

    def watched(self, number: str) -> Callable[[], None]:
        call = self._peer.ring(self._first, number)
        return lambda: self._peer.give_up(call, self._first)

    def other(self, index: int, number: str) -> Callable[[], None]:
        agent = self._others[index % len(self._others)]
        call = self._peer.ring(agent, number)
        return lambda: self._peer.give_up(call, agent)


class _FloorRings:
    def __init__(self, server: FloorServer) -> None:
        self._server = server

    def watched(self, number: str) -> Callable[[], None]:
        self._server.ring(number, to_page=True)
        return lambda: None

    def other(self, _index: int, number: str) -> Callable[[], None]:
        self._server.ring(number, to_page=False)
        return lambda: None


def _pops(page: Page, sent: dict[str, float], rate: int, rings: _Rings | _FloorRings) -> list[float]:
    """Milliseconds from wire to page for _POPS calls, while calls come at `rate` a second in all."""
    chance = random.Random(rate)
    known = known_numbers(2_000, chance)
    numbers = chance.sample(known, _POPS)
    page.evaluate("numbers => { window.awaited = numbers; window.seen = {}; }", numbers)
    done = threading.Event()
    load = threading.Thread(target=_load, args=(rings, rate - 1, known, done))
    load.start()
    try:
        for number in numbers:
            give_up = rings.watched(number)
            time.sleep(_RING_SECONDS)
            give_up()
            time.sleep(0.1)
    finally:
        done.set()
        load.join()
    page.wait_for_function("window.awaited.every(number => number in window.seen)", timeout=10_000)
    seen = page.evaluate("window.seen")
    return [float(seen[number]) - sent[number] * 1000 for number in numbers]


def _load(rings: _Rings | _FloorRings, rate: int, numbers: list[str], done: threading.Event) -> None:
    ringing: list[tuple[float, Callable[[], None]]] = []
    due, index = time.monotonic(), 0
    while not done.is_set():
        now = time.monotonic()
        while ringing and ringing[0][0] <= now:
            ringing.pop(0)[1]()
        if now >= due:
            due += 1 / rate
            index += 1
            ringing.append((now + _RING_SECONDS, rings.other(index, numbers[index % len(numbers)])))
        time.sleep(max(0.0005, min(due, ringing[0][0] if ringing else due) - time.monotonic()))
    for _, give_up in ringing:
        give_up()
