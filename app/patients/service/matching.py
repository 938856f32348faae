"""Who may be calling from a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.access.service.scoping import UNSCOPED
from app.calls.models import Call
from app.messages.models import Message
from app.patients.models import ContactPerson, Patient, PatientPhone
from app.patients.rules import Candidate, MatchFact, is_unnamed, rank_candidates

# A clinic's own number typed for thousands of people must not slow a pop down: 200 rows cost 3 ms.
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who may be calling, likeliest first, and the record of a number that has no name yet."""

    candidates: list[Candidate] = field(default_factory=list)
    unnamed_id: int | None = None


def match_number(session: Session, number: str, *, now: datetime) -> list[Candidate]:
    """Who may be calling from this E.164 number, likeliest first, each person once (T-02, T-03, P-06, P-15).

    The only place where a number becomes a person. `app.patients.rules.match_state` says what follows from the list.
    A withheld number ("") is nobody's. People outside the session's scope count as well: a number that two people
    share is never taken for the one whom the agent may see. Their cards are not shown.
    """
    return find_caller(session, number, now=now).candidates


def find_caller(session: Session, number: str, *, now: datetime) -> Match:
    """As `match_number`, with the record of the number itself when nobody has been named for it yet (P-05)."""
    if not number:
        return Match()
    rows = session.execute(_FACTS, {"number": number}, execution_options={UNSCOPED: True}).all()
    facts = [_fact(row) for row in rows]
    unnamed = next((fact.patient_id for fact in facts if fact.is_unnamed), None)
    return Match(candidates=rank_candidates(facts, now), unnamed_id=unnamed)


def number_to_dial(session: Session, patient_id: int, phone_id: int) -> str:
    """The E.164 number of this phone if it is the patient's and not marked wrong, else nothing."""
    phone = session.get(PatientPhone, phone_id)
    return phone.number if phone is not None and phone.patient_id == patient_id and phone.is_valid else ""


_last_call_at = select(func.max(Call.started_at)).where(Call.patient_id == Patient.id, Call.ended_at.is_not(None))
_last_message_at = select(func.max(Message.created_at)).where(Message.patient_id == Patient.id)
_FACTS = (
    select(
        PatientPhone.patient_id,
        PatientPhone.id.label("phone_id"),
        PatientPhone.kind,
        PatientPhone.extension,
        PatientPhone.is_valid,
        PatientPhone.contact_person_id,
        ContactPerson.relation,
        Patient.name,
        Patient.is_provisional,
        Patient.deceased_at,
        _last_call_at.correlate(Patient).scalar_subquery().label("last_call_at"),
        _last_message_at.correlate(Patient).scalar_subquery().label("last_message_at"),
    )
    .join(Patient, Patient.id == PatientPhone.patient_id)
    .outerjoin(ContactPerson, ContactPerson.id == PatientPhone.contact_person_id)
    .where(PatientPhone.number == bindparam("number"), Patient.merged_into_id.is_(None))
    .order_by(PatientPhone.id)
    .limit(_MOST_ROWS)
)


def _fact(row: Any) -> MatchFact:
    return MatchFact(
        patient_id=row.patient_id,
        phone_id=row.phone_id,
        kind=row.kind,
        extension=row.extension,
        is_valid=row.is_valid,
        contact_person_id=row.contact_person_id,
        relation=row.relation,
        is_provisional=row.is_provisional,
        is_deceased=row.deceased_at is not None,
        last_contact_at=max(filter(None, (row.last_call_at, row.last_message_at)), default=None),
        is_unnamed=is_unnamed(row.name, is_provisional=row.is_provisional),
    )
