"""Patients who are parked now."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.patients.models import Patient

# More than this nobody can look after; the rest comes back by itself.
_MOST = 20


def parked_calls(session: Session) -> list[tuple[Call, str | None]]:
    """The parked calls that the session's viewer may see, with the patient's name; longest parked first."""
    rows = session.execute(
        select(Call, Patient.name)
        .outerjoin(Patient, Patient.id == Call.patient_id)
        .where(Call.parked_at.is_not(None), Call.ended_at.is_(None))
        .order_by(Call.parked_at)
        .limit(_MOST)
    )
    return [(call, name) for call, name in rows]
