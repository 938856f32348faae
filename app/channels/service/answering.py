"""An agent sends one message on the channel he chose: SMS goes to the messages room, the rest to the outbox here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.bus import Bus
from app.channels.models import Interaction
from app.channels.rules import Channel, Outcome
from app.channels.service.handling import close
from app.channels.service.reading import get_interaction
from app.channels.service.recipients import CALL, SMS, TYPED, recipients
from app.channels.service.writing import Draft, refuse_deceased, write
from app.errors import InvalidInput
from app.messages.models import Message
from app.messages.rules import Direction, MessageKind
from app.messages.service import send_message
from app.patients.service import get_patient
from app.settings import Settings
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What an agent has filled in. `to` is the value of a Recipient, or "typed" with the address in `typed`."""

    channel: str
    text: str
    to: str
    typed: str = ""
    subject: str = ""
    patient_id: int | None = None
    answers_id: int | None = None
    key: str
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of it: a contact, a text, or for a telephone answer nothing but a note."""

    interaction: Interaction | None = None
    message: Message | None = None


def send(session: Session, bus: Bus, letter: Letter, *, settings: Settings, agent: str, now: datetime) -> Sent:
    """Send it (kind care), and take what it answers off the list. Raises what `write` and `send_message` raise."""
    answered = get_interaction(session, letter.answers_id) if letter.answers_id is not None else None
    patient_id = answered.patient_id if answered and answered.patient_id else letter.patient_id
    if patient_id is not None:
        patient_id = refuse_deceased(session, patient_id, now)
    if letter.channel == CALL:
        return _answered_by_call(session, bus, answered, letter, agent=agent, now=now)
    address = _address(session, letter, patient_id, answered, settings)
    if letter.channel == SMS:
        message = send_message(
            session,
            bus,
            settings=settings,
            text=letter.text,
            kind=MessageKind.CARE,
            created_by=agent,
            now=now,
            number=address,
            patient_id=patient_id,
            dedup_key=f"page:{letter.key}",
        )
        _close(session, bus, answered, Outcome.SMS, agent=agent, now=now, message_id=message.id)
        return Sent(message=message)
    draft = Draft(
        channel=_channel(letter.channel),
        address=address,
        subject=letter.subject,
        text=letter.text,
        patient_id=patient_id,
        reply_to_id=answered.id if answered else None,
        key=letter.key,
        is_held=letter.is_held,
    )
    interaction, _ = write(session, bus, draft, settings=settings, agent=agent, now=now)
    if not letter.is_held:
        outcome = Outcome.EMAIL if draft.channel is Channel.EMAIL else Outcome.OTHER
        _close(session, bus, answered, outcome, agent=agent, now=now)
    return Sent(interaction=interaction)


def _channel(text: str) -> Channel:
    if text not in set(Channel):
        raise InvalidInput(N_("There is no such channel."), field="channel")
    return Channel(text)


def _answered_by_call(
    session: Session, bus: Bus, answered: Interaction | None, letter: Letter, *, agent: str, now: datetime
) -> Sent:
    if answered is None:
        raise InvalidInput(N_("A call is made with the Call button."), field="channel")
    _close(session, bus, answered, Outcome.CALL, agent=agent, now=now, note=letter.text)
    return Sent(interaction=answered)


def _address(
    session: Session, letter: Letter, patient_id: int | None, answered: Interaction | None, settings: Settings
) -> str:
    if letter.to == TYPED:
        return letter.typed.strip()
    patient = get_patient(session, patient_id) if patient_id is not None else None
    known = recipients(session, patient, answered, settings).get(letter.channel, [])
    chosen = next((each.address for each in known if each.value == letter.to), None)
    if chosen is None:
        raise InvalidInput(N_("Say where it should go."), field="to")
    return chosen


def _close(
    session: Session,
    bus: Bus,
    answered: Interaction | None,
    outcome: Outcome,
    *,
    agent: str,
    now: datetime,
    note: str = "",
    message_id: int | None = None,
) -> None:
    if answered is not None and answered.direction == Direction.IN:
        close(session, bus, answered.id, outcome, agent=agent, now=now, note=note, message_id=message_id)
