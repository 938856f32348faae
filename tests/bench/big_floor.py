"""A floor of five hundred agents in a web process of its own, whose states change as telephony would write it.

`python -m tests.bench.big_floor PORT FOLDER CHANGES_PER_SECOND`; 0 changes is a floor on which nothing happens.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import insert, select, update

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.accounts.service import passwords
from app.agents.models import AgentStatus
from app.agents.rules import AgentChanged, AgentRecord, AgentState
from app.calls.models import Call, Leg
from app.calls.service import record_facts
from app.organisation import service as organisation
from app.organisation.rules import DepartmentKind
from app.parts import Parts
from app.patients.models import Patient
from app.queues.models import Queue, QueueMember, TelephonyLink
from app.schema import upgrade_schema
from app.settings import Settings
from app.teams import service as teams
from app.web.server import run_web
from tests.bench.hospital import PASSWORD

AGENTS, TEAM, CALLS_TODAY, WAITING = 500, 25, 3_000, 12
QUEUES = ("hotline", "checkup", "ward", "surgery", "children")
_CYCLE = (AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP)
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def settings_in(folder: Path) -> Settings:
    return Settings.from_env(
        {
            "WARDLINE_DATA_DIR": str(folder),
            "WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters",
            "WARDLINE_SIP_WS_URL": "ws://127.0.0.1:9/ws",
        }
    )


def make_floor(folder: Path, agents: int = AGENTS) -> None:
    """The database: agents in teams on two sites, queues, a day's calls, a third of the agents in a call."""
    settings = settings_in(folder)
    upgrade_schema(settings.database_url)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    parts, chance = Parts.open(settings), random.Random(20261128)
    now = parts.now()
    with parts.database.writing() as session:
        session.add(TelephonyLink(id=1, state="up", since=now, as_of=now))
        for name in QUEUES:
            session.add(
                Queue(name=name, label=f"{name.title()} 热线", service_level_seconds=20, service_level_target=0.8)
            )
        sites = [
            organisation.create_department(session, code=f"S{n}", name=f"院区 {n}", kind=DepartmentKind.SITE, now=now)
            for n in (1, 2)
        ]
        accounts.create_user(
            session, username="boss", display_name="周主管", role=Role.SUPERVISOR, password=PASSWORD, now=now
        )
        names = [f"agent{number:03}" for number in range(1, agents + 1)]
        for name in names:
            shown = chance.choice(_SURNAMES) + "".join(chance.sample(_GIVEN, chance.choice((1, 2))))
            site = chance.choice(sites).id
            accounts.create_user(
                session,
                username=name,
                display_name=shown,
                role=Role.AGENT,
                password=PASSWORD,
                now=now,
                department_id=site,
            )
            served = chance.sample(QUEUES, chance.choice((1, 1, 2, 3)))
            session.add_all(QueueMember(queue=each, username=name, penalty=chance.choice((0, 0, 1))) for each in served)
        session.flush()
        for number, members in enumerate(_batches(names)):
            data = teams.TeamData(name=f"{number + 1} 组", leader=members[0], members=members)
            teams.add_team(session, parts.bus, data, now)
        session.add_all(
            Patient(
                id=n, name=chance.choice(_SURNAMES) + chance.choice(_GIVEN), sex="F", created_at=now, updated_at=now
            )
            for n in range(1, 401)
        )
        session.flush()
        calls = _calls(parts, names, chance)
        session.execute(insert(Call), calls)
        session.execute(insert(Leg), _legs(calls))
        talking = names[: agents // 3]
        for place, name in enumerate(talking):
            since = now - timedelta(seconds=chance.randrange(600))
            session.execute(
                update(AgentStatus)
                .where(AgentStatus.id == name)
                .values(state="talking", since=since, call_id=f"talk-{place}")
            )
        states = ("ready", "ready", "not_ready", "wrap_up", "offline")
        for name in names[len(talking) :]:
            values = {"state": chance.choice(states), "since": now - timedelta(seconds=chance.randrange(3600))}
            session.execute(update(AgentStatus).where(AgentStatus.id == name).values(**values))
    parts.close()


def _batches(names: list[str]) -> list[list[str]]:
    return [names[start : start + TEAM] for start in range(0, len(names), TEAM)]


def _calls(parts: Parts, names: list[str], chance: random.Random) -> list[dict[str, object]]:
    return [*_ended_calls(parts, names, chance), *_present_calls(parts, names, chance)]


def _ended_calls(parts: Parts, names: list[str], chance: random.Random) -> Iterator[dict[str, object]]:
    """Half of them today, half on the same day of last week."""
    now = parts.now()
    for number in range(CALLS_TODAY * 2):
        week = timedelta(days=7) if number % 2 else timedelta(0)
        started = now - timedelta(seconds=chance.triangular(60, 9 * 3600)) - week
        waited = chance.expovariate(1 / 12)
        is_answered = chance.random() < 0.92
        ended = started + timedelta(seconds=waited + (chance.randrange(30, 400) if is_answered else 0))
        yield _call(
            f"done-{number}",
            started,
            queue=chance.choice(QUEUES),
            answered_at=started + timedelta(seconds=waited) if is_answered else None,
            ended_at=min(ended, now),
            state="wrapped_up" if is_answered else "abandoned",
            agent=chance.choice(names) if is_answered else None,
        )


def _present_calls(parts: Parts, names: list[str], chance: random.Random) -> Iterator[dict[str, object]]:
    now = parts.now()
    for place, name in enumerate(names[: len(names) // 3]):
        at = now - timedelta(seconds=chance.randrange(5, 600))
        known = {"patient_id": chance.randrange(1, 400), "match_state": "single"} if place % 3 else {}
        queue = chance.choice(QUEUES)
        yield _call(f"talk-{place}", at, state="answered", agent=name, answered_at=at, queue=queue, **known)
    for place in range(WAITING):
        at = now - timedelta(seconds=chance.randrange(3, 90))
        yield _call(f"wait-{place}", at, state="ringing", queue=chance.choice(QUEUES))


def _call(id: str, started: datetime, **changes: object) -> dict[str, object]:
    call: dict[str, object] = {
        "id": id,
        "linkedid": id,
        "direction": "inbound",
        "state": "ringing",
        "number": "+8613800138000",
        "number_signalled": "13800138000",
        "dialled": "4000",
        "queue": "hotline",
        "agent": None,
        "match_state": "none",
        "patient_id": None,
        "started_at": started,
        "queued_at": started,
        "answered_at": None,
        "ended_at": None,
    }
    return call | changes


def _legs(calls: list[dict[str, object]]) -> list[dict[str, object]]:
    """Each answered call has one agent, who was rung at once."""
    return [
        {
            "uniqueid": call["id"],
            "call_id": call["id"],
            "agent": call["agent"],
            "started_at": call["started_at"],
            "answered_at": call["answered_at"],
            "ended_at": call["ended_at"],
        }
        for call in calls
        if call["answered_at"] is not None
    ]


class _Changes:
    """Changes one agent after the other, each in a transaction as telephony does; the link stays proved."""

    def __init__(self, parts: Parts, per_second: float) -> None:
        self._parts, self._per_second = parts, per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    def _run(self) -> None:
        with self._parts.database.reading() as session:
            free = session.scalars(
                select(AgentStatus.id).where(AgentStatus.state != "talking").order_by(AgentStatus.id)
            )
            places = {agent: place % len(_CYCLE) for place, agent in enumerate(free) if agent.startswith("agent")}
        agents, due, proved = itertools.cycle(places), time.monotonic(), 0.0
        while not self._over.wait(max(0.0, min(due, proved + 1) - time.monotonic())):
            if time.monotonic() >= proved + 1:
                proved = time.monotonic()
                with self._parts.database.writing() as session:
                    session.execute(update(TelephonyLink).values(as_of=self._parts.now()))
            if not self._per_second or time.monotonic() < due:
                due = due if self._per_second else time.monotonic() + 1
                continue
            due += 1 / self._per_second
            agent = next(agents)
            places[agent] = (places[agent] + 1) % len(_CYCLE)
            at = self._parts.now()
            record = AgentRecord(username=agent, state=_CYCLE[places[agent]], reason=None, since=at)
            with self._parts.database.writing() as session:
                fact = AgentChanged(at=at, agent=record)
                record_facts(session, self._parts.bus, [fact], at, settings=self._parts.settings)


def main(port: int, folder: Path, per_second: float) -> None:
    # As the embedded shape does it.
    sys.setswitchinterval(0.0005)

    def build() -> tuple[Parts, Callable[[], None]]:
        parts = Parts.open(settings_in(folder))
        return parts, _Changes(parts, per_second).stop

    run_web(build, port)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
