"""The figures of the present day that cost more than a glance: followed in the journal, not counted anew each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Float, Select, case, cast, func, or_, select
from sqlalchemy.orm import Session

from app.calls.models import Call, Leg
from app.floor.rules.day import AgentsDay, StateChange
from app.floor_reports.service import IS_AGENT_CHANGE, last_changes_before
from app.journal.models import JournalEntry
from app.journal.service import latest_seq
from app.queues.rules import start_of_day
from app.queues.service import seconds_between, was_offered
from app.settings import Settings

EARLIER = timedelta(minutes=15)
"""What the trend of a figure compares with: the same figure so long ago."""

_ENTRY = (
    JournalEntry.seq,
    JournalEntry.agent,
    JournalEntry.at,
    JournalEntry.payload["state"].as_string(),
    JournalEntry.call_id,
)


class DayBook:
    """The agents' times of today, read once and then followed. Kept by one thread; begins anew at midnight."""

    def __init__(self) -> None:
        self._day: AgentsDay | None = None
        self._seq = 0

    def follow(self, session: Session, settings: Settings, now: datetime) -> AgentsDay:
        """The times up to what is committed now."""
        start = start_of_day(now, settings.timezone)
        if self._day is None or self._day.start != start or not self._go_on(session):
            self._day, self._seq = AgentsDay(start=start), latest_seq(session)
            self._take(_changes_since(session, start))
        return self._day

    def _go_on(self, session: Session) -> bool:
        wanted = select(*_ENTRY).where(JournalEntry.seq > self._seq, JournalEntry.kind == "agent.changed")
        return self._take(session.execute(wanted.order_by(JournalEntry.seq)))

    def _take(self, rows: Iterable[tuple[int, str | None, datetime, str | None, str | None]]) -> bool:
        """False when a change was told late, out of its order: then the day is read anew."""
        assert self._day is not None
        is_in_order = True
        for seq, agent, at, state, call_id in rows:
            self._seq = max(self._seq, seq)
            change = StateChange(agent=agent or "", at=at, state=state or "", call_id=call_id)
            is_in_order = self._day.take(change) and is_in_order
        return is_in_order


def average_answer(session: Session, start: datetime) -> dict[str, float]:
    """Seconds from the queue to the answer, on average over today's answered calls, by queue (ASA)."""
    waited = func.avg(cast(seconds_between(session, Call.queued_at, Call.answered_at), Float))
    rows = session.execute(
        select(Call.queue, waited)
        .where(Call.started_at >= start, was_offered(), Call.answered_at.is_not(None))
        .group_by(Call.queue)
    )
    return {queue: seconds for queue, seconds in rows if queue is not None and seconds is not None}


def average_handle(session: Session, day: AgentsDay, now: datetime) -> dict[str, float]:
    """Seconds of talk and wrap-up of all agents, on average over today's answered calls, by queue (AHT)."""
    talk = {row[0]: row[1] for row in session.execute(_talk_by_queue(session, day.start, now))}
    wrap_up: dict[str, float] = {}
    answered: dict[str, int] = {}
    by_call = day.wrap_up_by_call(now)
    rows = session.execute(
        select(Call.id, Call.queue, Call.answered_at.is_not(None)).where(Call.started_at >= day.start, was_offered())
    )
    for id, queue, is_answered in rows:
        if queue is not None:
            wrap_up[queue] = wrap_up.get(queue, 0) + by_call.get(id, 0)
            answered[queue] = answered.get(queue, 0) + bool(is_answered)
    return {queue: ((talk.get(queue) or 0) + wrap_up[queue]) / count for queue, count in answered.items() if count}


def _talk_by_queue(session: Session, start: datetime, now: datetime) -> Select[Any, Any]:
    # The phone of an agent may be answered before the patient's; an end that nobody heard is the call's own.
    began = case((Leg.answered_at > Call.answered_at, Leg.answered_at), else_=Call.answered_at)
    ended = func.coalesce(Leg.ended_at, Call.ended_at, now, type_=Call.ended_at.type)
    talked = seconds_between(session, began, ended)
    return (
        select(Call.queue, func.sum(case((talked > 0, talked), else_=0)))
        .join(Leg, Leg.call_id == Call.id)
        .where(
            Call.started_at >= start,
            was_offered(),
            Call.queue.is_not(None),
            Call.answered_at.is_not(None),
            Leg.answered_at.is_not(None),
        )
        .group_by(Call.queue)
    )


def _changes_since(
    session: Session, start: datetime
) -> Iterator[tuple[int, str | None, datetime, str | None, str | None]]:
    first = last_changes_before(session, start)
    wanted = (
        select(*_ENTRY)
        .where(IS_AGENT_CHANGE, or_(JournalEntry.at >= start, JournalEntry.seq.in_(first)))
        .order_by(JournalEntry.agent, JournalEntry.at, JournalEntry.seq)
        .execution_options(yield_per=2000)
    )
    yield from session.execute(wanted)
