"""To which number of a person a text goes. Everything that writes to patients asks here."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.patients.models import ContactPerson, PatientPhone
from app.patients.rules import PhoneKind


def mobiles_of(session: Session, patient_ids: Collection[int]) -> dict[int, str]:
    """The mobile (E.164) of each person who has one, in one query: at most some thousand people at once.

    An own number that holds comes before every other; a contact person's is taken only where that person may be told
    about the patient (P-15).
    """
    query = (
        select(PatientPhone.patient_id, PatientPhone.number)
        .outerjoin(ContactPerson, ContactPerson.id == PatientPhone.contact_person_id)
        .where(PatientPhone.patient_id.in_(patient_ids), PatientPhone.kind == PhoneKind.MOBILE)
        .where(or_(PatientPhone.contact_person_id.is_(None), ContactPerson.may_be_told))
        .order_by(
            PatientPhone.contact_person_id.is_not(None),
            PatientPhone.is_valid.desc(),
            PatientPhone.do_not_text,
            PatientPhone.id,
        )
    )
    found: dict[int, str] = {}
    for patient_id, number in session.execute(query):
        found.setdefault(patient_id, number)
    return found
