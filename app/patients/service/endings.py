"""Two facts that stop what is planned for somebody: a death, and a number that is somebody else's (guard 11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.db import rows_changed
from app.journal import service as journal
from app.patients.models import Patient, PatientPhone
from app.patients.service.reading import require_patient

OnDeath = Callable[[Session, Bus, int, str | None, datetime], None]
"""Gets the patient's id, who said so, and the time, in the transaction that records the death."""

_listeners: dict[str, OnDeath] = {}


def on_death(name: str, listener: OnDeath) -> None:
    """Let a room end what it had planned when somebody dies. The same name again replaces it."""
    _listeners[name] = listener


def tell_death(session: Session, bus: Bus, patient_id: int, *, by: str | None, now: datetime) -> None:
    """A record now says that this person is dead, whoever wrote it."""
    for listener in _listeners.values():
        listener(session, bus, patient_id, by, now)


def report_death(session: Session, bus: Bus, patient_id: int, *, by: str | None, now: datetime) -> None:
    """Record a death that somebody was told of. Nothing changes when it is on record already. Raises NotFound."""
    patient_id = require_patient(session, patient_id)
    died = session.execute(
        update(Patient)
        .where(Patient.id == patient_id, Patient.deceased_at.is_(None))
        .values(deceased_at=now, updated_at=now, row_version=Patient.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    if rows_changed(died) == 1:
        _journal(session, bus, patient_id, by, now)
        tell_death(session, bus, patient_id, by=by, now=now)


def mark_number_wrong(
    session: Session, bus: Bus, patient_id: int, phone_id: int, *, by: str | None, now: datetime
) -> None:
    """This number is not this person's: nothing calls or texts it for them any more. Raises NotFound for the person."""
    patient_id = require_patient(session, patient_id)
    marked = session.execute(
        update(PatientPhone)
        .where(PatientPhone.id == phone_id, PatientPhone.patient_id == patient_id, PatientPhone.is_valid)
        .values(is_valid=False),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    if rows_changed(marked) == 1:
        _journal(session, bus, patient_id, by, now)


def _journal(session: Session, bus: Bus, patient_id: int, by: str | None, now: datetime) -> None:
    entry = journal.Entry(kind="patient.changed", at=now, agent=by, payload={"patient_id": patient_id})
    journal.append(session, bus, [entry])
