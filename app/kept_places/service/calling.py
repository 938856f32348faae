"""Call those who keep their places: for an agent who is free, in one transaction, as lists are dialled.

Policy, the line and the order are written together or not at all; telephony dials an order at most once, with the
agent in the call before the caller's telephone rings.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.call_flows.rules import Urgency
from app.calls import service as calls
from app.calls.models import Call, OutboundLine
from app.calls.rules import CallState, CommandKind
from app.contact_policy.rules import CALL, Refusal
from app.contact_policy.service import may_contact
from app.db import rows_changed
from app.followups.service import DIALLER
from app.journal.service import append
from app.kept_places.models import KeptPlace
from app.kept_places.rules import Caller, FreeAgent, Place, PlaceResult, assign
from app.kept_places.service.following import end, needs_settling, settle
from app.messages.rules.states import MessageKind
from app.parts import Parts
from app.queues import service as queues

log = structlog.get_logger()

# Somebody talks with them or calls them in this moment, or they call us.
_BUSY_PAUSE = timedelta(seconds=10)
# They asked for this call, so what they want no more of does not bind it; whom nobody can or should reach it does.
_BINDING = frozenset({Refusal.DECEASED, Refusal.WRONG_NUMBER})


def call_next(parts: Parts) -> int:
    """Order the calls whose turn it is. Returns how many; never more than there are free agents."""
    with parts.database.reading() as session:
        is_unsettled = needs_settling(session, parts.now())
    if is_unsettled:
        with parts.database.writing() as session:
            settle(session, parts.bus, parts.now())
    with parts.database.reading() as session:
        places = callable_places(session, parts.now())
        turns = assign(places, _callers(session), _free_agents(session, parts.now())) if places else {}
    begun = 0
    for agent, place_id in turns.items():
        try:
            with parts.database.writing() as session:
                begun += _call(session, parts, agent, place_id)
        except DBAPIError:
            raise
        except Exception:
            # One that breaks our own code must not keep those behind it from being called.
            log.exception("kept_place.call_failed", place=place_id)
    return begun


def call_and_see(parts: Parts) -> tuple[Place, ...]:
    """As call_next. Returns who is still to be called, as soon as somebody is free; costs one query when nobody is."""
    with parts.database.reading() as session:
        if session.scalar(select(KeptPlace.id).where(KeptPlace.ended_at.is_(None)).limit(1)) is None:
            return ()
    call_next(parts)
    with parts.database.reading() as session:
        return tuple(callable_places(session, parts.now()))


def callable_places(session: Session, now: datetime) -> list[Place]:
    """Those who may be called now, as soon as somebody is free: nobody calls them, and no pause holds them back."""
    query = select(KeptPlace).where(
        KeptPlace.ended_at.is_(None), KeptPlace.order_id.is_(None), KeptPlace.next_at <= now
    )
    return [
        Place(
            id=row.id,
            number=row.number,
            patient_id=row.patient_id,
            queue=row.queue,
            entered_at=row.entered_at,
            urgency=Urgency(row.urgency),
        )
        for row in session.scalars(query.order_by(KeptPlace.entered_at).limit(200))
    ]


def _call(session: Session, parts: Parts, agent: str, place_id: int) -> bool:
    now = parts.now()
    place = session.get(KeptPlace, place_id, populate_existing=True)
    is_ready = select(AgentStatus.id).where(AgentStatus.id == agent, AgentStatus.state == AgentState.READY)
    if place is None or session.scalar(is_ready) is None:
        return False
    refusal = may_contact(
        session, patient_id=place.patient_id, number=place.number, kind=MessageKind.CARE, channel=CALL, now=now
    ).refusal
    if refusal in _BINDING or not calls.allowed_numbers(session)(place.number):
        append(session, parts.bus, end(session, place, PlaceResult.REFUSED, at=now))
        return False
    order_id = str(uuid.uuid4())
    lines = calls.lines_of(number=place.number, patient_id=place.patient_id, agent=agent)
    is_busy = calls.is_on_the_phone(session, number=place.number, patient_id=place.patient_id)
    if is_busy or not calls.take_lines(session, lines, held_by=order_id, now=now):
        place.next_at = now + _BUSY_PAUSE
        return False
    claimed = session.execute(
        update(KeptPlace)
        .where(KeptPlace.id == place_id, KeptPlace.ended_at.is_(None), KeptPlace.order_id.is_(None))
        .values(order_id=order_id, agent=agent, ordered_at=now, orders=KeptPlace.orders + 1),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(claimed) != 1:
        calls.free_lines(session, [order_id])
        return False
    calls.place_order(
        session,
        parts.bus,
        id=order_id,
        kind=CommandKind.DIAL,
        args={"number": place.number, "kept_place": place_id},
        agent=agent,
        issued_by=DIALLER,
        now=now,
    )
    return True


def _callers(session: Session) -> list[Caller]:
    query = select(Call.queue, Call.queued_at, Call.urgency).where(
        Call.ended_at.is_(None),
        Call.direction == "inbound",
        Call.state == CallState.RINGING,
        Call.queue.is_not(None),
        Call.queued_at.is_not(None),
        Call.agent.is_(None),
        Call.callback_at.is_(None),
    )
    return [
        Caller(queue=queue, entered_at=entered_at, urgency=Urgency(urgency))
        for queue, entered_at, urgency in session.execute(query)
        if queue is not None and entered_at is not None
    ]


def _free_agents(session: Session, now: datetime) -> list[FreeAgent]:
    """Who is ready, longest first, and for whom no call is on its way."""
    is_called = exists().where(OutboundLine.line == "agent:" + AgentStatus.id, OutboundLine.until > now)
    query = select(AgentStatus.id).where(AgentStatus.state == AgentState.READY, ~is_called)
    served = queues.memberships(session)
    return [
        FreeAgent(name=name, queues=tuple(served.get(name, {queues.HOTLINE_QUEUE: 0})))
        for name in session.scalars(query.order_by(AgentStatus.since))
    ]
