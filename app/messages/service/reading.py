"""Lists and views of messages, for the pages, the API and the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from app.db import UTCDateTime
from app.errors import NotFound
from app.messages.models import GatewayLink, Message
from app.messages.rules import Direction, LinkState, OutState
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.patients.phones import display_number
from app.patients.service import patient_cards
from app.texts import N_

Translate = Callable[[str], str]
MOST_IN_INBOX = 50
"""The desk shows at most so many texts that wait to be handled."""


class Box(StrEnum):
    """The three boxes of the messages page (S-01 to S-03)."""

    INBOX = "inbox"
    OUTBOX = "outbox"  # waiting, scheduled, in transit or failed
    SENT = "sent"  # accepted by the SMSC
    DELETED = "deleted"  # hidden from the other three (S-09)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to; nothing means everything that was not deleted."""

    box: Box | None = None
    direction: Direction | None = None
    state: str | None = None
    number: str | None = None  # E.164
    patient_id: int | None = None
    is_open: bool = False  # only incoming texts that nobody has handled
    words: str | None = None  # somewhere in the text, or in the person's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The bind to the SMSC as last written by the gateway."""

    state: LinkState
    since: datetime | None
    as_of: datetime | None
    detail: str


def get_message(session: Session, message_id: int) -> Message:
    """One message. Raises NotFound."""
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(N_("There is no such message."))
    return message


def list_messages(session: Session, filters: Filters, *, limit: int, cursor: str | None = None) -> Page[Message]:
    """Messages newest first. Raises InvalidInput for a cursor that this list did not give."""
    query = select(Message).where(*_conditions(filters))
    if cursor:
        query = query.where(tuple_(Message.created_at, Message.id) < tuple_(*_read_cursor(cursor)))
    query = query.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit + 1)
    rows = list(session.scalars(query))
    is_last = len(rows) <= limit
    rows = rows[:limit]
    return Page(items=rows, next_cursor=None if is_last else write_cursor(rows[-1].created_at, rows[-1].id))


def inbox(session: Session) -> tuple[int, list[Message]]:
    """How many incoming texts wait to be handled, and the newest of them."""
    is_open = _conditions(Filters(direction=Direction.IN, is_open=True))
    count = session.scalar(select(func.count()).select_from(Message).where(*is_open)) or 0
    query = select(Message).where(*is_open).order_by(Message.created_at.desc(), Message.id.desc())
    return count, list(session.scalars(query.limit(MOST_IN_INBOX)))


def replies_since(session: Session, since: datetime | None) -> list[Message]:
    """The newest text of each person, or number, who has written since then and waits for somebody (S-21)."""
    is_open = _conditions(Filters(direction=Direction.IN, is_open=True))
    query = select(Message).where(*is_open)
    if since is not None:
        query = query.where(Message.created_at >= since)
    rows = session.scalars(query.order_by(Message.created_at.desc(), Message.id.desc()).limit(MOST_IN_INBOX))
    newest: dict[int | str, Message] = {}
    for row in rows:
        newest.setdefault(row.patient_id or row.number, row)
    return list(newest.values())


def thread(session: Session, message: Message, limit: int = 50, *, with_deleted: bool = False) -> list[Message]:
    """The newest texts to and from the same person on all numbers, or else the same number, oldest first."""
    is_here = Message.number == message.number
    if message.patient_id is not None:
        # A number that several people share is one thread for what nobody has been named for.
        is_here = or_(Message.patient_id == message.patient_id, is_here & Message.patient_id.is_(None))
    query = select(Message).where(is_here)
    if not with_deleted:
        query = query.where(or_(Message.hidden_at.is_(None), Message.id == message.id))
    rows = session.scalars(query.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit))
    return list(rows)[::-1]


def message_views(
    session: Session, messages: Sequence[Message], *, now: datetime, translate: Translate = str
) -> list[dict[str, Any]]:
    """The messages as docs/desk-protocol.md writes them, in a fixed number of queries."""
    ids = {message.patient_id for message in messages if message.patient_id is not None}
    cards = patient_cards(session, ids, now=now, translate=translate) if ids else {}
    return [_view(message, cards) for message in messages]


def message_view(session: Session, message: Message, *, now: datetime, translate: Translate = str) -> dict[str, Any]:
    """One message as docs/desk-protocol.md writes it."""
    return message_views(session, [message], now=now, translate=translate)[0]


def gateway_link(session: Session) -> Link:
    """How texts can leave at the moment: the best of all accounts' links. `off` when no gateway has ever written."""
    rows = session.scalars(select(GatewayLink).order_by(GatewayLink.account)).all()
    row = min(rows, key=lambda each: _BEST_FIRST.index(LinkState(each.state)), default=None)
    if row is None:
        return Link(state=LinkState.OFF, since=None, as_of=None, detail="")
    return Link(state=LinkState(row.state), since=row.since, as_of=row.as_of, detail=row.detail)


_BEST_FIRST = (LinkState.BOUND, LinkState.CONNECTING, LinkState.DOWN, LinkState.REFUSED, LinkState.OFF)


def _view(message: Message, cards: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": message.id,
        "direction": message.direction,
        "number": message.number,
        "number_display": display_number(message.number),
        "patient": cards.get(message.patient_id or 0),
        "text": message.text,
        "kind": message.kind,
        "state": message.state,
        "parts": message.parts,
        "is_complete": message.is_complete,
        "created_at": message.created_at.isoformat(),
        "reply_to": message.reply_to_id,
        "error": message.error_code,
    }


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.box is not Box.DELETED:
        found.append(Message.hidden_at.is_(None))
    if filters.words:
        named = select(Patient.id).where(Patient.name.icontains(filters.words, autoescape=True))
        is_said = Message.text.icontains(filters.words, autoescape=True)
        found.append(or_(is_said, Message.patient_id.in_(named)))
    if filters.box is not None:
        found += _box_conditions(filters.box)
    if filters.direction is not None:
        found.append(Message.direction == filters.direction)
    if filters.state is not None:
        found.append(Message.state == filters.state)
    if filters.number is not None:
        found.append(Message.number == filters.number)
    if filters.patient_id is not None:
        found.append(Message.patient_id == filters.patient_id)
    if filters.is_open:
        found += [Message.direction == Direction.IN, Message.handled_at.is_(None)]
    return found


def _box_conditions(box: Box) -> list[ColumnElement[bool]]:
    if box is Box.INBOX:
        return [Message.direction == Direction.IN]
    if box is Box.DELETED:
        return [Message.hidden_at.is_not(None)]
    unsent = or_(
        Message.state.in_([OutState.DRAFT, OutState.APPROVED, OutState.QUEUED, OutState.FAILED, OutState.CANCELLED]),
        (Message.state == OutState.EXPIRED) & Message.sent_at.is_(None),
    )
    return [Message.direction == Direction.OUT, unsent if box is Box.OUTBOX else ~unsent]


def _read_cursor(cursor: str) -> tuple[ColumnElement[datetime], ColumnElement[int]]:
    created_at, message_id = read_cursor(cursor, (datetime, int))
    # Typed literals, because SQLite keeps a moment in another form than Python gives it.
    return literal(created_at, UTCDateTime), literal(message_id, Integer)
