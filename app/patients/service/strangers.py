"""Somebody of whom only a number is known: a first call or text makes a record, which an agent names later (P-05).

Until then the number still counts as unknown: the desk asks who it is, and the record collects what comes from there.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED, viewer_of
from app.bus import Bus
from app.errors import InvalidInput
from app.patients.models import Patient
from app.patients.rules import Sex, is_unnamed, name_of_stranger
from app.patients.service.activity import touch
from app.patients.service.data import PatientData, PhoneData
from app.patients.service.matching import Match
from app.patients.service.records import create_patient, data_of, update_patient
from app.settings import Settings

_PATIENT: Any = Patient.__table__
_WHOLE = {UNSCOPED: True}
_NOT_SAID: tuple[object, ...] = (None, "", (), {}, Sex.UNKNOWN)


def keep_stranger(
    session: Session, bus: Bus, number: str, found: Match, *, settings: Settings, at: datetime, now: datetime
) -> int | None:
    """The record of this unknown E.164 number, made when there is none; nothing when people on record have it.

    `found` is what `find_caller` says of the number, `at` when the contact was. Nothing as well for what is no number.
    """
    if found.candidates:
        return None
    patient_id = found.unnamed_id
    if patient_id is None:
        data = PatientData(name=name_of_stranger(number), is_provisional=True, phones=(PhoneData(number=number),))
        try:
            patient_id = create_patient(session, bus, data, settings=settings, by=None, now=now).id
        except InvalidInput:
            return None
    touch(session, patient_id, at)
    return patient_id


def name_stranger(
    session: Session, bus: Bus, patient_id: int, data: PatientData, *, settings: Settings, by: str | None, now: datetime
) -> Patient | None:
    """Give the record of a stranger what is now known; nothing when somebody has named it already.

    What `data` leaves out stays. The record becomes that of `by`, whose scope it may have been outside of.
    """
    if not has_no_name(session, patient_id):
        return None
    viewer = viewer_of(session)
    department = data.department_id or (viewer.department if viewer is not None else None)
    taken = update(_PATIENT).where(_PATIENT.c.id == patient_id).values(created_by=by)
    session.execute(taken, execution_options=_WHOLE)
    touch(session, patient_id, now, department)
    session.expire_all()
    known = data_of(session.execute(select(Patient).where(Patient.id == patient_id)).scalar_one())
    told = {each.name: value for each in fields(data) if (value := getattr(data, each.name)) not in _NOT_SAID}
    changed = replace(known, **told | {"department_id": department, "phones": known.phones})
    return update_patient(session, bus, patient_id, changed, row_version=None, settings=settings, by=by, now=now)


def has_no_name(session: Session, patient_id: int) -> bool:
    """Whether the record is still a stranger's. Outside the scope as well: the answer tells nothing of anybody."""
    wanted = select(Patient.name, Patient.is_provisional).where(Patient.id == patient_id)
    row = session.execute(wanted, execution_options=_WHOLE).first()
    return row is not None and is_unnamed(row.name, is_provisional=row.is_provisional)
