"""A contact comes in from outside: kept once, tied to a person or given a provisional record, and put on the list."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.bus import Bus
from app.channels.models import Interaction
from app.channels.rules import (
    Channel,
    Found,
    Incoming,
    InState,
    Matched,
    Outcome,
    OutState,
    Writer,
    decide_owner,
    may_move,
)
from app.errors import Conflict, InvalidInput
from app.journal.service import Entry, append
from app.messages.rules import Direction
from app.patients.models import Patient
from app.patients.rules import LONGEST_NAME, clean_text, name_of_stranger
from app.patients.service import (
    PatientData,
    PhoneData,
    create_patient,
    find_caller,
    match_number,
    name_stranger,
    surviving_ids,
    touch,
)
from app.settings import Settings

# One lock for all who receive on PostgreSQL, so that two first contacts of one person make one record. SQLite has one
# writer anyway. The number is arbitrary and used for nothing else.
_LOCK = text("SELECT pg_advisory_xact_lock(7230002)")
# A family, or the guests of the hospital's own network, share one address.
_MOST_FROM_ONE_PLACE = 20
_PLACE_RESTS = timedelta(hours=1)
_MOST_CANDIDATES = 20


def receive(
    session: Session, bus: Bus, incoming: Incoming, *, settings: Settings, now: datetime, origin: str | None = None
) -> tuple[Interaction, bool]:
    """Keep one contact, and say whether it is new (P-05, P-06). The same one again changes nothing.

    What a machine wrote is kept as handled: nobody answers it, and no record is made for it. A bounce becomes the
    outcome of the message that bounced. The session is nobody's: the scope of whoever happens to look cannot decide to
    whom a contact belongs. Commit before the other side is told that it was taken.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCK)
    known = session.scalar(select(Interaction).where(Interaction.dedup_key == incoming.key))
    if known is not None:
        return known, False
    ours = _answered(session, incoming)
    is_person = incoming.writer is Writer.PERSON
    row = Interaction(
        channel=incoming.channel,
        direction=Direction.IN,
        state=InState.NEW if is_person else InState.IGNORED,
        at=now,
        patient_id=_owner(session, bus, incoming, ours, settings=settings, now=now),
        address=incoming.address,
        number=incoming.number,
        name=incoming.name,
        subject=incoming.subject,
        text=incoming.text,
        attachments=[{"name": each.name, "size": each.size} for each in incoming.attachments],
        outcome=None if is_person else Outcome.AUTOMATIC,
        reference=incoming.reference,
        reply_to_id=ours.id if ours else None,
        dedup_key=incoming.key,
        origin=origin,
        handled_at=None if is_person else now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return session.scalars(select(Interaction).where(Interaction.dedup_key == incoming.key)).one(), False
    if row.patient_id is not None and is_person:
        touch(session, row.patient_id, now)
    entries = [Entry(kind="interaction.received", at=now, payload={"interaction_id": row.id})]
    if ours is not None and _note_answer(ours, incoming):
        entries.append(Entry(kind="interaction.changed", at=now, payload={"interaction_id": ours.id}))
    append(session, bus, entries)
    return row, True


def candidate_ids(session: Session, *, number: str | None, address: str, now: datetime) -> list[int]:
    """The people who have that number (E.164) or that e-mail address, for somebody to choose from."""
    found = [*_by_number(session, number, now), *_by_address(session, address)]
    return list(dict.fromkeys(found))[:_MOST_CANDIDATES]


def is_too_many_from(session: Session, origin: str, now: datetime) -> bool:
    """Whether so many web messages came from this network address lately that no more are taken."""
    wanted = select(func.count()).where(Interaction.origin == origin, Interaction.at > now - _PLACE_RESTS)
    return (session.scalar(wanted) or 0) >= _MOST_FROM_ONE_PLACE


def _answered(session: Session, incoming: Incoming) -> Interaction | None:
    """The contact of ours to which this one refers."""
    if not incoming.answers:
        return None
    wanted = select(Interaction).where(
        Interaction.reference.in_(incoming.answers),
        Interaction.channel == incoming.channel,
        Interaction.direction == Direction.OUT,
    )
    rows = {row.reference: row for row in session.scalars(wanted)}
    return next((rows[reference] for reference in incoming.answers if reference in rows), None)


def _owner(
    session: Session, bus: Bus, incoming: Incoming, ours: Interaction | None, *, settings: Settings, now: datetime
) -> int | None:
    if incoming.writer is not Writer.PERSON:
        return ours.patient_id if ours else None
    # Nobody else knows our reference, so an answer from where we wrote to is that person's, on record or not.
    if ours is not None and ours.patient_id is not None and ours.address == incoming.address:
        return _living_record(session, ours.patient_id)
    found = _find_owner(session, incoming, now)
    if found.matched is Matched.NOBODY and (incoming.address or incoming.number):
        return _provisional(session, bus, incoming, settings=settings, now=now)
    return found.patient_id


def _find_owner(session: Session, incoming: Incoming, now: datetime) -> Found:
    if incoming.channel not in (Channel.EMAIL, Channel.WEB):
        return _seen_before(session, incoming)
    return decide_owner(
        _by_number(session, incoming.number, now),
        _by_address(session, incoming.address),
        has_number=bool(incoming.number),
        has_address=bool(incoming.address),
    )


def _seen_before(session: Session, incoming: Incoming) -> Found:
    """On a channel whose addresses are not in the record, the person is known by an earlier contact from there."""
    wanted = (
        select(Interaction.patient_id)
        .where(
            Interaction.channel == incoming.channel,
            Interaction.address == incoming.address,
            Interaction.patient_id.is_not(None),
        )
        .order_by(Interaction.at.desc(), Interaction.id.desc())
        .limit(1)
    )
    patient_id = session.scalar(wanted)
    if patient_id is None:
        return Found(matched=Matched.NOBODY)
    return Found(matched=Matched.ONE, patient_id=_living_record(session, patient_id))


def _living_record(session: Session, patient_id: int) -> int:
    return surviving_ids(session, [patient_id])[patient_id]


def _by_number(session: Session, number: str | None, now: datetime) -> list[int]:
    return [candidate.patient_id for candidate in match_number(session, number or "", now=now)]


def _by_address(session: Session, address: str) -> list[int]:
    if not address:
        return []
    wanted = select(Patient.id).where(Patient.email == address, Patient.merged_into_id.is_(None))
    return list(session.scalars(wanted.order_by(Patient.id).limit(_MOST_CANDIDATES)))


def _provisional(session: Session, bus: Bus, incoming: Incoming, *, settings: Settings, now: datetime) -> int | None:
    """A record with the data at hand, to be completed by whoever answers."""
    is_mail = incoming.channel in (Channel.EMAIL, Channel.WEB)
    data = PatientData(
        name=clean_text(incoming.name)[:LONGEST_NAME]
        or incoming.address.partition("@")[0]
        or (name_of_stranger(incoming.number) if incoming.number else ""),
        email=incoming.address if is_mail and incoming.address else None,
        phones=(PhoneData(number=incoming.number),) if incoming.number else (),
        is_provisional=True,
    )
    stranger_id = find_caller(session, incoming.number or "", now=now).unnamed_id
    try:
        named = stranger_id and name_stranger(session, bus, stranger_id, data, settings=settings, by=None, now=now)
        return (named or create_patient(session, bus, data, settings=settings, by=None, now=now)).id
    except (InvalidInput, Conflict):
        return None  # somebody will say whose it is


def _note_answer(ours: Interaction, incoming: Incoming) -> bool:
    """Write down what came back for a contact of ours."""
    if incoming.writer is Writer.BOUNCE:
        if not may_move(ours.state, OutState.FAILED):
            return False
        ours.state, ours.outcome, ours.error_code = OutState.FAILED, Outcome.BOUNCED, incoming.status or "bounced"
        return True
    outcome = {Writer.PERSON: Outcome.REPLIED, Writer.AUTO_REPLY: Outcome.AUTO_REPLIED, Writer.DELAY: Outcome.DELAYED}
    if ours.outcome not in (Outcome.REPLIED, Outcome.BOUNCED):
        ours.outcome = outcome[incoming.writer]
    if ours.state == OutState.UNCERTAIN:
        # Whoever answers has got it.
        ours.state, ours.error_code = OutState.SENT, None
    return True
