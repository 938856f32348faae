"""The contact policy: whether this person may be written to. Everything that sends asks here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contact_policy.models import Consent
from app.contact_policy.rules import Permission, permit
from app.messages.rules import MessageKind
from app.patients.models import Patient, PatientPhone


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is to be written to: a number (E.164) and, when it is known, the person."""

    number: str
    patient_id: int | None
    kind: MessageKind


def may_contact(
    session: Session, *, patient_id: int | None, number: str, kind: MessageKind, channel: str, now: datetime
) -> Permission:
    """Ask whether a message of this kind may go to this number of this person, on this channel.

    Without a patient the answer covers everybody the number belongs to: it is refused when all of them are dead, or
    when nobody's entry of the number is still held to be right.
    """
    recipient = Recipient(number=number, patient_id=patient_id, kind=kind)
    return may_contact_each(session, [recipient], channel=channel, now=now)[0]


def may_contact_each(
    session: Session, recipients: Sequence[Recipient], *, channel: str, now: datetime
) -> list[Permission]:
    """As may_contact, for many at once in a fixed number of queries; one answer for each, in order."""
    numbers = {recipient.number for recipient in recipients}
    ids = {recipient.patient_id for recipient in recipients if recipient.patient_id is not None}
    entries = session.execute(
        select(
            PatientPhone.number,
            PatientPhone.patient_id,
            PatientPhone.is_valid,
            PatientPhone.do_not_text,
            Patient.deceased_at,
        )
        .join(PatientPhone.patient)
        .where(PatientPhone.number.in_(numbers))
    ).all()
    deaths = dict(session.execute(select(Patient.id, Patient.deceased_at).where(Patient.id.in_(ids))).all())
    consents = _consents(session, recipients, channel)
    answers = []
    for recipient in recipients:
        own = [
            entry
            for entry in entries
            if entry.number == recipient.number and recipient.patient_id in (None, entry.patient_id)
        ]
        people = [entry.deceased_at for entry in own]
        if recipient.patient_id is not None:
            people = [deaths.get(recipient.patient_id)]
        answers.append(
            permit(
                kind=recipient.kind,
                is_deceased=bool(people) and all(death is not None and death <= now for death in people),
                is_wrong_number=bool(own) and not any(entry.is_valid for entry in own),
                is_unwanted=bool(own) and all(entry.do_not_text for entry in own if entry.is_valid),
                has_consent=(recipient.patient_id, recipient.kind) in consents,
            )
        )
    return answers


def record_consent(
    session: Session,
    *,
    patient_id: int,
    kind: MessageKind,
    channel: str,
    is_granted: bool,
    changed_by: str | None,
    now: datetime,
) -> None:
    """Write down that the person agreed, or took it back."""
    query = select(Consent).where(Consent.patient_id == patient_id, Consent.kind == kind, Consent.channel == channel)
    consent = session.scalar(query)
    if consent is None:
        consent = Consent(patient_id=patient_id, kind=kind, channel=channel)
        session.add(consent)
    consent.is_granted, consent.changed_at, consent.changed_by = is_granted, now, changed_by
    session.flush()


def _consents(session: Session, recipients: Sequence[Recipient], channel: str) -> set[tuple[int | None, MessageKind]]:
    ids = {row.patient_id for row in recipients if row.kind is MessageKind.MARKETING and row.patient_id is not None}
    if not ids:
        return set()
    query = select(Consent.patient_id, Consent.kind).where(
        Consent.patient_id.in_(ids), Consent.channel == channel, Consent.is_granted
    )
    return {(patient_id, MessageKind(kind)) for patient_id, kind in session.execute(query)}
