"""A batch of the audience becomes rows: who gets the text in how many parts, and who is left out why.

A fixed number of queries for each batch, and nothing of it stays in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.contact_policy.rules import earliest_sending
from app.contact_policy.service import Recipient, limits, may_contact_each
from app.mass_sends.models import MassSend, MassSendRecipient
from app.mass_sends.rules import Audience, Exclusion
from app.mass_sends.service.audiences import Candidate, bind_author
from app.mass_sends.service.texts import SendText, write
from app.message_templates import service as templates
from app.message_templates.service import Addressee
from app.messages import service as messages
from app.messages.rules import Origin, Priority
from app.parts import Parts
from app.patients.models import Patient, PatientPhone

_COLUMNS = ("mass_send_id", "patient_id", "user_id", "line", "number", "field_values", "parts", "exclusion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a batch added up to."""

    recipients: int
    excluded: int
    parts: int


def known_people(parts: Parts, send: MassSend, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same candidates with the number of each patient, and with the patient of each number of a list.

    Only patients whom the author may see are tied to a number: of others a list must tell nothing.
    """
    with parts.database.reading() as session:
        if send.audience == Audience.FILE:
            bind_author(session, parts, send)
            owners = _owners(session, {each.number for each in candidates if each.number})
            return [replace(each, patient_id=owners.get(each.number or "")) for each in candidates]
        if send.audience == Audience.STAFF:
            return [replace(each, exclusion=None if each.number else Exclusion.NO_MOBILE) for each in candidates]
        mobiles = messages.mobiles_of(session, [each.patient_id for each in candidates if each.patient_id is not None])
    numbered = [replace(each, number=mobiles.get(each.patient_id or 0)) for each in candidates]
    return [each if each.number else replace(each, exclusion=Exclusion.NO_MOBILE) for each in numbered]


def addressees_of(parts: Parts, send: MassSend, candidates: Sequence[Candidate]) -> dict[int, Addressee]:
    """What the text may say about these people, as the author may see it."""
    ids = [each.patient_id for each in candidates if each.patient_id is not None]
    if not ids:
        return {}
    with parts.database.reading() as session:
        bind_author(session, parts, send)
        today = parts.now().astimezone(parts.settings.timezone).date()
        return templates.addressees(session, ids, today=today)


def prepare_batch(
    session: Session,
    send_id: int,
    text: SendText,
    candidates: Sequence[Candidate],
    people: dict[int, Addressee],
    now: datetime,
) -> Counted:
    """Judge a batch and write its rows. First the number, then the contact policy, then the text."""
    judged = _refuse(session, text, candidates, now, with_caps=False)
    judged = _without_repeats(session, send_id, judged)
    # After the repeats, which would else be taken for one message too many.
    judged = _refuse(session, text, judged, now, with_caps=True)
    rows = []
    counted = {"recipients": 0, "excluded": 0, "parts": 0}
    for each in judged:
        exclusion, parts = each.exclusion, 0
        if exclusion is None and each.number is not None:
            written = write(text, addressee(each, people), each.number, each.values)
            exclusion, parts = written.exclusion, written.parts
        counted["recipients" if exclusion is None else "excluded"] += 1
        counted["parts"] += parts
        values = dict(each.values) or None
        rows.append(
            (
                send_id,
                each.patient_id,
                each.user_id,
                each.line,
                each.number,
                values,
                parts,
                exclusion and exclusion.value,
            )
        )
    insert_rows(session.connection(), MassSendRecipient, _COLUMNS, rows)
    return Counted(**counted)


def addressee(each: Candidate, people: dict[int, Addressee]) -> Addressee:
    """Who somebody is to the text: the record, the account, or nobody known."""
    if each.user_id is not None:
        return Addressee(name=each.name, department=each.department)
    return people.get(each.patient_id or 0, Addressee())


def _refuse(
    session: Session, text: SendText, candidates: Sequence[Candidate], now: datetime, *, with_caps: bool
) -> list[Candidate]:
    asked = [each for each in candidates if each.exclusion is None and each.number is not None]
    due = earliest_sending(
        text.kind,
        max(text.due_at or now, now),
        text.timezone,
        origin=Origin.MASS_SEND,
        priority=Priority.BULK,
        limits=limits(session),
    )
    recipients = [
        Recipient(
            number=each.number or "",
            patient_id=each.patient_id,
            kind=text.kind,
            origin=Origin.MASS_SEND,
            priority=Priority.BULK,
            at=due,
        )
        for each in asked
    ]
    timezone = text.timezone if with_caps else None
    answers = may_contact_each(session, recipients, channel="sms", now=now, timezone=timezone) if asked else []
    refusals = {each.position: answer.refusal for each, answer in zip(asked, answers, strict=True) if answer.refusal}
    return [
        replace(each, exclusion=refusals[each.position]) if each.position in refusals else each for each in candidates
    ]


def _without_repeats(session: Session, send_id: int, candidates: Sequence[Candidate]) -> list[Candidate]:
    numbers = {each.number for each in candidates if each.number and each.exclusion is None}
    query = select(MassSendRecipient.number).where(
        MassSendRecipient.mass_send_id == send_id,
        MassSendRecipient.number.in_(numbers),
        MassSendRecipient.exclusion.is_(None),
    )
    seen = set(session.scalars(query)) if numbers else set()
    kept = []
    for each in candidates:
        if each.exclusion is None and each.number in seen:
            kept.append(replace(each, exclusion=Exclusion.DUPLICATE))
            continue
        if each.exclusion is None and each.number is not None:
            seen.add(each.number)
        kept.append(each)
    return kept


def _owners(session: Session, numbers: Iterable[str]) -> dict[str, int]:
    """The one person of each number; a number of several people says nobody in particular."""
    query = (
        select(PatientPhone.number, PatientPhone.patient_id)
        .join(PatientPhone.patient)
        .where(
            PatientPhone.number.in_(list(numbers)),
            PatientPhone.contact_person_id.is_(None),
            PatientPhone.is_valid,
            Patient.merged_into_id.is_(None),
        )
    )
    owners: dict[str, set[int]] = {}
    for number, patient_id in session.execute(query):
        owners.setdefault(number, set()).add(patient_id)
    return {number: next(iter(people)) for number, people in owners.items() if len(people) == 1}
