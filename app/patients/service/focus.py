"""The medical focus of a person for a call: shown once the caller's identity is known, details by consent (guard 8)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contact_policy.models import Consent
from app.messages.rules import MessageKind
from app.organisation.models import Department
from app.visits.models import Course, Diagnosis, Exam, ExamResult, HealthEntry, Medication, Operation, Visit

# What an agent takes in while somebody speaks; the whole of it is one click away.
_MOST = 5
_CURRENT = timedelta(days=365)
_RECENT_OPERATION = timedelta(days=90)
_RECENT_DRUG = timedelta(days=90)
_RECENT_EXAM = timedelta(days=180)


def has_care_consent(session: Session, patient_id: int) -> bool:
    """Whether the person agreed to be told details by telephone or text."""
    wanted = select(Consent.id).where(
        Consent.patient_id == patient_id, Consent.kind == MessageKind.CARE, Consent.is_granted.is_(True)
    )
    return session.scalar(wanted.limit(1)) is not None


def medical_focus(session: Session, patient_id: int, now: datetime) -> dict[str, Any]:
    """What concerns the person now, as docs/desk-protocol.md writes it: within the session's scope and grants."""
    return {
        "diagnoses": _diagnoses(session, patient_id, now),
        "last_visit": _last_visit(session, patient_id),
        "operations": _operations(session, patient_id, now),
        "courses": _courses(session, patient_id),
        "history": _history(session, patient_id),
    }


def medical_details(session: Session, patient_id: int, now: datetime) -> dict[str, Any]:
    """What a person who agreed to it may be told: drugs of late, and results that were not normal."""
    drugs = select(Medication.drug, Medication.dose, Medication.at).where(
        Medication.patient_id == patient_id, Medication.at >= now - _RECENT_DRUG
    )
    results = (
        select(ExamResult.item, ExamResult.value, ExamResult.unit, ExamResult.flag, Exam.at)
        .join(Exam, Exam.id == ExamResult.exam_id)
        .where(ExamResult.patient_id == patient_id, ExamResult.flag.is_not(None), Exam.at >= now - _RECENT_EXAM)
        .order_by(Exam.at.desc(), ExamResult.position)
        .limit(_MOST)
    )
    return {
        "medications": [
            {"drug": row.drug, "dose": row.dose, "at": _iso(row.at)}
            for row in session.execute(drugs.order_by(Medication.at.desc()).limit(_MOST))
        ],
        "results": [
            {"item": row.item, "value": row.value, "unit": row.unit, "flag": row.flag, "at": _iso(row.at)}
            for row in session.execute(results)
        ],
    }


def _diagnoses(session: Session, patient_id: int, now: datetime) -> list[dict[str, Any]]:
    wanted = (
        select(Diagnosis.text, Diagnosis.at, Diagnosis.is_main)
        .where(Diagnosis.patient_id == patient_id, Diagnosis.at >= now - _CURRENT)
        .order_by(Diagnosis.is_main.desc(), Diagnosis.at.desc(), Diagnosis.id.desc())
        .limit(4 * _MOST)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in session.execute(wanted):
        found.setdefault(row.text, {"text": row.text, "at": _iso(row.at), "is_main": row.is_main})
    return list(found.values())[:_MOST]


def _last_visit(session: Session, patient_id: int) -> dict[str, Any] | None:
    wanted = (
        select(Visit.kind, Visit.started_at, Visit.ended_at, Visit.doctor, Department.name)
        .outerjoin(Department, Department.id == Visit.department_id)
        .where(Visit.patient_id == patient_id, Visit.status != "withdrawn")
        .order_by(Visit.started_at.desc())
        .limit(1)
    )
    row = session.execute(wanted).first()
    if row is None:
        return None
    return {
        "kind": row.kind,
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "doctor": row.doctor,
        "department": row.name,
    }


def _operations(session: Session, patient_id: int, now: datetime) -> list[dict[str, Any]]:
    wanted = (
        select(Operation.name, Operation.at, Operation.doctor)
        .where(Operation.patient_id == patient_id, Operation.at >= now - _RECENT_OPERATION)
        .order_by(Operation.at.desc())
        .limit(_MOST)
    )
    return [{"name": row.name, "at": _iso(row.at), "doctor": row.doctor} for row in session.execute(wanted)]


def _courses(session: Session, patient_id: int) -> list[dict[str, Any]]:
    wanted = (
        select(Course.title, Course.starts_on, Course.planned_end_on, Course.doctor)
        .where(Course.patient_id == patient_id, Course.ended_on.is_(None))
        .order_by(Course.starts_on.desc())
        .limit(_MOST)
    )
    return [
        {
            "title": row.title,
            "starts_on": _iso(row.starts_on),
            "ends_on": _iso(row.planned_end_on),
            "doctor": row.doctor,
        }
        for row in session.execute(wanted)
    ]


def _history(session: Session, patient_id: int) -> list[dict[str, Any]]:
    wanted = (
        select(HealthEntry.text, HealthEntry.at)
        .where(HealthEntry.patient_id == patient_id, HealthEntry.kind == "history")
        .order_by(HealthEntry.at.desc())
        .limit(_MOST)
    )
    return [{"text": row.text[:200], "at": _iso(row.at)} for row in session.execute(wanted)]


def _iso(value: datetime | date | None) -> str | None:
    return value.isoformat() if value else None
