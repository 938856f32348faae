"""What waits in the outbox for one reason, such as a mass send, is held, let go again or cancelled, a batch at a time.

A held message is "approved": the gateway takes only what is queued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.db import after_commit
from app.journal.service import Entry, append
from app.messages.models import Message, Segment
from app.messages.rules import Direction, Origin, OutState, SegmentState

# On SQLite nobody else writes meanwhile: so many take some hundredths of a second.
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How many messages were changed, and after which one the next batch begins; nothing after the last one."""

    changed: int
    next_after: int | None


def hold_waiting(session: Session, bus: Bus, *, origin: Origin, origin_id: int, after: int, now: datetime) -> Batch:
    """Keep the gateway from taking messages of which nothing has left."""
    seen, waiting = _untouched(session, origin, origin_id, after, (OutState.QUEUED,))
    _set(session, waiting, state=OutState.APPROVED)
    return _done(session, bus, "messages.held", seen, waiting, now)


def release_held(session: Session, bus: Bus, *, origin: Origin, origin_id: int, after: int, now: datetime) -> Batch:
    """Let held messages go. One whose time has passed meanwhile expires, as any other."""
    seen, waiting = _untouched(session, origin, origin_id, after, (OutState.APPROVED,))
    _set(session, waiting, state=OutState.QUEUED)
    after_commit(session, lambda: bus.publish(bus_topics.OUTBOX, {"id": None}))
    return _done(session, bus, "messages.released", seen, waiting, now)


def cancel_waiting(session: Session, bus: Bus, *, origin: Origin, origin_id: int, after: int, now: datetime) -> Batch:
    """Take back messages, held or not, of which nothing has left."""
    seen, waiting = _untouched(session, origin, origin_id, after, (OutState.QUEUED, OutState.APPROVED))
    if waiting:
        session.execute(
            update(Segment)
            .where(Segment.message_id.in_(waiting))
            .values(state=SegmentState.CANCELLED, final_at=now)
            .execution_options(synchronize_session=False)
        )
    _set(session, waiting, state=OutState.CANCELLED, final_at=now)
    return _done(session, bus, "messages.cancelled", seen, waiting, now)


def _untouched(
    session: Session, origin: Origin, origin_id: int, after: int, states: Sequence[OutState]
) -> tuple[list[int], list[int]]:
    """The next messages in these states, and those of them of which no segment was ever taken."""
    query = (
        select(Message.id)
        .where(
            Message.origin == origin,
            Message.origin_id == origin_id,
            Message.id > after,
            Message.direction == Direction.OUT,
            Message.state.in_(states),
        )
        .order_by(Message.id)
        .limit(_BATCH)
    )
    seen = list(session.scalars(query))
    if not seen:
        return [], []
    # Locked, so that a claim of the gateway is either finished and seen here, or waits and then finds nothing.
    segments = select(Segment.message_id, Segment.state).where(Segment.message_id.in_(seen)).order_by(Segment.id)
    taken = {
        message_id for message_id, state in session.execute(segments.with_for_update()) if state != SegmentState.WAITING
    }
    return seen, [each for each in seen if each not in taken]


def _set(session: Session, ids: Sequence[int], **values: object) -> None:
    if ids:
        session.execute(
            update(Message).where(Message.id.in_(ids)).values(values).execution_options(synchronize_session=False)
        )


def _done(session: Session, bus: Bus, kind: str, seen: Sequence[int], changed: Sequence[int], now: datetime) -> Batch:
    if changed:
        append(session, bus, [Entry(kind=kind, at=now, payload={"count": len(changed)})])
    return Batch(changed=len(changed), next_after=seen[-1] if len(seen) == _BATCH else None)
