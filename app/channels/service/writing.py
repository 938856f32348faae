"""An agent or a program writes to somebody: the contact becomes a row in the outbox, and the post finds it there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.channels.models import Interaction
from app.channels.rules import Channel, OutState, clean_email
from app.channels.service.connections import is_usable
from app.channels.service.reading import get_interaction
from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.contact_policy.service import may_contact
from app.db import after_commit
from app.errors import Conflict, InvalidInput, Refused, Unavailable
from app.journal.service import Entry, append
from app.messages.rules import Direction, MessageKind
from app.patients.rules import clean_paragraphs, clean_text
from app.patients.service import get_patient, touch
from app.settings import Settings
from app.texts import N_

LONGEST_TEXT = 5000
LONGEST_SUBJECT = 200
_LONGEST_KEY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be sent, as somebody wrote it. `key` makes a second try of the same form the same contact."""

    channel: Channel
    address: str
    text: str
    subject: str = ""
    patient_id: int | None = None
    reply_to_id: int | None = None
    key: str | None = None
    is_held: bool = False  # kept as a draft until somebody sends it


def write(
    session: Session, bus: Bus, draft: Draft, *, settings: Settings, agent: str, now: datetime
) -> tuple[Interaction, bool]:
    """Put a contact into the outbox, and say whether it is new. Only care is written here, never promotion (guard 1).

    Raises InvalidInput with the field, NotFound, Unavailable for a channel that is not connected, and Refused where the
    person has died or wants no such contact.
    """
    if draft.key is not None:
        if not 1 <= len(draft.key) <= _LONGEST_KEY:
            raise InvalidInput(N_("A dedup_key has 1 to 90 characters."), field="dedup_key")
        known = _by_key(session, draft.key)
        if known is not None:
            return known, False
    if not is_usable(settings, draft.channel):
        raise Unavailable(N_("This channel is not connected. Choose another one."))
    patient_id = _patient_of(session, draft, now)
    if patient_id is not None:
        _refuse_unwanted(session, patient_id, draft, now)
    row = Interaction(
        channel=draft.channel,
        direction=Direction.OUT,
        state=OutState.DRAFT if draft.is_held else OutState.QUEUED,
        at=now,
        patient_id=patient_id,
        agent=agent,
        address=_address(draft),
        subject=clean_text(draft.subject)[:LONGEST_SUBJECT],
        text=_text(draft.text),
        reference=_new_reference(settings),
        reply_to_id=draft.reply_to_id,
        dedup_key=f"out:{draft.key}" if draft.key else None,
        due_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = _by_key(session, draft.key or "")
        if known is None:
            raise
        return known, False
    if patient_id is not None:
        touch(session, patient_id, now)
    append(session, bus, [Entry(kind="interaction.queued", at=now, agent=agent, payload={"interaction_id": row.id})])
    after_commit(session, lambda: bus.publish(bus_topics.OUTBOX, {"interaction_id": row.id}))
    return row, True


def refuse_deceased(session: Session, patient_id: int, now: datetime) -> int:
    """The id of the record that holds this person. Raises NotFound, and Refused for somebody who has died."""
    patient = get_patient(session, patient_id)
    if patient.deceased_at is not None and patient.deceased_at <= now:
        raise Refused(REFUSAL_TEXT[Refusal.DECEASED], reason=str(Refusal.DECEASED))
    return patient.id


def _refuse_unwanted(session: Session, patient_id: int, draft: Draft, now: datetime) -> None:
    permission = may_contact(
        session, patient_id=patient_id, number=draft.address, kind=MessageKind.CARE, channel=draft.channel, now=now
    )
    if permission.refusal is not None:
        raise Refused(REFUSAL_TEXT[permission.refusal], reason=str(permission.refusal))


def own_email(session: Session, patient_id: int | None) -> str:
    """The e-mail address on that person's record. Raises NotFound, and InvalidInput where there is none."""
    address = get_patient(session, patient_id).email if patient_id is not None else None
    if not address:
        raise InvalidInput(N_("Say where it should go."), field="to")
    return address


def _patient_of(session: Session, draft: Draft, now: datetime) -> int | None:
    answered = get_interaction(session, draft.reply_to_id) if draft.reply_to_id is not None else None
    named = [draft.patient_id, answered.patient_id if answered else None]
    people = {refuse_deceased(session, each, now) for each in named if each is not None}
    if len(people) > 1:
        raise Conflict(N_("This contact already belongs to another patient."))
    return next(iter(people), None)


def _address(draft: Draft) -> str:
    if draft.channel is Channel.EMAIL:
        address = clean_email(draft.address)
        if address is None:
            raise InvalidInput(N_("This is not an e-mail address."), field="to")
        return address
    address = clean_text(draft.address)
    if not address or len(address) > 200:
        raise InvalidInput(N_("Say where it should go."), field="to")
    return address


def _text(text: str) -> str:
    cleaned = clean_paragraphs(text)
    if not cleaned:
        raise InvalidInput(N_("Write a text first."), field="text")
    if len(cleaned) > LONGEST_TEXT:
        raise InvalidInput(
            N_("The text has %(length)s characters; at most %(most)s can be sent."),
            field="text",
            length=len(cleaned),
            most=LONGEST_TEXT,
        )
    return cleaned


def _new_reference(settings: Settings) -> str:
    # Not to be guessed: an answer that names it is taken for the answer of the one to whom it was sent.
    domain = settings.smtp.sender.partition("@")[2] if settings.smtp else "wardline.invalid"
    return f"<{secrets.token_hex(16)}@{domain}>"


def _by_key(session: Session, key: str) -> Interaction | None:
    return session.scalar(select(Interaction).where(Interaction.dedup_key == f"out:{key}"))
