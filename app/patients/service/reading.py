"""Find the one record that an id leads to: after a merge an old id leads to the record that holds the person now."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.errors import NotFound
from app.patients.models import Patient
from app.patients.service.activity import surviving_ids
from app.texts import N_


def get_patient(session: Session, patient_id: int) -> Patient:
    """The record with its phones, identifiers and contact persons loaded; its id is another one after a merge (U-12).

    Raises NotFound when there is none that the session's viewer may see.
    """
    options = (selectinload(Patient.phones), selectinload(Patient.identifiers), selectinload(Patient.contacts))
    patient = session.scalar(
        select(Patient).where(Patient.id == require_patient(session, patient_id)).options(*options)
    )
    if patient is None:
        raise NotFound(N_("No such patient."))
    return patient


def require_patient(session: Session, patient_id: int) -> int:
    """The id of the record that holds this person now. Raises NotFound as `get_patient` does."""
    if 0 < patient_id < 2**31:
        row = session.execute(select(Patient.id, Patient.merged_into_id).where(Patient.id == patient_id)).first()
        if row is not None and row.merged_into_id is None:
            return patient_id
        # The merged record may be out of scope while the record that holds the person is within it.
        winner = surviving_ids(session, [patient_id]).get(patient_id, patient_id)
        if winner != patient_id and session.scalar(select(Patient.id).where(Patient.id == winner)) is not None:
            return winner
    raise NotFound(N_("No such patient."))
