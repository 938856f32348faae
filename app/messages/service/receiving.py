"""A text arrives: its parts are kept, put together, matched with a person, and stay on the list until handled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict, NotFound
from app.journal.service import Entry, append
from app.messages.models import InboundPart, Message
from app.messages.rules import Direction, IncomingPart, InState, MessageKind, clean_foreign_text, decode
from app.messages.service.answers import understand
from app.patients.models import Patient
from app.patients.phones import parse_number
from app.patients.rules import MatchState, clean_text, match_state
from app.patients.service import Match, find_caller, keep_stranger, touch
from app.settings import Settings
from app.texts import N_

# A repeat of a part comes within minutes; the sender's telephone uses a reference again after 256 long texts.
_PARTS_KEPT = timedelta(minutes=10)
_GAP = "[…]"
_LONGEST_NUMBER = 20


def receive_part(
    session: Session, bus: Bus, part: IncomingPart, *, settings: Settings, now: datetime
) -> Message | None:
    """Keep one short message from outside. Returns the text once its last part has come, in whatever order.

    A part that comes again changes nothing. Commit before the SMSC is told that the part was taken.
    """
    if part.total == 1:
        text = decode(part.body, part.data_coding)
        return receive_message(
            session, bus, number=part.source, service_number=part.destination, text=text, settings=settings, now=now
        )
    known = _parts_like(session, part)
    same = next((row for row in known if row.position == part.position), None)
    if same is not None and same.body == part.body:
        return None
    if same is not None:
        # The sender has begun a new text under the reference of the last one.
        _close(session, bus, known, settings=settings, now=now)
        known = []
    row = InboundPart(
        source=part.source[:30],
        destination=part.destination[:30],
        reference=part.reference,
        total=part.total,
        position=part.position,
        data_coding=part.data_coding,
        body=part.body,
        received_at=now,
    )
    session.add(row)
    session.flush()
    rows = [*known, row]
    if len(rows) < part.total:
        return None
    message = _assemble(session, bus, rows, settings=settings, now=now)
    for kept in rows:
        kept.assembled_at = now
    return message


def deliver_incomplete(
    session: Session, bus: Bus, *, settings: Settings, now: datetime, timeout: timedelta
) -> list[Message]:
    """Deliver long texts whose missing parts have not come within `timeout`, marked as incomplete.

    Also forgets the parts of texts that were put together long ago.
    """
    session.execute(delete(InboundPart).where(InboundPart.assembled_at < now - _PARTS_KEPT))
    key = (InboundPart.source, InboundPart.destination, InboundPart.reference, InboundPart.total)
    late = (
        select(*key)
        .where(InboundPart.assembled_at.is_(None))
        .group_by(*key)
        .having(func.max(InboundPart.received_at) <= now - timeout)
        .limit(100)
    )
    delivered = []
    for source, destination, reference, total in session.execute(late).all():
        query = select(InboundPart).where(
            InboundPart.source == source,
            InboundPart.destination == destination,
            InboundPart.reference == reference,
            InboundPart.total == total,
        )
        message = _close(session, bus, list(session.scalars(query)), settings=settings, now=now)
        if message is not None:
            delivered.append(message)
    return delivered


def receive_message(
    session: Session,
    bus: Bus,
    *,
    number: str,
    service_number: str,
    text: str,
    settings: Settings,
    now: datetime,
    parts: int = 1,
    is_complete: bool = True,
) -> Message:
    """Put one whole text into the inbox (S-01). It is tied to the patient when the number is one person's alone.

    A sender that is no telephone number is kept as it came, so that nothing is lost.
    """
    parsed = parse_number(number, area_code=settings.area_code, outside_prefix="")
    sender = parsed.e164 if parsed is not None else clean_text(number)[:_LONGEST_NUMBER]
    match = find_caller(session, parsed.e164, now=now) if parsed is not None else Match()
    patient_id = match.candidates[0].patient_id if match_state(match.candidates) is MatchState.SINGLE else None
    if parsed is not None and not match.candidates:
        patient_id = keep_stranger(session, bus, parsed.e164, match, settings=settings, at=now, now=now)
    message = Message(
        direction=Direction.IN,
        kind=MessageKind.CARE,
        state=InState.NEW,
        number=sender,
        service_number=clean_text(service_number)[:30],
        patient_id=patient_id,
        text=clean_foreign_text(text),
        parts=parts,
        is_complete=is_complete,
        created_at=now,
    )
    session.add(message)
    session.flush()
    if message.patient_id is not None:
        touch(session, message.patient_id, now)
    append(session, bus, [Entry(kind="message.received", at=now, message_id=message.id)])
    if is_complete:
        understand(session, bus, message, settings=settings, now=now)
    return message


def handle_message(session: Session, bus: Bus, *, message_id: int, agent: str, now: datetime) -> Message:
    """Take an incoming text off the list without an answer. Doing it twice changes nothing. Raises NotFound."""
    message = _incoming(session, message_id)
    if message.handled_at is None:
        if message.state in (InState.NEW, InState.READ):
            message.state = InState.IGNORED
        message.handled_at, message.handled_by = now, agent
        append(session, bus, [Entry(kind="message.handled", at=now, agent=agent, message_id=message.id)])
    return message


def link_message(session: Session, bus: Bus, *, message_id: int, patient_id: int, agent: str, now: datetime) -> Message:
    """Say whose text this is (S-01). Raises NotFound, or Conflict when it is tied to somebody else already."""
    message = _incoming(session, message_id)
    if session.get(Patient, patient_id) is None:
        raise NotFound(N_("No such patient."))
    if message.patient_id not in (None, patient_id):
        raise Conflict(N_("This message already belongs to another patient."))
    if message.patient_id is None:
        message.patient_id = patient_id
        touch(session, patient_id, message.created_at)
        if message.state in (InState.NEW, InState.READ):
            message.state = InState.LINKED
        append(session, bus, [Entry(kind="message.linked", at=now, agent=agent, message_id=message.id)])
    return message


def read_message(session: Session, bus: Bus, *, message_id: int, agent: str, now: datetime) -> Message:
    """Note that somebody has seen the text; it stays on the list. Raises NotFound."""
    message = _incoming(session, message_id)
    if message.state == InState.NEW:
        message.state = InState.READ
        append(session, bus, [Entry(kind="message.read", at=now, agent=agent, message_id=message.id)])
    return message


def _incoming(session: Session, message_id: int) -> Message:
    message = session.get(Message, message_id)
    if message is None or message.direction != Direction.IN:
        raise NotFound(N_("There is no such message."))
    return message


def _parts_like(session: Session, part: IncomingPart) -> list[InboundPart]:
    query = select(InboundPart).where(
        InboundPart.source == part.source[:30],
        InboundPart.destination == part.destination[:30],
        InboundPart.reference == part.reference,
        InboundPart.total == part.total,
    )
    return list(session.scalars(query))


def _close(
    session: Session, bus: Bus, rows: Sequence[InboundPart], *, settings: Settings, now: datetime
) -> Message | None:
    """Forget these parts; what was never delivered is delivered as it is."""
    is_waiting = any(row.assembled_at is None for row in rows)
    message = _assemble(session, bus, rows, settings=settings, now=now) if is_waiting else None
    for row in rows:
        session.delete(row)
    session.flush()
    return message


def _assemble(session: Session, bus: Bus, rows: Sequence[InboundPart], *, settings: Settings, now: datetime) -> Message:
    first = rows[0]
    return receive_message(
        session,
        bus,
        number=first.source,
        service_number=first.destination,
        text=_joined(rows),
        settings=settings,
        now=now,
        parts=first.total,
        is_complete=len(rows) == first.total,
    )


def _joined(rows: Sequence[InboundPart]) -> str:
    """Neighbours of one coding are decoded together: telephones cut a character in two."""
    by_position = {row.position: row for row in rows}
    text: list[str] = []
    octets, coding = b"", 0
    for position in range(1, rows[0].total + 1):
        row = by_position.get(position)
        if row is not None and (not octets or row.data_coding == coding):
            octets, coding = octets + row.body, row.data_coding
            continue
        text.append(decode(octets, coding))
        octets, coding = (b"", 0) if row is None else (row.body, row.data_coding)
        if row is None:
            text.append(_GAP)
    return "".join([*text, decode(octets, coding)])
