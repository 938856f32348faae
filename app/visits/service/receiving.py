"""Take in what HIS, LIS, PEIS and EMR say: each row once, the source's latest state, whatever the order of arrival.

All functions take rows of one kind from one or more systems, look at what is there in a fixed number of statements for
each thousand, write in bulk, and never commit. A row of a merged person goes to the record that holds the person now.
An unknown patient is an error of the caller's: NotFound, nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.bus import Bus
from app.db import Table
from app.journal import service as journal
from app.patients.service.activity import settle_departments, touch_all
from app.visits.models import (
    Charge,
    ClinicalDocument,
    Course,
    Diagnosis,
    Exam,
    ExamResult,
    Medication,
    Operation,
    Visit,
)
from app.visits.service.data import (
    ChargeData,
    CourseData,
    DiagnosisData,
    DocumentData,
    ExamData,
    ExamResultData,
    MedicationData,
    OperationData,
    Receipt,
    VisitData,
)
from app.visits.service.sourced import Row, Taken, columns_of, take, with_visits

_WHOLE = {UNSCOPED: True}
# A hint on the bus for each visit of a bulk load would drown the live pages; readers take a list as easily.
_IN_AN_ENTRY = 200
# Ids in one statement: SQLite takes 32,766 values.
_CHUNK = 1000
_RESULT: Any = ExamResult.__table__
_RESULT_COLUMNS = ("item", "value", "unit", "normal_range", "flag")


def receive_visit(session: Session, bus: Bus, data: VisitData, *, now: datetime) -> Receipt:
    """Take in one visit, and let whoever has rules on visits know. As `receive_visits`."""
    return receive_visits(session, bus, [data], now=now)


def receive_visits(session: Session, bus: Bus, rows: Sequence[VisitData], *, now: datetime) -> Receipt:
    """Take in visits (P-16). Journalled as "visit.received" with `patient_id` and `visit_id` of a single one, or with
    `patient_ids` and `visit_ids` of up to 200; only what is new or changed is journalled.
    """
    taken = take(session, Visit, [columns_of(row) for row in rows])
    touch_all(session, ((row["patient_id"], min(row["started_at"], now), row["department_id"]) for row in taken.fresh))
    if taken.moved:
        settle_departments(session, taken.moved)
    if len(rows) == 1 and taken.fresh:
        payload = {"patient_id": taken.fresh[0]["patient_id"], "visit_id": taken.fresh[0]["id"]}
        journal.append(session, bus, [journal.Entry(kind="visit.received", at=now, payload=payload)])
        return taken.receipt
    parts = [taken.fresh[start : start + _IN_AN_ENTRY] for start in range(0, len(taken.fresh), _IN_AN_ENTRY)]
    payloads = [
        {"patient_ids": [row["patient_id"] for row in part], "visit_ids": [row["id"] for row in part]} for part in parts
    ]
    journal.append(session, bus, [journal.Entry(kind="visit.received", at=now, payload=each) for each in payloads])
    return taken.receipt


def receive_diagnoses(session: Session, bus: Bus, rows: Sequence[DiagnosisData], *, now: datetime) -> Receipt:
    """Take in diagnoses (P-11). They, operations, drugs and exams are journalled as "clinical.received" with
    `patient_ids`, because rules on them (P-32, P-33) must run again for those people."""
    return _take_parts(session, bus, Diagnosis, rows, now=now)


def receive_operations(session: Session, bus: Bus, rows: Sequence[OperationData], *, now: datetime) -> Receipt:
    """Take in operations (P-16)."""
    return _take_parts(session, bus, Operation, rows, now=now)


def receive_medications(session: Session, bus: Bus, rows: Sequence[MedicationData], *, now: datetime) -> Receipt:
    """Take in drugs as delivered (P-17)."""
    return _take_parts(session, bus, Medication, rows, now=now)


def receive_charges(session: Session, rows: Sequence[ChargeData]) -> Receipt:
    """Take in charge lines, refunds as negative ones (P-18)."""
    return _take_with_visits(session, Charge, rows).receipt


def receive_charge(session: Session, data: ChargeData) -> Receipt:
    """Take in one charge line."""
    return receive_charges(session, [data])


def receive_exams(session: Session, bus: Bus, rows: Sequence[ExamData], *, now: datetime) -> Receipt:
    """Take in exams with their results (P-19)."""
    taken = _take_with_visits(session, Exam, rows)
    results = {(row.source_system, row.source_key): row.results for row in rows}
    # A repeated exam is told with all of its results, and they may have changed without the exam itself.
    there = _results_of(session, [row["id"] for row in taken.current])
    changed = [row for row in taken.current if there.get(row["id"], []) != _plain(results[_key(row)])]
    _write_results(session, changed, results)
    people = [row["patient_id"] for row in (*taken.fresh, *changed)]
    _journal_people(session, bus, people, now)
    touch_all(session, ((row["patient_id"], min(row["at"], now), None) for row in taken.fresh))
    return taken.receipt


def receive_exam(session: Session, bus: Bus, data: ExamData, *, now: datetime) -> Receipt:
    """Take in one exam with its results."""
    return receive_exams(session, bus, [data], now=now)


def receive_documents(session: Session, rows: Sequence[DocumentData]) -> Receipt:
    """Take in texts and links from EMR and PACS (P-22)."""
    return _take_with_visits(session, ClinicalDocument, rows).receipt


def receive_courses(session: Session, bus: Bus, rows: Sequence[CourseData], *, now: datetime) -> Receipt:
    """Take in courses of treatment from HIS (P-38). Journalled as "course.changed", each one."""
    taken = _take_with_visits(session, Course, rows, created_at=now, row_version=1)
    entries = [
        journal.Entry(kind="course.changed", at=now, payload={"patient_id": row["patient_id"], "course_id": row["id"]})
        for row in taken.fresh
    ]
    journal.append(session, bus, entries)
    return taken.receipt


def _take_with_visits(session: Session, table: type[Table], rows: Sequence[Any], **more: Any) -> Taken:
    return take(session, table, with_visits(session, [{**columns_of(row), **more} for row in rows]))


def _take_parts(session: Session, bus: Bus, table: type[Table], rows: Sequence[Any], *, now: datetime) -> Receipt:
    taken = _take_with_visits(session, table, rows)
    _journal_people(session, bus, [row["patient_id"] for row in taken.fresh], now)
    return taken.receipt


def _journal_people(session: Session, bus: Bus, patient_ids: Iterable[int], now: datetime) -> None:
    people = sorted(set(patient_ids))
    parts = [people[start : start + _IN_AN_ENTRY] for start in range(0, len(people), _IN_AN_ENTRY)]
    entries = [journal.Entry(kind="clinical.received", at=now, payload={"patient_ids": part}) for part in parts]
    journal.append(session, bus, entries)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["source_system"], row["source_key"]


def _plain(results: Sequence[ExamResultData]) -> list[tuple[str | None, ...]]:
    return [(each.item, each.value, each.unit, each.normal_range, each.flag) for each in results]


def _results_of(session: Session, exam_ids: Sequence[int]) -> dict[int, list[tuple[str | None, ...]]]:
    found: dict[int, list[tuple[str | None, ...]]] = {}
    lines = select(_RESULT.c.exam_id, *(_RESULT.c[name] for name in _RESULT_COLUMNS))
    for start in range(0, len(exam_ids), _CHUNK):
        chunk = lines.where(_RESULT.c.exam_id.in_(exam_ids[start : start + _CHUNK])).order_by(_RESULT.c.position)
        for exam_id, *values in session.execute(chunk, execution_options=_WHOLE):
            found.setdefault(exam_id, []).append(tuple(values))
    return found


def _write_results(
    session: Session, exams: Sequence[Row], results: Mapping[tuple[str, str], Sequence[ExamResultData]]
) -> None:
    ids = [row["id"] for row in exams]
    for start in range(0, len(ids), _CHUNK):
        old = delete(_RESULT).where(_RESULT.c.exam_id.in_(ids[start : start + _CHUNK]))
        session.execute(old, execution_options=_WHOLE)
    lines = [
        {
            "exam_id": row["id"],
            "patient_id": row["patient_id"],
            "position": place,
            **dict(zip(_RESULT_COLUMNS, line, strict=True)),
        }
        for row in exams
        for place, line in enumerate(_plain(results[_key(row)]))
    ]
    if lines:
        session.execute(insert(_RESULT), lines, execution_options=_WHOLE)
