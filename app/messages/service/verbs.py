"""What is done with messages that are there: forward, send again, delete and take that back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound, WardlineError
from app.journal.service import Entry, append
from app.messages.models import Message
from app.messages.rules import Direction, InState, MessageKind, OutState
from app.messages.service.delivery import UNCERTAIN
from app.messages.service.reading import get_message
from app.messages.service.receiving import handle_message
from app.messages.service.sending import queue_message, resend
from app.settings import Settings
from app.texts import N_

MOST_AT_ONCE = 200
"""A page of a list holds fewer; more than that is a mass send."""
MOST_FORWARDED = 50
_BETWEEN = re.compile(r"[,，;；、\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one: the message, or why nothing happened, as a sentence for the catalogues and its values."""

    name: str  # the number as it was typed, or the id of the message
    message: Message | None = None
    detail: str = ""
    values: dict[str, Any] | None = None


def split_numbers(text: str) -> list[str]:
    """The numbers in a field that takes several, each once."""
    return list(dict.fromkeys(part.strip()[:60] for part in _BETWEEN.split(text) if part.strip()))


def forward(
    session: Session,
    bus: Bus,
    *,
    settings: Settings,
    message_id: int,
    to: Sequence[str],
    text: str,
    agent: str,
    now: datetime,
    dedup_key: str,
) -> list[Done]:
    """Send a received or sent text on to other numbers, with the words that are given (S-06); one answer for each.

    The new messages are linked to the first. The same `dedup_key` sends to each number once. Raises NotFound, and
    InvalidInput for no number, too many of them, or a text that cannot be sent.
    """
    first = get_message(session, message_id)
    if not 1 <= len(to) <= MOST_FORWARDED:
        raise InvalidInput(N_("Give 1 to %(most)s numbers."), field="to", most=MOST_FORWARDED)
    is_promotion = first.direction == Direction.OUT and first.kind == MessageKind.MARKETING

    def send(place: int, number: str) -> Message:
        message, _ = queue_message(
            session,
            bus,
            settings=settings,
            text=text,
            kind=MessageKind.MARKETING if is_promotion else MessageKind.CARE,
            created_by=agent,
            now=now,
            number=number,
            dedup_key=f"{dedup_key}:{place}",
            forwarded_from_id=first.id,
        )
        return message

    found = [_try(number, partial(send, place, number)) for place, number in enumerate(to)]
    if found and all(done.values is not None and done.values.get("field") == "text" for done in found):
        raise InvalidInput(found[0].detail, **(found[0].values or {}))
    append(session, bus, [Entry(kind="message.forwarded", at=now, agent=agent, message_id=first.id)])
    return found


def resend_many(
    session: Session, bus: Bus, *, settings: Settings, ids: Sequence[int], agent: str, now: datetime
) -> list[Done]:
    """Send each of these once more (S-07); one answer for each, in order. Raises InvalidInput for too many."""
    return [
        _try(
            str(each),
            partial(resend, session, bus, settings=settings, message_id=each, agent=agent, now=now),
        )
        for each in _checked(ids)
    ]


def handle_many(session: Session, bus: Bus, *, ids: Sequence[int], agent: str, now: datetime) -> list[Done]:
    """Take each of these incoming texts off the list without an answer."""
    return [
        _try(str(each), partial(handle_message, session, bus, message_id=each, agent=agent, now=now))
        for each in _checked(ids)
    ]


def delete(session: Session, bus: Bus, *, ids: Sequence[int], agent: str, now: datetime) -> list[Done]:
    """Hide messages from the boxes (S-09). The rows stay. An incoming text is off the list of those to handle as well.

    What still waits to be sent is left alone: it would leave unseen.
    """
    return [_try(str(each), partial(_delete, session, bus, each, agent, now)) for each in _checked(ids)]


def restore(session: Session, bus: Bus, *, ids: Sequence[int], agent: str, is_admin: bool, now: datetime) -> list[Done]:
    """Show deleted messages again: those that the agent deleted, or an administrator any."""
    return [_try(str(each), partial(_restore, session, bus, each, agent, is_admin, now)) for each in _checked(ids)]


def _delete(session: Session, bus: Bus, message_id: int, agent: str, now: datetime) -> Message:
    message = session.scalar(select(Message).where(Message.id == message_id).with_for_update())
    if message is None:
        raise NotFound(N_("There is no such message."))
    if message.state == OutState.QUEUED and message.error_code != UNCERTAIN:
        raise Conflict(N_("This message still waits to be sent."))
    if message.hidden_at is None:
        message.hidden_at, message.hidden_by = now, agent
        if message.direction == Direction.IN and message.handled_at is None:
            if message.state in (InState.NEW, InState.READ):
                message.state = InState.IGNORED
            message.handled_at, message.handled_by = now, agent
        append(session, bus, [Entry(kind="message.deleted", at=now, agent=agent, message_id=message.id)])
    return message


def _restore(session: Session, bus: Bus, message_id: int, agent: str, is_admin: bool, now: datetime) -> Message:
    message = get_message(session, message_id)
    if message.hidden_at is not None:
        if not is_admin and message.hidden_by != agent:
            raise NotFound(N_("There is no such message."))
        if message.direction == Direction.IN and message.handled_at == message.hidden_at:
            message.handled_at = message.handled_by = None
            message.state = InState.READ if message.state == InState.IGNORED else message.state
        message.hidden_at = message.hidden_by = None
        append(session, bus, [Entry(kind="message.restored", at=now, agent=agent, message_id=message.id)])
    return message


def _checked(ids: Sequence[int]) -> list[int]:
    if len(ids) > MOST_AT_ONCE:
        raise InvalidInput(N_("At most %(most)s messages at once."), field="ids", most=MOST_AT_ONCE)
    return list(dict.fromkeys(ids))


def _try(name: str, act: Callable[[], Message]) -> Done:
    try:
        return Done(name=name, message=act())
    except WardlineError as error:
        return Done(name=name, detail=error.detail, values=dict(error.fields))
