"""What calls do to kept places: made by a key, called, spoken to, not reached. A change is one conditional update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls import service as calls
from app.calls.models import Call, TelephonyCommand
from app.calls.rules import CallChanged, CallEvent, CallRecord
from app.db import rows_changed
from app.journal.service import Entry, append
from app.kept_places.models import KeptPlace
from app.kept_places.rules import LONGEST_KEPT, UNSPOKEN, PlaceResult, after_failure
from app.missed_callers import service as missed_callers

_PLACE = KeptPlace.__table__
_IS_OPEN = KeptPlace.ended_at.is_(None)


def follow_calls(session: Session, bus: Bus, facts: Iterable[object]) -> None:
    """Run in the transaction that writes these facts, after them. The same facts again change nothing."""
    entries: list[Entry] = []
    for fact in facts:
        if not isinstance(fact, CallChanged) or fact.event not in (
            CallEvent.CALLBACK, CallEvent.ANSWERED, CallEvent.ENDED
        ):  # fmt: skip
            continue
        call = fact.call
        if call.callback_at is not None and call.answered_at is None and call.direction == "inbound":
            entries += _keep(session, call)
        elif call.answered_at is not None:
            entries += _spoken_to(session, call, fact.agent or call.agent)
        elif fact.event is CallEvent.ENDED and call.direction == "outbound":
            entries += _not_reached(session, call.linkedid, call.id, call.ended_at or fact.at, call.offered_at)
    append(session, bus, entries)


def needs_settling(session: Session, now: datetime) -> bool:
    """Whether an order has no call on record yet, or a place was kept for too long."""
    has_call = exists().where(Call.linkedid == KeptPlace.order_id)
    is_old = and_(KeptPlace.order_id.is_(None), KeptPlace.asked_at <= now - LONGEST_KEPT)
    is_in_doubt = and_(KeptPlace.order_id.is_not(None), ~has_call)
    return session.scalar(select(KeptPlace.id).where(_IS_OPEN, or_(is_old, is_in_doubt)).limit(1)) is not None


def settle(session: Session, bus: Bus, now: datetime) -> int:
    """Give up calls that were never placed, and end places that were kept for too long. Returns how many changed."""
    entries: list[Entry] = []
    called = session.scalars(select(KeptPlace).where(_IS_OPEN, KeptPlace.order_id.is_not(None))).all()
    if called:
        ids = [place.order_id for place in called]
        on_record = set(session.scalars(select(Call.linkedid).where(Call.linkedid.in_(ids))))
        orders = {row.id: row for row in session.scalars(select(TelephonyCommand).where(TelephonyCommand.id.in_(ids)))}
        is_proved = calls.is_link_proved(session, now)
        for place in called:
            if place.order_id is None or place.order_id in on_record:
                continue
            order, at = orders.get(place.order_id), place.ordered_at or now
            if calls.was_never_done(session, order, at, now, is_link_proved=is_proved):
                calls.free_lines(session, [place.order_id])
                entries += _not_reached(session, place.order_id, None, now, None)
    is_old = (KeptPlace.order_id.is_(None), KeptPlace.asked_at <= now - LONGEST_KEPT)
    for place in session.scalars(select(KeptPlace).where(_IS_OPEN, *is_old)):
        entries += end(session, place, PlaceResult.TOO_LATE, at=now)
    append(session, bus, entries)
    return len(entries)


def end(
    session: Session,
    place: KeptPlace,
    result: PlaceResult,
    *,
    at: datetime,
    by: str | None = None,
    closing_call: str | None = None,
    conditions: Sequence[ColumnElement[bool]] = (),
    reason: str | None = None,
) -> list[Entry]:
    """End an open place, once. Who was not spoken to becomes a line of the callers to call back.

    The line belongs to whoever tried last. Returns what is to be journalled, nothing when it had ended or `conditions`
    do not hold.
    """
    values = {"ended_at": at, "ended_by": by, "closing_call_id": closing_call, "result": result.value}
    if not _change(session, place.id, *conditions, **values, reason=reason):
        return []
    payload = {"place_id": place.id, "queue": place.queue, "result": result.value}
    entries = [Entry(kind="kept_place.ended", at=at, call_id=place.call_id, agent=by, payload=payload)]
    if result in UNSPOKEN:
        entries += missed_callers.caller_missed(
            session, call_id=place.call_id, number=place.number, at=at, owner=place.agent
        )
    return entries


def _keep(session: Session, call: CallRecord) -> list[Entry]:
    """Asking again keeps the earlier place."""
    if not call.number or call.queue is None or call.callback_at is None:
        return []
    known = select(KeptPlace.id).where(or_(KeptPlace.call_id == call.id, (KeptPlace.number == call.number) & _IS_OPEN))
    if session.execute(known).first() is not None:
        return []
    patient_id = session.scalar(select(Call.patient_id).where(Call.id == call.id))
    session.execute(
        insert(_PLACE).values(  # type: ignore[arg-type]
            call_id=call.id,
            number=call.number,
            patient_id=patient_id,
            queue=call.queue,
            urgency=call.urgency,
            entered_at=call.queued_at or call.callback_at,
            asked_at=call.callback_at,
            attempts=0,
            orders=0,
            next_at=call.callback_at,
        )
    )
    return [Entry(kind="kept_place.asked", at=call.callback_at, call_id=call.id, payload={"queue": call.queue})]


def _spoken_to(session: Session, call: CallRecord, agent: str | None) -> list[Entry]:
    """Somebody speaks with this number or person: nobody needs to call them. A place that was asked for later stays."""
    if agent is None or call.answered_at is None:
        return []
    patient_id = session.scalar(select(Call.patient_id).where(Call.id == call.id))
    is_theirs = KeptPlace.number == call.number
    if patient_id is not None:
        is_theirs = or_(is_theirs, KeptPlace.patient_id == patient_id)
    is_before = KeptPlace.asked_at < call.answered_at
    found = session.scalars(
        select(KeptPlace).where(_IS_OPEN, or_(KeptPlace.order_id == call.linkedid, and_(is_theirs, is_before)))
    ).all()
    is_inbound = call.direction == "inbound"
    result = PlaceResult.CALLED_AGAIN if is_inbound else PlaceResult.CALLED_BACK
    entries = []
    for place in found:
        entries += end(session, place, result, at=call.answered_at, by=agent, closing_call=call.id)
    return entries


def _not_reached(
    session: Session, order_id: str, call_id: str | None, at: datetime, rang_at: datetime | None
) -> list[Entry]:
    """The call of this order ended without an answer; `rang_at` is nothing when the caller's telephone never rang."""
    place = session.scalar(select(KeptPlace).where(_IS_OPEN, KeptPlace.order_id == order_id))
    if place is None:
        return []
    attempts = place.attempts + (rang_at is not None)
    after = after_failure(attempts=attempts, orders=place.orders, has_rung=rang_at is not None, now=at)
    mine = KeptPlace.order_id == order_id
    if after.result is not None:
        _change(session, place.id, mine, attempts=attempts)
        return end(session, place, after.result, at=at, closing_call=call_id, conditions=[mine])
    if not _change(session, place.id, mine, attempts=attempts, next_at=after.next_at, order_id=None):
        return []
    payload = {"place_id": place.id, "queue": place.queue, "attempts": attempts}
    return [Entry(kind="kept_place.not_reached", at=at, call_id=place.call_id, agent=place.agent, payload=payload)]


def _change(session: Session, place_id: int, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = session.execute(
        update(KeptPlace).where(KeptPlace.id == place_id, _IS_OPEN, *conditions).values(**values),
        execution_options={"synchronize_session": False},
    )
    if changed_one := rows_changed(changed) == 1:
        for row in session:
            if isinstance(row, KeptPlace):
                session.expire(row)
    return changed_one
