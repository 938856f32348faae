"""Desks without browsers: they prove themselves over the bus, and order what a page would order."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import func, select

from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.models import Call, Leg
from app.calls.rules import CommandKind
from app.journal.models import JournalEntry
from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.waiting import wait_for


class Desks:
    """Desks of these agents, all Ready, whose pages prove themselves twice a second until they die."""

    def __init__(self, floor: Floor, *agents: str) -> None:
        self._floor = floor
        self._agents = agents
        self._alive = set(agents)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._prove, daemon=True)

    def __enter__(self) -> Desks:
        self._thread.start()
        for agent in self._agents:
            wait_for(lambda agent=agent: state_of(self._floor, agent) != "offline", what=f"the desk of {agent}")  # type: ignore[misc]
            order(self._floor, CommandKind.SET_READY, agent)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def join(self, agent: str) -> None:
        """One more page, which is not Ready yet."""
        self._alive = self._alive | {agent}
        wait_for(lambda: state_of(self._floor, agent) != "offline", what=f"the desk of {agent}")

    def die(self, agent: str) -> None:
        """The page freezes: its phone still rings, and it proves nothing any more."""
        self._alive = self._alive - {agent}

    def _prove(self) -> None:
        while not self._ended.wait(0.5):
            self._floor.prove(*self._alive)


@contextlib.contextmanager
def floor_on(settings: Settings, switch: Switch, *agents: str) -> Iterator[Floor]:
    """Telephony on an Asterisk that the test set up itself."""
    floor = Floor(settings, switch)
    floor.add_agents(*agents)
    floor.start()
    try:
        yield floor
    finally:
        floor.stop()


@contextlib.contextmanager
def telephony_process(floor: Floor, *agents: str) -> Iterator[subprocess.Popen[bytes]]:
    """Telephony in a process of its own, which a test may kill."""
    switch = floor.switch
    env = os.environ | {
        "WARDLINE_DATABASE_URL": floor.settings.database_url,
        "WARDLINE_DATA_DIR": str(floor.settings.data_dir),
        "WARDLINE_REDIS_URL": floor.settings.redis_url,
        "WARDLINE_SECRET_KEY": floor.settings.secret_key,
        "WARDLINE_AMI_URL": f"ami://{switch.ami.username}:{switch.ami.secret}@{switch.ami.host}:{switch.ami.port}",
        "WARDLINE_SPOOL_DIR": str(floor.settings.spool_dir),
        "WARDLINE_CEL_FILE": str(floor.settings.cel_file),
    }
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-m", "tests.live.telephony_process", *agents], env=env, cwd=root)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def order(floor: Floor, kind: CommandKind, agent: str, *, id: str = "", **args: Any) -> str:
    """Order and wait until it is done. Returns the command's id."""
    id = id or str(uuid.uuid4())
    calls.order(floor.parts, id=id, kind=kind, args=args, agent=agent, issued_by=agent)
    return id


def state_of(floor: Floor, agent: str) -> str:
    with floor.parts.database.reading() as session:
        row = session.get(AgentStatus, agent)
        return row.state if row else ""


def reason_of(floor: Floor, agent: str) -> str | None:
    with floor.parts.database.reading() as session:
        row = session.get(AgentStatus, agent)
        return row.reason if row else None


def all_calls(floor: Floor) -> list[Call]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(Call).order_by(Call.started_at)))


def ended_calls(floor: Floor) -> list[Call]:
    return [call for call in all_calls(floor) if call.ended_at is not None]


def legs_of(floor: Floor, call: Call) -> list[Leg]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(Leg).where(Leg.call_id == call.id).order_by(Leg.started_at)))


def journal_size(floor: Floor) -> int:
    with floor.parts.database.reading() as session:
        return session.scalar(select(func.count()).select_from(JournalEntry)) or 0


def wait_for_state(floor: Floor, agent: str, state: str, *, seconds: float = 10) -> None:
    wait_for(lambda: state_of(floor, agent) == state, seconds=seconds, what=f"{agent} {state}")


def wait_for_ended(floor: Floor, count: int = 1, *, seconds: float = 15) -> list[Call]:
    wait_for(lambda: len(ended_calls(floor)) >= count, seconds=seconds, what=f"the end of {count} calls")
    return ended_calls(floor)
