"""The day's list of 200 agents over 200,000 open follow-ups, and claims, each beside SQL written by hand."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from app.access.rules import DEFAULT_GRANTS, Viewer
from app.accounts.rules import Role
from app.bulk import insert_rows
from app.bus import LocalBus
from app.db import Database
from app.followups import service
from app.followups.models import FollowupTask
from app.followups.rules import TaskState
from app.followups.service import TaskFilters
from app.parts import utc_now
from tests.bench.adapter import Row
from tests.bench.hospital import copy_hospital

_TASKS = 200_000
_AGENTS = 200
_CLAIMS = 400
_COLUMNS = (
    "patient_id", "kind", "mode", "title", "text", "why", "role", "assignee", "state", "due_on", "due_at", "late_at",
    "work_at", "attempts", "recovery", "opinion", "suggestion", "wish", "draft", "created_at", "changed_at",
    "row_version",
)  # fmt: skip
_LIST = """SELECT t.id, p.name FROM followup_task t JOIN patient p ON p.id = t.patient_id
WHERE t.state IN ('due', 'in_progress', 'not_reached', 'planned') AND t.work_at <= :until
AND (t.assignee = :me OR t.claimed_by = :me
  OR (t.assignee IS NULL AND t.claimed_by IS NULL AND t.role = 'service_centre'))
ORDER BY t.work_at, t.id LIMIT 51"""
_CLAIM = """UPDATE followup_task SET state = 'in_progress', claimed_by = :me, claimed_until = :until
WHERE id = :id AND state IN ('due', 'planned', 'not_reached')"""


def measure() -> list[Row]:
    """One page of the list for each agent, and claims one after the other, on SQLite among a million patients."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wardline.db"
        copy_hospital(path)
        database = Database(f"sqlite:///{path}")
        ids = _fill(database)
        rows = [_list_row(database), _claim_row(database, ids)]
        database.close()
    return rows


def _fill(database: Database) -> list[int]:
    now, chance = utc_now(), random.Random(7)
    with database.writing() as session:
        patients = list(session.scalars(text("SELECT id FROM patient ORDER BY id LIMIT 200000")))
        made: list[tuple[object, ...]] = []
        for number in range(_TASKS):
            due = now + timedelta(minutes=chance.randint(-3_000, 40_000))
            owner = f"agent{number % _AGENTS}" if number % 2 else None
            state = TaskState.DUE.value if due <= now else TaskState.PLANNED.value
            made.append(
                (
                    patients[number % len(patients)], "routine", "phone", "随访", "", "", "service_centre", owner,
                    state, due.date(), due, due + timedelta(days=3), due, 0, "", "", "", "", {}, now, now, 1,
                )
            )  # fmt: skip
        insert_rows(session.connection(), FollowupTask, _COLUMNS, made)
        session.execute(text("ANALYZE"))
        return list(session.scalars(text("SELECT id FROM followup_task WHERE assignee IS NULL LIMIT 5000")))


def _list_row(database: Database) -> Row:
    now = utc_now()
    states = (TaskState.DUE, TaskState.IN_PROGRESS, TaskState.NOT_REACHED, TaskState.PLANNED)

    def ours(name: str) -> object:
        viewer = Viewer(user_id=1, username=name, role=Role.AGENT, grants=DEFAULT_GRANTS[Role.AGENT])
        with database.reading() as session:
            filters = TaskFilters(whose="mine", states=states, work_until=now)
            return service.list_tasks(session, filters, viewer=viewer, limit=50)

    def bare(name: str) -> object:
        with database.reading() as session:
            return session.execute(text(_LIST), {"me": name, "until": now.replace(tzinfo=None).isoformat(" ")}).all()

    took, least = _median(ours), _median(bare)
    return (
        f"day's list of {_AGENTS} agents, {_TASKS:,} open follow-ups",
        f"{took:.1f} ms a page",
        f"{least:.1f} ms (bare SQL)",
        f"{took / least:.1f}",
        "–",
    )


def _claim_row(database: Database, ids: list[int]) -> Row:
    bus, now = LocalBus(), utc_now()

    def ours(task_id: int) -> None:
        with database.writing() as session:
            assert service.claim(session, bus, task_id, by="agent1", now=now)

    def bare(task_id: int) -> None:
        with database.writing() as session:
            session.execute(text(_CLAIM), {"me": "agent1", "until": now.isoformat(" "), "id": task_id})

    per_second = _rate(ours, ids[:_CLAIMS])
    floor = _rate(bare, ids[_CLAIMS : 2 * _CLAIMS])
    return (
        "follow-ups claimed",
        f"{per_second:.0f}/s",
        f"{floor:.0f}/s (bare UPDATE)",
        f"{per_second / floor:.2f}",
        "–",
    )


def _median(run: Callable[[str], object]) -> float:
    times = []
    for number in range(_AGENTS):
        begun = time.perf_counter()
        run(f"agent{number}")
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _rate(run: Callable[[int], None], ids: list[int]) -> float:
    begun = time.perf_counter()
    for task_id in ids:
        run(task_id)
    return len(ids) / (time.perf_counter() - begun)
