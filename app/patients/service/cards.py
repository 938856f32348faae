"""The small view of a person that the desk shows while the person is on the line, in layers.

Before the caller is checked it holds who it is and what concerns the conversation; nothing medical, and no birth date,
which is one of the things the caller is asked for (guard 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.calls.rules import DISPOSITION_TEXT, OUTCOME_TEXT, CallOutcome
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import NotFound
from app.messages.models import Message
from app.patients.models import ContactPerson, Patient, PatientFlag, PatientNote, PatientPhone
from app.patients.rules import MOST_CANDIDATES, age_on
from app.patients.service.matching import match_number
from app.texts import N_

_LONGEST_SUMMARY = 80
_MOST_WISHES = 3

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who may be calling: the candidates whom the session's viewer may see, and how many others there are."""

    candidates: list[dict[str, Any]] = field(default_factory=list)
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    now: datetime
    translate: Translate
    own_call: str = ""  # the call that the card is shown on is not the last contact
    is_checked: bool = False


def caller_view(
    session: Session, number: str, now: datetime, *, translate: Translate = str, own_call: str = ""
) -> Caller:
    """The candidates for a number as docs/desk-protocol.md writes them, at most nine: one for each number key."""
    candidates = match_number(session, number, now=now)[:MOST_CANDIDATES]
    look = _Look(now=now, translate=translate, own_call=own_call)
    cards = _cards(session, [(each.patient_id, each.contact_person_id) for each in candidates], look)
    shown = [each for each in candidates if each.patient_id in cards]
    views = [
        {
            "key": str(place),
            "patient": cards[candidate.patient_id],
            "reasons": [{"code": reason.code.value, "text": translate(reason.text)} for reason in candidate.reasons],
        }
        for place, candidate in enumerate(shown, start=1)
    ]
    return Caller(candidates=views, hidden=len(candidates) - len(shown))


def candidates_view(
    session: Session, number: str, now: datetime, *, translate: Translate = str
) -> list[dict[str, Any]]:
    """The candidates of `caller_view` alone."""
    return caller_view(session, number, now, translate=translate).candidates


def patient_card(
    session: Session,
    patient_id: int,
    *,
    now: datetime,
    contact_person_id: int | None = None,
    translate: Translate = str,
    own_call: str = "",
    is_checked: bool = False,
) -> dict[str, Any]:
    """One person as docs/desk-protocol.md writes a patient card. Raises NotFound.

    With `contact_person_id` the card says who is calling for the patient. The age is counted on the calendar day of
    `now` in its own time zone. `is_checked` adds what may be said to a caller whose identity is known.
    """
    look = _Look(now=now, translate=translate, own_call=own_call, is_checked=is_checked)
    found = _cards(session, [(patient_id, contact_person_id)], look)
    if patient_id not in found:
        raise NotFound(N_("No such patient."))
    return found[patient_id]


def patient_cards(
    session: Session, patient_ids: Iterable[int], *, now: datetime, translate: Translate = str
) -> dict[int, dict[str, Any]]:
    """The cards of several people by id, in a fixed number of queries; without those outside the session's scope."""
    look = _Look(now=now, translate=translate)
    return _cards(session, [(patient_id, None) for patient_id in sorted(set(patient_ids))], look)


def card_for_number(
    session: Session,
    patient_id: int,
    number: str,
    *,
    now: datetime,
    translate: Translate = str,
    own_call: str = "",
    is_checked: bool = False,
) -> dict[str, Any]:
    """The card of a known patient for a call from `number`: says so when the number is a contact person's (P-15)."""
    contact_person_id = session.scalar(
        select(PatientPhone.contact_person_id)
        .where(PatientPhone.number == number, PatientPhone.patient_id == patient_id)
        .order_by(PatientPhone.contact_person_id.is_not(None), PatientPhone.id)
        .limit(1)
    )
    return patient_card(
        session,
        patient_id,
        now=now,
        contact_person_id=contact_person_id,
        translate=translate,
        own_call=own_call,
        is_checked=is_checked,
    )


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_PEOPLE = select(Patient).where(Patient.id.in_(_IDS))
_CONTACTS = select(ContactPerson).where(ContactPerson.id.in_(_IDS))
_ranked_calls = (
    select(
        Call.patient_id,
        Call.started_at.label("at"),
        Call.direction,
        Call.note,
        Call.disposition,
        Call.outcome,
        func.row_number()
        .over(partition_by=Call.patient_id, order_by=(Call.started_at.desc(), Call.id.desc()))
        .label("place"),
    )
    .where(Call.patient_id.in_(_IDS), Call.ended_at.is_not(None), Call.id != bindparam("own_call"))
    .subquery()
)
_LAST_CALLS = select(_ranked_calls).where(_ranked_calls.c.place == 1)
_ranked_messages = (
    select(
        Message.patient_id,
        Message.created_at.label("at"),
        Message.direction,
        Message.text,
        func.row_number()
        .over(partition_by=Message.patient_id, order_by=(Message.created_at.desc(), Message.id.desc()))
        .label("place"),
    )
    .where(Message.patient_id.in_(_IDS))
    .subquery()
)
_LAST_MESSAGES = select(_ranked_messages).where(_ranked_messages.c.place == 1)
_OPEN_MESSAGES = (
    select(Message.patient_id, func.count().label("waiting"))
    .where(Message.patient_id.in_(_IDS), Message.direction == "in", Message.handled_at.is_(None))
    .group_by(Message.patient_id)
)


# A flag that a rule set comes from clinical data; one that a person set is there for the conversation.
_FLAGS = (
    select(PatientFlag.patient_id, PatientFlag.flag, PatientFlag.created_by)
    .where(PatientFlag.patient_id.in_(_IDS))
    .order_by(PatientFlag.id)
)
_WISHES = (
    select(PatientNote.patient_id, PatientNote.text, PatientNote.at)
    .where(PatientNote.patient_id.in_(_IDS), PatientNote.kind == "wish", PatientNote.answered_at.is_(None))
    .order_by(PatientNote.at.desc())
    .limit(_MOST_WISHES * MOST_CANDIDATES)
)


def _cards(session: Session, people: Sequence[tuple[int, int | None]], look: _Look) -> dict[int, dict[str, Any]]:
    """Only of those whom the session's viewer may see."""
    ids = {"ids": [patient_id for patient_id, _ in people]}
    patients = {patient.id: patient for patient in session.scalars(_PEOPLE, ids)} if people else {}
    if not patients:
        return {}
    contact_ids = [contact_id for _, contact_id in people if contact_id is not None]
    contacts: dict[int, ContactPerson] = {}
    if contact_ids:
        contacts = {contact.id: contact for contact in session.scalars(_CONTACTS, {"ids": contact_ids})}
    calls = {row.patient_id: row for row in session.execute(_LAST_CALLS, ids | {"own_call": look.own_call})}
    messages = {row.patient_id: row for row in session.execute(_LAST_MESSAGES, ids)}
    open_messages = {row.patient_id: row.waiting for row in session.execute(_OPEN_MESSAGES, ids)}
    flags, wishes = _flags(session, ids, look), _wishes(session, ids)
    ended_as = {row.disposition for row in calls.values() if row.disposition}
    named = codes.known_names(session, CodeList.DISPOSITION, ended_as) if ended_as else {}
    return {
        patient_id: {
            **_identity(patients[patient_id], look),
            **_calling_for(patients[patient_id], contacts.get(contact_id or 0)),
            "last_contact": _last_contact(calls.get(patient_id), messages.get(patient_id), named, look),
            "open_messages": open_messages.get(patient_id, 0),
            "flags": flags.get(patient_id, []),
            "wishes": wishes.get(patient_id, []),
        }
        for patient_id, contact_id in people
        if patient_id in patients
    }


def _flags(session: Session, ids: dict[str, Any], look: _Look) -> dict[int, list[str]]:
    rows = [row for row in session.execute(_FLAGS, ids) if look.is_checked or row.created_by is not None]
    names = codes.names(session, CodeList.FLAG, {row.flag for row in rows}) if rows else {}
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append(names[row.flag])
    return found


def _wishes(session: Session, ids: dict[str, Any]) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = {}
    for row in session.execute(_WISHES, ids):
        kept = found.setdefault(row.patient_id, [])
        if len(kept) < _MOST_WISHES:
            kept.append({"at": row.at.isoformat(), "text": _first_line(row.text)})
    return found


def _identity(patient: Patient, look: _Look) -> dict[str, Any]:
    return {
        "id": patient.id,
        "name": patient.name,
        "sex": patient.sex,
        "age": age_on(patient.birth_date, look.now.date()),
        "birth_date": patient.birth_date.isoformat() if look.is_checked and patient.birth_date else None,
        "url": f"/patients/{patient.id}",
        "is_provisional": patient.is_provisional,
        "is_key_patient": patient.is_key_patient,
        "language": patient.language,
        "deceased": patient.deceased_at is not None,
        "preferred_channel": patient.preferred_channel,
        "preferred_time": patient.preferred_time,
    }


def _calling_for(patient: Patient, contact: ContactPerson | None) -> dict[str, Any]:
    if contact is None or contact.patient_id != patient.id:
        return {"relation": None, "calling_for": None, "caller_name": None, "may_be_told": None}
    return {
        "relation": contact.relation,
        "calling_for": patient.name,
        "caller_name": contact.name,
        "may_be_told": contact.may_be_told,
    }


def _last_contact(call: Any, message: Any, named: dict[str, str], look: _Look) -> dict[str, Any] | None:
    if message is not None and (call is None or message.at > call.at):
        return {
            "at": message.at.isoformat(),
            "channel": "sms",
            "direction": "inbound" if message.direction == "in" else "outbound",
            "summary": _first_line(message.text) if look.is_checked else "",
        }
    if call is None:
        return None
    return {
        "at": call.at.isoformat(),
        "channel": "call",
        "direction": call.direction,
        "summary": _summary(call.note, call.disposition, call.outcome, named, look),
    }


def _summary(note: str | None, disposition: str | None, outcome: str | None, named: dict[str, str], look: _Look) -> str:
    # What was written down may be medical, so an unchecked caller's card has only what came of the call.
    if note and look.is_checked:
        return _first_line(note)
    if disposition:
        return named.get(disposition) or look.translate(DISPOSITION_TEXT.get(disposition, disposition))
    # gettext("") is the catalogue's header, so an empty text is never translated.
    return look.translate(OUTCOME_TEXT[CallOutcome(outcome)]) if outcome else ""


def _first_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 1] + "…"
