"""The live board, with the figures of the hospital's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Numeric,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls.models import Call
from app.calls.rules import CallState
from app.journal.service import latest_seq
from app.kept_places.models import KeptPlace
from app.queues.models import Queue, TelephonyLink
from app.queues.rules import start_of_day
from app.settings import Settings

_LONGEST_WAIT = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    in_time: int = 0
    decided: int = 0


def board(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """The live board of all queues and agents, in the form of docs/desk-protocol.md without `n`.

    `as_of` is the moment when telephony last proved to be in step with Asterisk, None when it never did.
    Counts are of the calls that came in since midnight in the hospital's zone.
    """
    # The number comes first: what is read after it is at least as new, whatever the database's isolation.
    seq = latest_seq(session)
    link = session.scalar(select(TelephonyLink))
    agents = _agents(session)
    counts = {state.value: 0 for state in AgentState if state is not AgentState.OFFLINE}
    counts[AgentState.OFFLINE.value] = 0
    for agent in agents:
        counts[agent["state"]] += 1
    return {
        "seq": seq,
        "as_of": _iso(link.as_of) if link else None,
        "link": link_view(link, now),
        "queues": _queues(session, settings, now),
        "agents": counts,
        "agent_list": agents,
    }


def link_view(link: TelephonyLink | None, now: datetime) -> dict[str, Any]:
    """The telephone link's state; a link that nobody ever wrote is down."""
    if link is None:
        return {"state": "down", "since": _iso(now), "detail": ""}
    return {"state": link.state, "since": _iso(link.since), "detail": link.detail}


def queue_labels(session: Session) -> dict[str, str]:
    """What each queue is called, by its name."""
    return {row[0]: row[1] for row in session.execute(select(Queue.name, Queue.label).order_by(Queue.label))}


def was_offered() -> ColumnElement[bool]:
    """Whether a call came in and reached a queue: what board, reports and lists of calls count."""
    return and_(Call.direction == "inbound", Call.queued_at.is_not(None))


def was_answered() -> ColumnElement[bool]:
    """Whether somebody answered a call."""
    return Call.answered_at.is_not(None)


def was_abandoned() -> ColumnElement[bool]:
    """Whether a call ended before anybody answered; who asked to be called back has not given up."""
    return and_(Call.answered_at.is_(None), Call.ended_at.is_not(None), Call.callback_at.is_(None))


def was_in_time(session: Session) -> ColumnElement[bool]:
    """Whether a call was answered within the seconds of its queue."""
    seconds = select(Queue.service_level_seconds).where(Queue.name == Call.queue).scalar_subquery()
    return and_(was_answered(), seconds_between(session, Call.queued_at, Call.answered_at) <= seconds)


def waiting_by_queue(session: Session) -> dict[str, int]:
    """How many callers wait in each queue."""
    rows = session.execute(select(Call.queue, func.count()).where(_is_waiting()).group_by(Call.queue))
    found = dict.fromkeys(session.scalars(select(Queue.name)), 0)
    return found | {name: count for name, count in rows if name is not None}


def queue_figures(session: Session, settings: Settings, at: datetime) -> dict[str, dict[str, Any]]:
    """The counts of each queue's day as they stood at an earlier moment of it, from the same rows as the board's."""
    moment = _as_of(at)
    days, waiting = _days(session, start_of_day(at, settings.timezone), at, moment), _waiting(session, moment)
    return {name: _counts(day, *waiting.get(name, (0, None))) for name, day in days.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What a call was at some moment, as conditions."""

    was_there: ColumnElement[bool]
    is_answered: ColumnElement[bool]
    is_abandoned: ColumnElement[bool]
    is_undecided: ColumnElement[bool]
    is_waiting: ColumnElement[bool]


def _present() -> _Moment:
    return _Moment(
        was_there=true(),
        is_answered=was_answered(),
        is_abandoned=was_abandoned(),
        is_undecided=and_(Call.answered_at.is_(None), Call.ended_at.is_(None)),
        is_waiting=_is_waiting(),
    )


def _as_of(at: datetime) -> _Moment:
    was_open = or_(Call.ended_at.is_(None), Call.ended_at > at)
    not_answered = or_(Call.answered_at.is_(None), Call.answered_at > at)
    return _Moment(
        was_there=Call.queued_at <= at,
        is_answered=Call.answered_at <= at,
        is_abandoned=and_(not_answered, Call.ended_at <= at, Call.callback_at.is_(None)),
        is_undecided=and_(not_answered, was_open),
        is_waiting=and_(
            # Nobody waits for longer, and without it every call of years would be looked at.
            Call.started_at > at - _LONGEST_WAIT,
            was_offered(),
            Call.queue.is_not(None),
            Call.queued_at <= at,
            not_answered,
            was_open,
            or_(Call.callback_at.is_(None), Call.callback_at > at),
        ),
    )


def _queues(session: Session, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    moment = _present()
    days, waiting = _days(session, start_of_day(now, settings.timezone), now, moment), _waiting(session, moment)
    is_kept = KeptPlace.ended_at.is_(None)
    kept = dict(session.execute(select(KeptPlace.queue, func.count()).where(is_kept).group_by(KeptPlace.queue)).all())
    return [
        {
            "name": queue.name,
            "label": queue.label,
            "callbacks": kept.get(queue.name, 0),
            **_counts(days[queue.name], *waiting.get(queue.name, (0, None))),
            "service_level_seconds": queue.service_level_seconds,
            "service_level_target": queue.service_level_target,
        }
        for queue in session.scalars(select(Queue).order_by(Queue.name))
    ]


def _counts(day: _Day, waiting: int, oldest: datetime | None) -> dict[str, Any]:
    return {
        "waiting": waiting,
        "longest_wait_since": _iso(oldest),
        "offered": day.offered,
        "answered": day.answered,
        "abandoned": day.abandoned,
        "service_level": round(day.in_time / day.decided, 4) if day.decided else None,
    }


def _waiting(session: Session, moment: _Moment) -> dict[str, tuple[int, datetime | None]]:
    """How many wait in each queue that anybody waits in, and since when the first of them does."""
    rows = session.execute(
        select(Call.queue, func.count(), func.min(Call.queued_at)).where(moment.is_waiting).group_by(Call.queue)
    )
    return {name: (count, oldest) for name, count, oldest in rows if name is not None}


def _days(session: Session, start: datetime, at: datetime, moment: _Moment) -> dict[str, _Day]:
    """What every queue counted since `start`, in one query."""
    thresholds = {row[0]: row[1] for row in session.execute(select(Queue.name, Queue.service_level_seconds))}
    found = dict.fromkeys(thresholds, _Day())
    if not thresholds:
        return found
    # Waiting callers who can still be answered in time count neither for nor against the service level.
    can_be_in_time = or_(
        *(
            and_(Call.queue == name, Call.queued_at > at - timedelta(seconds=seconds))
            for name, seconds in thresholds.items()
        )
    )
    is_open = and_(moment.is_undecided, can_be_in_time)
    waited = seconds_between(session, Call.queued_at, Call.answered_at)
    in_time = and_(moment.is_answered, waited <= case(thresholds, value=Call.queue))
    counts = (func.count(), _count(moment.is_answered), _count(moment.is_abandoned), _count(in_time), _count(is_open))
    rows = session.execute(
        select(Call.queue, *counts)
        .where(Call.started_at >= start, Call.queue.in_(thresholds), was_offered(), moment.was_there)
        .group_by(Call.queue)
    )
    for name, offered, answered, abandoned, timely, undecided in rows:
        assert name is not None  # the query asks for it
        found[name] = _Day(
            offered=offered, answered=answered, abandoned=abandoned, in_time=timely, decided=offered - undecided
        )
    return found


def _agents(session: Session) -> list[dict[str, Any]]:
    rows = session.execute(
        select(AgentStatus.id, User.display_name, AgentStatus.state, AgentStatus.reason, AgentStatus.since)
        .outerjoin(User, User.username == AgentStatus.id)
        .where((User.id.is_(None)) | (User.is_active.is_(True)))
        .order_by(AgentStatus.id)
    )
    return [
        {"id": id, "name": name or id, "state": state, "reason": reason, "since": _iso(since)}
        for id, name, state, reason, since in rows
    ]


def _is_waiting() -> ColumnElement[bool]:
    return and_(
        Call.state == CallState.RINGING.value,
        Call.direction == "inbound",
        Call.queue.is_not(None),
        Call.queued_at.is_not(None),
        Call.callback_at.is_(None),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), literal(0))


def seconds_between(session: Session, start: Any, end: Any) -> ColumnElement[float]:
    """How long it is from one moment to another, both columns, in the database's own arithmetic, to the millisecond."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.round(cast(extract("epoch", end - start), Numeric), 3), Float)
    # A Julian day of our time resolves 40 µs; rounding keeps exactly 20 s within 20 s.
    return func.round((func.julianday(end) - func.julianday(start)) * 86_400, 3)


def _iso(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None
