"""Plans for 100,000 discharges started by the sweep, beside a bare bulk insert of the rows that it makes.

`BENCH_DISCHARGES=10000` is enough to see the pace.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from app.accounts.models import User
from app.bulk import insert_rows
from app.followup_plans import service, tasks
from app.followup_plans.models import FollowupPlan
from app.followup_templates import service as templates
from app.followup_templates.rules import Programme, StartMode, Step
from app.followup_templates.service import TemplateData
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.parts import Parts
from app.patients.models import Patient
from app.visits.models import Visit
from tests.bench.adapter import Row
from tests.bench.importing import highest_memory, memory_used, new_settings
from tests.bench.mass_send import _floor, _ids, _timed

_SIZE = int(os.environ.get("BENCH_DISCHARGES", "100000"))
_DAYS = (7, 15, 30)


def measure() -> Iterator[Row]:
    """One pass over everything that has arrived; then the same pass again, which finds all of it done."""
    with tempfile.TemporaryDirectory(prefix="wardline-bench-") as folder:
        base = Path(folder)
        settings = new_settings(base / "ours")
        parts = Parts.open(settings)
        _fill(parts, _SIZE)
        before = memory_used()
        with highest_memory() as highest:
            taken = _timed(lambda: _pass(parts))
        grown = highest() - before
        again = _timed(lambda: _pass(parts))
        with parts.database.reading() as session:
            plans = session.scalar(select(func.count()).select_from(FollowupPlan))
            made = session.scalar(select(func.count()).select_from(FollowupTask))
        assert (plans, made) == (_SIZE, _SIZE * len(_DAYS)), (plans, made)
        parts.close()
        floor = _floor(settings, new_settings(base / "floor"), ("followup_plan", "followup_task"))
        what = f"plans of {_SIZE:,} discharges, {len(_DAYS)} steps each"
        pace = f"{taken:.1f} s, {_SIZE / taken:,.0f}/s, +{grown:.0f} MB"
        yield (what, pace, f"{floor:.1f} s bare insert", f"{taken / floor:.1f}", "–")
        yield ("the same pass again, nothing to do", f"{again:.1f} s", "–", "–", "–")


def _pass(parts: Parts) -> None:
    service.settle_all(parts, _ids(_SIZE))


def _fill(parts: Parts, size: int) -> None:
    """So many people, each discharged today, and one template that a doctor has approved."""
    now = parts.now()
    with parts.database.writing() as session:
        account = {"password_hash": "-", "created_at": now}
        session.add(User(username="dora", display_name="dora", role="doctor", **account))
        people = ("id", "name", "sex", "is_key_patient", "is_provisional", "custom", "active_at", "created_at",
                  "updated_at", "row_version")  # fmt: skip
        rows = ((each, f"王{each}", "FM"[each % 2], False, False, {}, now, now, now, 1) for each in _ids(size))
        insert_rows(session.connection(), Patient, people, rows)
        columns = ("patient_id", "kind", "number", "doctor", "started_at", "ended_at", "status", "source_system",
                   "source_key")  # fmt: skip
        admitted = now - timedelta(days=5)
        visits = ((each, "inpatient", "", "dora", admitted, now, "done", "HIS", str(each)) for each in _ids(size))
        insert_rows(session.connection(), Visit, columns, visits)
        steps = tuple(
            Step(
                key=f"d{days}",
                days=days,
                kind=TaskKind.ROUTINE,
                mode=TaskMode.PHONE,
                role=TaskRole.ATTENDING_DOCTOR if days == _DAYS[0] else TaskRole.SERVICE_CENTRE,
                titles={"zh_Hans": "出院随访"},
                texts={"zh_Hans": "您好，想了解您出院后的恢复情况。"},
            )
            for days in _DAYS
        )
        programme = Programme(
            anchor="discharge", steps=steps, filters={"visit_kind": "inpatient"}, starts=StartMode.AUTOMATIC
        )
        data = TemplateData(name="出院随访", specialty="general", programme=programme)
        made = templates.create_template(session, data, anchors=["discharge"], by="alice", now=now)
        templates.submit(session, made.id, by="alice", now=now)
        templates.approve(session, parts.bus, made.id, by="dora", is_clinician=True, now=now)
    # The first turn takes the journal as read and makes the cursor.
    tasks.start(parts)
