"""The record of one person with 500 items: the page as a browser gets it, and the bare statements for the same rows.

The floor reads every row of the person from the same file with the database driver alone, and makes nothing of them.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.messages.models import Message
from app.parts import Parts
from app.patients.service import PatientData, create_patient
from app.schema import upgrade_schema
from app.settings import Settings
from app.visits import service as visits
from app.visits.service import ChargeData, DiagnosisData, ExamData, ExamResultData, VisitData
from app.web.app import create_app
from tests.bench.adapter import Row
from tests.web.browser import PASSWORD, Browser

_ROUNDS = 40
_EACH = 100  # visits, diagnoses, charges, exams and messages: 500 items
_TABLES = ("visit", "diagnosis", "operation", "medication", "charge", "exam", "exam_result", "message", "call")
_AIM = "≤ 500 ms"


def measure() -> list[Row]:
    """p50 and p95 of the whole page, from request to last byte, beside the bare statements."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wardline.db"
        parts = _open(path, folder)
        try:
            patient_id = _fill(parts)
            browser = Browser(create_app(parts))
            browser.sign_in("bench")
            ours = _timed(lambda: browser.client.get(f"/patients/{patient_id}").data)
            with sqlite3.connect(path) as connection:
                floor = _timed(lambda: [_read(connection, table, patient_id) for table in _TABLES])
        finally:
            parts.close()
    rows = []
    for name, place, aim in (("p50", 49, "–"), ("p95", 94, _AIM)):
        mine, least = (statistics.quantiles(values, n=100, method="inclusive")[place] for values in (ours, floor))
        what = f"record of 500 items, {name}"
        rows.append((what, f"{mine:.0f} ms", f"{least:.2f} ms (bare SQL)", f"{mine / least:.0f}", aim))
    return rows


def _open(path: Path, folder: str) -> Parts:
    url = f"sqlite:///{path}"
    upgrade_schema(url)
    return Parts.open(
        Settings.from_env(
            {
                "WARDLINE_DATA_DIR": folder,
                "WARDLINE_DATABASE_URL": url,
                "WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters",
            }
        )
    )


def _fill(parts: Parts) -> int:
    now = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    days = [(place, now - timedelta(days=place)) for place in range(_EACH)]
    result = ExamResultData(item="cholesterol", value="6.2", unit="mmol/L", normal_range="3.1–5.7", flag="high")
    with parts.database.writing() as session:
        create_user(
            session, username="bench", display_name="Bench", role=Role.SUPERVISOR, password=PASSWORD, now=parts.now()
        )
        data = PatientData(name="王秀兰", is_provisional=True)
        patient_id = create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=now).id
        visit_rows = [
            VisitData(
                patient_id=patient_id, source_system="HIS", source_key=f"v{place}", kind="outpatient", started_at=at
            )
            for place, at in days
        ]
        diagnoses = [
            DiagnosisData(
                patient_id=patient_id,
                source_system="HIS",
                source_key=f"d{place}",
                visit_key=f"v{place}",
                text="essential hypertension",
                at=at,
            )
            for place, at in days
        ]
        charges = [
            ChargeData(
                patient_id=patient_id,
                source_system="HIS",
                source_key=f"c{place}",
                visit_key=f"v{place}",
                day=at.date(),
                at=at,
                item="amlodipine",
                kind="drug",
                amount_cents=3640,
            )
            for place, at in days
        ]
        exams = [
            ExamData(
                patient_id=patient_id,
                source_system="LIS",
                source_key=f"e{place}",
                kind="laboratory",
                name="blood fats",
                at=at,
                results=(result, result),
            )
            for place, at in days
        ]
        visits.receive_visits(session, parts.bus, visit_rows, now=now)
        visits.receive_diagnoses(session, parts.bus, diagnoses, now=now)
        visits.receive_charges(session, charges)
        visits.receive_exams(session, parts.bus, exams, now=now)
        session.add_all(
            Message(
                direction="in",
                kind="care",
                state="read",
                number="",
                patient_id=patient_id,
                text="thanks",
                created_at=at,
            )
            for _, at in days
        )
    return patient_id


def _read(connection: sqlite3.Connection, table: str, patient_id: int) -> list[tuple[object, ...]]:
    statement = f"SELECT * FROM {table} WHERE patient_id = ?"  # noqa: S608 - the names are above
    return connection.execute(statement, (patient_id,)).fetchall()


def _timed(work: Callable[[], object]) -> list[float]:
    work()
    taken = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken
