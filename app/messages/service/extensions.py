"""Port extensions: digits behind our number, so that a reply finds the text that it answers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.configuration.rules import EXTENSION_DIGITS
from app.configuration.service import settings as configuration
from app.messages.models import Message
from app.messages.rules import Direction, extension_of, next_extension
from app.settings import Settings

_WHOLE = {UNSCOPED: True}


def own_number(settings: Settings) -> str:
    """The number that our texts come from, without a port extension."""
    return settings.smpp.source_addr if settings.smpp else ""


def extend(session: Session, settings: Settings, messages: Sequence[Message]) -> None:
    """Give each of these waiting texts an extension of its own, counted for its number; nothing where none is set."""
    digits, base = configuration.value(session, EXTENSION_DIGITS), own_number(settings)
    if not digits or not base:
        return
    newest = (
        select(func.max(Message.id))
        .where(
            Message.direction == Direction.OUT,
            Message.number.in_({message.number for message in messages}),
            Message.service_number.startswith(base, autoescape=True),
            func.length(Message.service_number) == len(base) + digits,
        )
        .group_by(Message.number)
    )
    last = select(Message.number, Message.service_number).where(Message.id.in_(newest))
    used = {
        number: extension_of(service_number, base, digits)
        for number, service_number in session.execute(last, execution_options=_WHOLE)
    }
    for message in messages:
        used[message.number] = next_extension(used.get(message.number, ""), digits)
        message.service_number = base + used[message.number]
    session.flush()


def thread_number(session: Session, settings: Settings, asked: Message) -> str:
    """The number to answer from: the one the text came to, where that carries an extension."""
    base = own_number(settings)
    has_extension = extension_of(asked.service_number, base, configuration.value(session, EXTENSION_DIGITS))
    return asked.service_number if has_extension else base


def answered_by(session: Session, settings: Settings, incoming: Message) -> Message | None:
    """The newest text of ours that left from the number, extension and all, to which this one came."""
    base = own_number(settings)
    if not extension_of(incoming.service_number, base, configuration.value(session, EXTENSION_DIGITS)):
        return None
    query = (
        select(Message)
        .where(
            Message.direction == Direction.OUT,
            Message.number == incoming.number,
            Message.service_number == incoming.service_number,
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
    return session.scalar(query, execution_options=_WHOLE)
