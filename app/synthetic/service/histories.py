"""Write what happened to synthetic people: visits and what belongs to them, and past contacts.

Calls and texts of the past have ids that begin with "synthetic-", so that nobody takes them for traffic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.bulk import insert_rows, keep_ids, last_id
from app.calls.models import Call
from app.calls.rules import CallOutcome, CallState
from app.db import Table
from app.messages.models import Message
from app.organisation.models import Department
from app.patients.models import PatientNote
from app.patients.service.activity import touch_all
from app.queues.service import HOTLINE_QUEUE
from app.synthetic.rules import SyntheticHistory, SyntheticPatient, SyntheticVisit, history_of
from app.synthetic.rules.events import SyntheticCall, SyntheticExam, SyntheticMessage
from app.synthetic.rules.medicine import DEPARTMENTS
from app.visits.models import Charge, Course, Diagnosis, Exam, ExamResult, Medication, Operation, Visit

Row = tuple[Any, ...]
_SOURCE = ("source_system", "source_key")
_COLUMNS: Mapping[type[Table], tuple[str, ...]] = {
    Visit: (
        "id", "patient_id", "kind", "number", "department_id", "ward", "doctor", "started_at", "ended_at", "status",
        *_SOURCE,
    ),
    Diagnosis: ("patient_id", "visit_id", "disease", "text", "is_main", "at", *_SOURCE),
    Operation: ("patient_id", "visit_id", "code", "name", "doctor", "at", *_SOURCE),
    Medication: ("patient_id", "visit_id", "drug", "dose", "quantity", "days", "amount_cents", "at", *_SOURCE),
    Charge: (
        "patient_id", "visit_id", "day", "at", "item", "kind", "amount_cents", "department_id", "doctor", *_SOURCE,
    ),
    Exam: (
        "id", "patient_id", "visit_id", "kind", "name", "package", "amount_cents", "payment", "at", *_SOURCE,
    ),
    ExamResult: ("exam_id", "patient_id", "position", "item", "value", "unit", "normal_range", "flag"),
    Course: (
        "patient_id", "visit_id", "disease", "title", "starts_on", "planned_end_on", "ended_on", "created_at",
        *_SOURCE, "row_version",
    ),
    PatientNote: ("patient_id", "kind", "text", "at", "response", "answered_at"),
    Call: (
        "id", "linkedid", "direction", "state", "outcome", "number", "number_signalled", "dialled", "queue", "agent",
        "patient_id", "match_state", "started_at", "queued_at", "offered_at", "answered_at", "ended_at",
        "wrapped_up_at",
    ),
    Message: (
        "direction", "kind", "state", "number", "service_number", "patient_id", "text", "parts", "is_complete",
        "dedup_key", "created_at", "sent_at", "final_at", "handled_at", "attempts",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Batch:
    """Rows on their way, table by table, parents before children."""

    offset: int
    next_visit: int
    next_exam: int
    departments: Mapping[str, int]
    agents: Sequence[str]
    rows: dict[type[Table], list[Row]] = field(default_factory=lambda: {table: [] for table in _COLUMNS})
    contacts: list[tuple[int, datetime, int | None]] = field(default_factory=list)


def insert_histories(
    session: Session, records: Sequence[SyntheticPatient], *, seed: int, until: datetime, offset: int
) -> None:
    """Insert what happened to these records, which `insert_people` inserted before with the same `offset`."""
    batch = _Batch(
        offset=offset,
        next_visit=last_id(session.connection(), Visit) + 1,
        next_exam=last_id(session.connection(), Exam) + 1,
        departments=ensure_departments(session, until),
        agents=session.scalars(select(User.username).where(User.role == Role.AGENT).order_by(User.username)).all(),
    )
    for record in records:
        _add_history(batch, offset + record.number, history_of(record, seed, until=until))
    for table, columns in _COLUMNS.items():
        insert_rows(session.connection(), table, columns, batch.rows[table])
    keep_ids(session.connection(), Visit, Exam)
    touch_all(session, batch.contacts)


def ensure_departments(session: Session, now: datetime) -> dict[str, int]:
    """The ids of the synthetic hospital's departments by code; those that are not there are made at the top."""
    found = {code: id for code, id in session.execute(select(Department.code, Department.id)) if code in DEPARTMENTS}
    for code, name in DEPARTMENTS.items():
        if code not in found:
            made = Department(code=code, name=name, kind="clinical", created_at=now)
            session.add(made)
            session.flush()
            made.path = f"/{made.id}/"
            found[code] = made.id
    session.flush()
    return found


def _add_history(batch: _Batch, patient_id: int, history: SyntheticHistory) -> None:
    visit_ids: dict[str, int] = {}
    for visit in history.visits:
        visit_ids[visit.key] = batch.next_visit
        _add_visit(batch, patient_id, visit)
    for exam in history.exams:
        _add_exam(batch, patient_id, visit_ids[exam.visit_key], exam)
    for course in history.courses:
        starts = next(visit.started_at for visit in history.visits if visit.key == course.visit_key)
        batch.rows[Course].append(
            (patient_id, visit_ids[course.visit_key], course.disease, course.title, course.starts_on,
             course.planned_end_on, course.ended_on, starts, "HIS", _key(batch, course.key), 1)
        )  # fmt: skip
    for note in history.notes:
        batch.rows[PatientNote].append((patient_id, note.kind, note.text, note.at, note.response, note.answered_at))
    for place, call in enumerate(history.calls):
        _add_call(batch, patient_id, place, call)
    for place, message in enumerate(history.messages):
        _add_message(batch, patient_id, place, message)


def _add_visit(batch: _Batch, patient_id: int, visit: SyntheticVisit) -> None:
    visit_id, department, key = batch.next_visit, batch.departments[visit.department], _key(batch, visit.key)
    batch.next_visit += 1
    rows, at = batch.rows, visit.started_at
    rows[Visit].append(
        (visit_id, patient_id, visit.kind, key, department, visit.ward, visit.doctor, at, visit.ended_at, "done",
         "HIS", key)
    )  # fmt: skip
    rows[Diagnosis].append((patient_id, visit_id, visit.disease, visit.disease_text, True, at, "HIS", key))
    if visit.operation is not None:
        code, name = visit.operation
        rows[Operation].append((patient_id, visit_id, code, name, visit.doctor, visit.operated_at, "HIS", key))
    for place, (drug, days, cents) in enumerate(visit.drugs):
        rows[Medication].append(
            (patient_id, visit_id, drug, None, "1 盒", days, cents, at, "HIS", f"{key}-{place}")
        )  # fmt: skip
    for place, charge in enumerate(visit.charges):
        rows[Charge].append(
            (patient_id, visit_id, charge.day, charge.at, charge.item, charge.kind, charge.amount_cents, department,
             visit.doctor, "HIS", f"{key}-{place}")
        )  # fmt: skip
    batch.contacts.append((patient_id, at, department))


def _add_exam(batch: _Batch, patient_id: int, visit_id: int, exam: SyntheticExam) -> None:
    exam_id = batch.next_exam
    batch.next_exam += 1
    system = "PEIS" if exam.kind == "checkup" else "LIS"
    batch.rows[Exam].append(
        (exam_id, patient_id, visit_id, exam.kind, exam.name, exam.package, exam.amount_cents, exam.payment, exam.at,
         system, _key(batch, exam.key))
    )  # fmt: skip
    batch.rows[ExamResult] += [
        (exam_id, patient_id, place, line.item, line.value, line.unit, line.normal_range, line.flag)
        for place, line in enumerate(exam.results)
    ]


def _add_call(batch: _Batch, patient_id: int, place: int, call: SyntheticCall) -> None:
    key = f"synthetic-{patient_id}-{place}"
    is_inbound, is_answered = call.direction == "inbound", call.answered_at is not None
    agent = batch.agents[(patient_id + place) % len(batch.agents)] if batch.agents else None
    lost = CallState.ABANDONED if call.outcome == CallOutcome.ABANDONED else CallState.FAILED
    state = CallState.WRAPPED_UP if is_answered else lost
    queued = call.started_at if is_inbound else None
    batch.rows[Call].append(
        (key, key, call.direction, state.value, call.outcome, call.number, call.number.removeprefix("+86"),
         "4000" if is_inbound else call.number, HOTLINE_QUEUE if is_inbound else None,
         agent if is_answered or not is_inbound else None, patient_id, "single", call.started_at, queued,
         queued, call.answered_at, call.ended_at, call.ended_at if is_answered else None)
    )  # fmt: skip
    batch.contacts.append((patient_id, call.started_at, None))


def _add_message(batch: _Batch, patient_id: int, place: int, message: SyntheticMessage) -> None:
    is_out = message.direction == "out"
    sent = message.at if is_out else None
    batch.rows[Message].append(
        (message.direction, "care", message.state, message.number, "", patient_id, message.text, 1, True,
         f"synthetic-{patient_id}-{place}", message.at, sent, sent, None if is_out else message.at, 1 if is_out else 0)
    )  # fmt: skip
    batch.contacts.append((patient_id, message.at, None))


def _key(batch: _Batch, key: str) -> str:
    return f"{batch.offset}.{key}"
