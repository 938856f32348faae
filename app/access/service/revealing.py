"""A masked value in full, for somebody who has said why. The caller writes the audit entry."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import Revealed
from app.calls.models import Call
from app.errors import NotFound
from app.messages.models import Message
from app.patients.models import Identifier, Patient, PatientPhone
from app.patients.phones import display_number
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealedValue:
    """What was hidden, and whose it is where that is known."""

    value: str
    patient_id: int | None


def reveal_of_patient(session: Session, patient_id: int, what: Revealed, row_id: int | None) -> RevealedValue:
    """A number, identifier or the address of a patient, within the session's scope. Raises NotFound."""
    value: str | None
    if what is Revealed.ADDRESS:
        value = session.scalar(select(Patient.address).where(Patient.id == patient_id))
    elif what is Revealed.PHONE:
        value = session.scalar(
            select(PatientPhone.number).where(PatientPhone.id == row_id, PatientPhone.patient_id == patient_id)
        )
        value = display_number(value) if value else None
    else:
        value = session.scalar(
            select(Identifier.value).where(Identifier.id == row_id, Identifier.patient_id == patient_id)
        )
    if not value:
        raise NotFound(N_("There is nothing to show here."))
    return RevealedValue(value=value, patient_id=patient_id)


def reveal_of_call(session: Session, call_id: str) -> RevealedValue:
    """The number of a call, within the session's scope. Raises NotFound."""
    wanted = select(Call.number, Call.number_signalled, Call.patient_id).where(Call.id == call_id)
    row = session.execute(wanted).first() if "\x00" not in call_id else None
    if row is None or not (row.number or row.number_signalled):
        raise NotFound(N_("There is nothing to show here."))
    value = display_number(row.number) if row.number else row.number_signalled
    return RevealedValue(value=value, patient_id=row.patient_id)


def number_of_contact(session: Session, contact: str) -> str:
    """The E.164 number of `call:<id>` or `message:<id>`, within the session's scope: for a record that is made from it.

    Nothing where there is none. It is for the server's use; who wants to see it asks `reveal_of_call`.
    """
    kind, _colon, key = contact.partition(":")
    wanted = None
    if kind == "call" and "\x00" not in key:
        wanted = select(Call.number).where(Call.id == key)
    elif kind == "message" and key.isdecimal() and len(key) < 10:
        wanted = select(Message.number).where(Message.id == int(key))
    return (session.scalar(wanted) or "") if wanted is not None else ""


def reveal_of_message(session: Session, message_id: int) -> RevealedValue:
    """The number of a text, within the session's scope. Raises NotFound."""
    row = session.execute(select(Message.number, Message.patient_id).where(Message.id == message_id)).first()
    if row is None:
        raise NotFound(N_("There is nothing to show here."))
    return RevealedValue(value=display_number(row.number), patient_id=row.patient_id)
