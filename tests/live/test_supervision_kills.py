"""The web process or Asterisk is killed while a supervisor is in a call: the floor is right again, no call is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from sqlalchemy import update

from app.accounts.models import User
from app.accounts.rules import Role
from app.floor.service import FloorBoard, FloorPeople
from app.settings import Settings
from app.web.app import create_app, live_of
from tests.bench.desk_client import is_serving, sign_in
from tests.live.conftest import Switch
from tests.live.desks import all_calls, ended_calls, state_of, wait_for_ended, wait_for_state
from tests.live.room import Room, room_on
from tests.ports import free_port
from tests.waiting import wait_for
from tests.web.browser import Browser
from tests.web.live_page import Page, put_together

pytestmark = pytest.mark.live

# Far above what it takes: the figures are printed, and a slow machine is no fault of the product.
_GENEROUS_SECONDS = 30.0
_ROOT = Path(__file__).parents[2]


class WebProcess:
    """The web process of the production shape, on the floor's database."""

    def __init__(self, room: Room) -> None:
        settings = room.floor.settings
        self.port = free_port()
        self._environment = os.environ | {
            "WARDLINE_PORT": str(self.port),
            "WARDLINE_DATABASE_URL": settings.database_url,
            "WARDLINE_DATA_DIR": str(settings.data_dir),
            "WARDLINE_SECRET_KEY": settings.secret_key,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "web"], env=self._environment, cwd=_ROOT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(lambda: is_serving(self.port), seconds=20, what="the web process")

    def kill(self) -> None:
        """With its worker, as the kernel does when memory runs out."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)


class FloorPage:
    """The supervisors' page without a browser: what its two streams show."""

    def __init__(self, port: int, cookie: str) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        self._socket = socketio.Client(reconnection=False)
        for stream in ("board", "floor"):
            self._socket.on(stream, self._take(stream))
        self._socket.connect(f"http://localhost:{port}", headers={"Cookie": cookie}, transports=["websocket"])
        self._socket.emit("watch_floor", {})

    def _take(self, stream: str) -> Callable[[dict[str, Any]], None]:
        def take(message: dict[str, Any]) -> None:
            self.shown[stream] = put_together(self.shown.get(stream), message)

        return take

    def is_right(self, room: Room) -> bool:
        """Link, states, talks and supervisors are what is on record."""
        return self.shown.keys() == {"board", "floor"} and sees(self.shown["board"], self.shown["floor"]) == truth(room)

    def close(self) -> None:
        self._socket.disconnect()


def sees(board: dict[str, Any], floor: dict[str, Any]) -> dict[str, Any]:
    return {
        "link": board["link"]["state"],
        "states": {agent["id"]: agent["state"] for agent in board["agent_list"]},
        "talks": {call["id"]: call["agents"] for call in floor["calls"]},
        "supervisors": [(each["supervisor"], each["agent"], each["mode"]) for each in floor["supervisions"]],
        "waiting": len(floor["waiting"]),
    }


def truth(room: Room) -> dict[str, Any]:
    """What a page that begins now is told, read past every cache."""
    parts = room.floor.parts
    with parts.database.reading() as session:
        return sees(
            FloorBoard(parts.settings).read(session, parts.now()),
            FloorPeople(parts.settings).read(session, parts.now()),
        )


@pytest.fixture
def room(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Room]:
    with room_on(settings, start_asterisk) as room:
        with room.floor.parts.database.writing() as session:
            session.execute(update(User).where(User.username == "carol").values(role=Role.SUPERVISOR.value))
        yield room


@pytest.fixture
def web(room: Room) -> Iterator[WebProcess]:
    web = WebProcess(room)
    web.start()
    yield web
    web.kill()


@pytest.fixture
def pages(room: Room) -> Iterator[Page]:
    """carol's floor, in this process."""
    app = create_app(room.floor.parts)
    live_of(app).start()
    browser = Browser(app)
    browser.sign_in("carol", "correct horse")
    page = Page(app, browser)
    page.client.emit("watch_floor", {})
    yield page
    live_of(app).stop()


def test_the_floor_is_right_again_after_the_web_process_was_killed_and_the_talk_goes_on(
    room: Room,
    web: WebProcess,
) -> None:
    cookie = sign_in(f"http://localhost:{web.port}", "carol", "correct horse")
    page = FloorPage(web.port, cookie)
    room.supervise("whisper")
    room.wait_until(room.alice, room.patient, room.carol)
    wait_for(lambda: page.is_right(room), seconds=_GENEROUS_SECONDS, what="the floor before")
    (talk,) = page.shown["floor"]["calls"]
    assert talk["agents"] == ["alice"] and len(page.shown["floor"]["supervisions"]) == 1
    page.close()

    web.kill()
    killed_at = time.monotonic()
    # Nobody hears that there are no pages just now.
    room.wait_until(room.alice, room.patient, room.carol)
    web.start()
    served_at = time.monotonic()
    page = FloorPage(web.port, cookie)
    wait_for(lambda: page.is_right(room), seconds=_GENEROUS_SECONDS, what="the floor afterwards")
    print(f"web killed: served {served_at - killed_at:.2f} s, right {time.monotonic() - served_at:.2f} s later")
    assert [call["id"] for call in page.shown["floor"]["calls"]] == [talk["id"]]
    room.wait_until(room.alice, room.patient, room.carol)

    room.patient.hang_up()
    wait_for_ended(room.floor)
    wait_for(lambda: page.is_right(room) and not page.shown["floor"]["calls"], what="the end on the floor")
    page.close()
    assert len(all_calls(room.floor)) == len(ended_calls(room.floor)) == 1


def test_the_floor_is_right_again_after_asterisk_was_killed_under_a_supervised_call(room: Room, pages: Page) -> None:
    room.supervise("barge")
    room.wait_until(room.patient, room.alice, room.carol)
    wait_for(lambda: is_right(pages, room), seconds=_GENEROUS_SECONDS, what="the floor before")

    room.floor.switch.asterisk.kill()
    killed_at = time.monotonic()
    wait_for(lambda: pages.seen("board")[-1]["link"]["state"] != "up", what="figures that are told to be unknown")
    unknown_at = time.monotonic()
    room.floor.switch.asterisk.start()
    (call,) = wait_for_ended(room.floor)
    wait_for_state(room.floor, "alice", "wrap_up")
    wait_for(lambda: state_of(room.floor, "carol") != "listening", what="the end of the supervision")
    wait_for(lambda: is_right(pages, room), seconds=_GENEROUS_SECONDS, what="the floor afterwards")
    right_at = time.monotonic()
    print(f"Asterisk killed: unknown after {unknown_at - killed_at:.2f} s, right after {right_at - killed_at:.2f} s")
    floor = pages.seen("floor")[-1]
    assert (floor["calls"], floor["supervisions"]) == ([], [])
    assert (call.outcome, call.ended_by) == ("answered", "restart")
    (supervision,) = room.supervisions()
    assert supervision.ended_at is not None


def is_right(page: Page, room: Room) -> bool:
    boards, floors = page.seen("board"), page.seen("floor")
    is_up = bool(boards and floors) and boards[-1]["link"]["state"] == "up"
    return is_up and sees(boards[-1], floors[-1]) == truth(room)
