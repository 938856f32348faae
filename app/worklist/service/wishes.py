"""Wishes that patients told us and nobody has answered (G-11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app.patients.models import Patient, PatientNote


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWish:
    patient_id: int
    patient_name: str
    text: str
    at: datetime
    created_by: str | None


def count_open_wishes(session: Session) -> int:
    """How many wishes wait for an answer."""
    return session.scalar(select(func.count()).select_from(PatientNote).join(Patient, _owner()).where(_is_open())) or 0


def open_wishes(session: Session, *, limit: int) -> Sequence[OpenWish]:
    """The wishes that wait, the oldest first."""
    rows = session.execute(
        select(PatientNote, Patient.name)
        .join(Patient, _owner())
        .where(_is_open())
        .order_by(PatientNote.at, PatientNote.id)
        .limit(limit)
    )
    return [
        OpenWish(patient_id=note.patient_id, patient_name=name, text=note.text, at=note.at, created_by=note.created_by)
        for note, name in rows
    ]


def _owner() -> ColumnElement[bool]:
    return Patient.id == PatientNote.patient_id


def _is_open() -> ColumnElement[bool]:
    return and_(PatientNote.kind == "wish", PatientNote.answered_at.is_(None), Patient.deceased_at.is_(None))
