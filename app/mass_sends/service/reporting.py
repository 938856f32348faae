"""What a mass send will do and has done, in numbers, and the list behind each number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select
from sqlalchemy.orm import Session

from app.mass_sends.models import MassSend, MassSendRecipient
from app.messages.models import Message
from app.messages.rules import Origin, OutState
from app.paging import Page, read_cursor, write_cursor

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many messages are in each state, how many parts left, and how many people are left out for each reason."""

    states: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)  # by the network's code
    sent_parts: int = 0
    exclusions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One recipient with what became of the message, if there is one."""

    recipient: MassSendRecipient
    message_id: int | None
    state: str | None
    parts: int
    error_code: str | None
    sent_at: datetime | None
    final_at: datetime | None


def list_sends(session: Session, *, limit: int, cursor: str | None = None) -> Page[MassSend]:
    """Mass sends, newest first."""
    query = select(MassSend).order_by(MassSend.id.desc()).limit(limit + 1)
    if cursor:
        [before] = read_cursor(cursor, (int,))
        query = query.where(MassSend.id < before)
    found = list(session.scalars(query))
    more = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def report_on(session: Session, send_id: int) -> Report:
    """The numbers of a mass send, of those people whom the session's viewer may see."""
    states: dict[str, int] = {}
    failures: dict[str, int] = {}
    sent_parts = 0
    query = (
        select(Message.state, Message.error_code, func.count(), func.sum(Message.parts))
        .where(Message.origin == Origin.MASS_SEND, Message.origin_id == send_id)
        .group_by(Message.state, Message.error_code)
    )
    for state, error_code, count, parts in session.execute(query):
        states[state] = states.get(state, 0) + count
        if error_code and state in (OutState.FAILED, OutState.UNDELIVERED, OutState.CANCELLED):
            failures[error_code] = failures.get(error_code, 0) + count
        if state in (OutState.SENT, OutState.DELIVERED, OutState.UNDELIVERED):
            sent_parts += parts
    left_out = (
        select(MassSendRecipient.exclusion, func.count())
        .where(MassSendRecipient.mass_send_id == send_id, MassSendRecipient.exclusion.is_not(None))
        .group_by(MassSendRecipient.exclusion)
        .order_by(func.count().desc())
    )
    exclusions = {str(reason): count for reason, count in session.execute(left_out)}
    return Report(states=states, failures=failures, sent_parts=sent_parts, exclusions=exclusions)


def list_lines(
    session: Session,
    send_id: int,
    *,
    exclusion: str | None = None,
    state: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Line]:
    """The people behind a number: those left out for a reason, those whose message is in a state, or all of them."""
    query = _joined(send_id)
    if exclusion is not None:
        query = query.where(MassSendRecipient.exclusion == exclusion)
    if state is not None:
        query = query.where(Message.state == state)
    if cursor:
        [after] = read_cursor(cursor, (int,))
        query = query.where(MassSendRecipient.id > after)
    rows = session.execute(query.order_by(MassSendRecipient.id).limit(limit + 1)).all()
    lines = [_line(row) for row in rows[:limit]]
    more = write_cursor(lines[-1].recipient.id) if len(rows) > limit else None
    return Page(items=lines, next_cursor=more)


def count_lines(session: Session, send_id: int) -> int:
    """How many people of a mass send the session's viewer may see."""
    query = select(func.count()).select_from(MassSendRecipient).where(MassSendRecipient.mass_send_id == send_id)
    return session.scalar(query) or 0


def every_line(session: Session, send_id: int) -> Iterator[Line]:
    """All of them by id, some hundred at a time."""
    after = 0
    while True:
        query = _joined(send_id).where(MassSendRecipient.id > after).order_by(MassSendRecipient.id).limit(_BATCH)
        rows: Sequence[Row[*tuple[Any, ...]]] = session.execute(query).all()
        yield from (_line(row) for row in rows)
        if len(rows) < _BATCH:
            return
        after = rows[-1][0].id
        session.expunge_all()


def _joined(send_id: int) -> Select[*tuple[Any, ...]]:
    columns = (Message.id, Message.state, Message.parts, Message.error_code, Message.sent_at, Message.final_at)
    return (
        select(MassSendRecipient, *columns)
        .outerjoin(Message, _is_message_of(send_id))
        .where(MassSendRecipient.mass_send_id == send_id)
    )


def _is_message_of(send_id: int) -> ColumnElement[bool]:
    # By the unique key of the message, which has an index: no column has to be written back for each of a million.
    key = literal(f"mass:{send_id}:") + MassSendRecipient.number
    return and_(Message.dedup_key == key, MassSendRecipient.exclusion.is_(None))


def _line(row: Row[*tuple[Any, ...]]) -> Line:
    recipient, message_id, state, parts, error_code, sent_at, final_at = row
    assert isinstance(recipient, MassSendRecipient)
    return Line(
        recipient=recipient,
        message_id=message_id,
        state=state,
        parts=parts or recipient.parts,
        error_code=error_code,
        sent_at=sent_at,
        final_at=final_at,
    )
