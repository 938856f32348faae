"""A person or a program sends a text: it becomes a row in the outbox, and the gateway finds it there."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.contact_policy.rules import REFUSAL_TEXT, earliest_sending
from app.contact_policy.service import limits, may_contact
from app.db import after_commit
from app.errors import Conflict, InvalidInput, NotFound, Refused
from app.journal.service import Entry, append
from app.messages.models import Message, Segment
from app.messages.rules import (
    MOST_UNITS,
    RESENDABLE,
    VALIDITY,
    Direction,
    InState,
    MessageKind,
    Origin,
    OutState,
    Priority,
    SegmentState,
    TextFault,
    cut_text,
    sign_text,
)
from app.messages.service.delivery import UNCERTAIN
from app.messages.service.extensions import own_number, thread_number
from app.messages.service.recipients import mobiles_of
from app.patients.models import Patient
from app.patients.phones import parse_number
from app.patients.rules import MatchState, PhoneKind, match_state
from app.patients.service import match_number, touch
from app.settings import Settings
from app.texts import N_

_FAULT_TEXT = {
    TextFault.EMPTY: N_("Write a text first."),
    TextFault.TOO_LONG: N_("The text has %(units)s characters with its signature; at most %(most)s can be sent."),
    TextFault.CONTROL_CHARACTER: N_("The text holds characters that cannot be sent. Remove them and try again."),
    TextFault.BRACKETS: N_("The brackets 【】 are kept for the signature. Use others, such as 「」."),
}
_LONGEST_KEY = 100
_FURTHEST = timedelta(days=366)


def send_message(
    session: Session,
    bus: Bus,
    *,
    settings: Settings,
    text: str,
    kind: MessageKind,
    created_by: str | None,
    now: datetime,
    number: str | None = None,
    patient_id: int | None = None,
    dedup_key: str | None = None,
    reply_to_id: int | None = None,
    due_at: datetime | None = None,
    origin: Origin = Origin.PERSON,
) -> Message:
    """Put a text into the outbox (S-04). With a `dedup_key` that was used before, the first message is returned.

    `number` in any spelling, or `patient_id` alone for the patient's first mobile that holds. Promotions wait for the
    permitted hours. Raises InvalidInput for a number that takes no texts or a text that cannot be sent, NotFound for
    an unknown patient, and Refused with the policy's `reason`.
    """
    message, _ = queue_message(
        session,
        bus,
        settings=settings,
        text=text,
        kind=kind,
        created_by=created_by,
        now=now,
        number=number,
        patient_id=patient_id,
        dedup_key=dedup_key,
        reply_to_id=reply_to_id,
        due_at=due_at,
        origin=origin,
    )
    return message


def queue_message(
    session: Session,
    bus: Bus,
    *,
    settings: Settings,
    text: str,
    kind: MessageKind,
    created_by: str | None,
    now: datetime,
    number: str | None = None,
    patient_id: int | None = None,
    dedup_key: str | None = None,
    reply_to_id: int | None = None,
    resent_from_id: int | None = None,
    forwarded_from_id: int | None = None,
    service_number: str | None = None,
    due_at: datetime | None = None,
    origin: Origin = Origin.PERSON,
    priority: Priority = Priority.NORMAL,
) -> tuple[Message, bool]:
    """As send_message, and says whether the message is new."""
    if dedup_key is not None:
        if not 1 <= len(dedup_key) <= _LONGEST_KEY:
            raise InvalidInput(N_("A dedup_key has 1 to 100 characters."), field="dedup_key")
        first = _find_by_key(session, dedup_key)
        if first is not None:
            return first, False
    if due_at is not None and due_at > now + _FURTHEST:
        raise InvalidInput(N_("Choose a time that is still to come, within a year."), field="at")
    to, person = _recipient(session, settings, number, patient_id, now)
    signed = checked_text(text, settings)
    begin = earliest_sending(
        kind, max(due_at or now, now), settings.timezone, origin=origin, priority=priority, limits=limits(session)
    )
    permission = may_contact(
        session,
        patient_id=person,
        number=to,
        kind=kind,
        channel="sms",
        now=now,
        origin=origin,
        at=begin,
        timezone=settings.timezone,
    )
    if permission.refusal is not None:
        raise Refused(REFUSAL_TEXT[permission.refusal], reason=str(permission.refusal))
    pieces = cut_text(signed).pieces
    message = Message(
        direction=Direction.OUT,
        kind=kind,
        state=OutState.QUEUED,
        number=to,
        service_number=own_number(settings) if service_number is None else service_number,
        patient_id=person,
        text=signed,
        parts=len(pieces),
        dedup_key=dedup_key,
        reply_to_id=reply_to_id,
        resent_from_id=resent_from_id,
        forwarded_from_id=forwarded_from_id,
        origin=origin,
        # A promotion gives way to care, whoever wrote it.
        priority=Priority.BULK if kind is MessageKind.MARKETING else priority,
        created_at=now,
        created_by=created_by,
        due_at=begin,
        expires_at=begin + VALIDITY,
        segments=[Segment(position=at, state=SegmentState.WAITING) for at in range(1, len(pieces) + 1)],
    )
    try:
        # PostgreSQL lets two transactions insert the same key; the second waits here and then sees the first.
        with session.begin_nested():
            session.add(message)
    except IntegrityError:
        first = _find_by_key(session, dedup_key or "")
        if first is None:
            raise
        return first, False
    if person is not None:
        touch(session, person, now)
    append(session, bus, [Entry(kind="message.queued", at=now, agent=created_by, message_id=message.id)])
    after_commit(session, lambda: bus.publish(bus_topics.OUTBOX, {"id": message.id}))
    return message, True


def reply(
    session: Session,
    bus: Bus,
    *,
    settings: Settings,
    message_id: int,
    text: str,
    agent: str,
    now: datetime,
    dedup_key: str | None = None,
) -> Message:
    """Answer an incoming text: the answer goes to the number it came from, and the text is taken off the list (S-08).

    With a `dedup_key` that was used before, nothing is sent and the first answer is returned. Raises NotFound, and
    what send_message raises.
    """
    asked = session.get(Message, message_id)
    if asked is None or asked.direction != Direction.IN:
        raise NotFound(N_("There is no such message."))
    answer, _ = queue_message(
        session,
        bus,
        settings=settings,
        text=text,
        kind=MessageKind.CARE,
        created_by=agent,
        now=now,
        number=asked.number,
        patient_id=asked.patient_id,
        dedup_key=dedup_key,
        reply_to_id=asked.id,
        service_number=thread_number(session, settings, asked),
        origin=Origin.REPLY,
    )
    asked.state, asked.handled_at, asked.handled_by = (
        InState.ANSWERED,
        asked.handled_at or now,
        asked.handled_by or agent,
    )
    append(session, bus, [Entry(kind="message.answered", at=now, agent=agent, message_id=asked.id)])
    return answer


def resend(session: Session, bus: Bus, *, settings: Settings, message_id: int, agent: str, now: datetime) -> Message:
    """Send a failed, uncertain or sent text once more, as a new message that is linked to the first (S-07).

    Pressing twice sends once: the second press gives the same new message. Raises NotFound, Conflict for a message
    that still waits, and what send_message raises.
    """
    first = session.get(Message, message_id)
    if first is None or first.direction != Direction.OUT:
        raise NotFound(N_("There is no such message."))
    if first.state not in RESENDABLE and first.error_code != UNCERTAIN:
        raise Conflict(N_("This message still waits to be sent."))
    message, _ = queue_message(
        session,
        bus,
        settings=settings,
        text=first.text,
        kind=MessageKind(first.kind),
        created_by=agent,
        now=now,
        number=first.number,
        patient_id=first.patient_id,
        dedup_key=f"resend:{first.id}:{first.state}",
        reply_to_id=first.reply_to_id,
        resent_from_id=first.id,
    )
    return message


def cancel(session: Session, bus: Bus, *, message_id: int, agent: str, now: datetime) -> Message:
    """Take back a message of which nothing has left. Raises NotFound, or Conflict when it is too late."""
    query = select(Message).where(Message.id == message_id, Message.direction == Direction.OUT).with_for_update()
    message = session.scalar(query)
    if message is None:
        raise NotFound(N_("There is no such message."))
    waiting = select(Segment).where(Segment.message_id == message_id).order_by(Segment.position).with_for_update()
    segments = list(session.scalars(waiting.execution_options(populate_existing=True)))
    if message.state != OutState.QUEUED or any(row.state != SegmentState.WAITING for row in segments):
        raise Conflict(N_("It is too late: this message has left, or is leaving now."))
    for segment in segments:
        segment.state, segment.final_at = SegmentState.CANCELLED, now
    message.state, message.final_at = OutState.CANCELLED, now
    append(session, bus, [Entry(kind="message.cancelled", at=now, agent=agent, message_id=message.id)])
    return message


def _find_by_key(session: Session, dedup_key: str) -> Message | None:
    return session.scalar(select(Message).where(Message.dedup_key == dedup_key))


def _recipient(
    session: Session, settings: Settings, number: str | None, patient_id: int | None, now: datetime
) -> tuple[str, int | None]:
    if patient_id is not None and session.get(Patient, patient_id) is None:
        raise NotFound(N_("No such patient."))
    if not number:
        if patient_id is None:
            raise InvalidInput(N_("Say whom the text is for: a number or a patient."), field="to")
        return _mobile_of(session, patient_id), patient_id
    parsed = parse_number(number, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if parsed is None:
        raise InvalidInput(N_("This is not a telephone number that can be written to."), field="to")
    if parsed.kind is not PhoneKind.MOBILE or parsed.extension:
        raise InvalidInput(N_("A text can only go to a mobile number."), field="to")
    if patient_id is None:
        candidates = match_number(session, parsed.e164, now=now)
        if match_state(candidates) is MatchState.SINGLE:
            patient_id = candidates[0].patient_id
    return parsed.e164, patient_id


def _mobile_of(session: Session, patient_id: int) -> str:
    number = mobiles_of(session, [patient_id]).get(patient_id)
    if number is None:
        raise InvalidInput(N_("This patient has no mobile number."), field="patient_id")
    return number


def checked_text(text: str, settings: Settings) -> str:
    """The text as it will leave, with the signature in front. Raises InvalidInput when it cannot be sent."""
    signed = sign_text(text, settings.signature)
    if signed.fault is not None:
        raise InvalidInput(_FAULT_TEXT[signed.fault], field="text", units=signed.units, most=MOST_UNITS)
    return signed.text
