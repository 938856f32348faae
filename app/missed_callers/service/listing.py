"""The list of callers to call back, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.configuration.rules import CALLBACK_MINUTES
from app.configuration.service import settings as configuration
from app.missed_callers.models import CallbackRequest
from app.missed_callers.rules import Shown, is_late, late_since
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient, PatientPhone
from app.queues.models import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCaller:
    """A caller with what is shown beside. `phone_id` dials the number, where the viewer may see whose it is."""

    request: CallbackRequest
    patient_name: str | None
    phone_id: int | None
    queue_label: str | None
    owner_name: str | None
    closed_by_name: str | None
    is_late: bool


def minutes_allowed(session: Session) -> int:
    """How long a caller may wait to be called back before it shows as too long."""
    return configuration.value(session, CALLBACK_MINUTES)


def count_callers(session: Session, shown: Shown, *, by: str, now: datetime) -> int:
    """How many callers that list has for this user."""
    condition = _condition(shown, by, now, minutes_allowed(session))
    return session.scalar(select(func.count(CallbackRequest.id)).where(condition)) or 0


def list_callers(
    session: Session,
    shown: Shown,
    *,
    by: str,
    now: datetime,
    queue: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[MissedCaller]:
    """The callers, who tried last first. Raises InvalidInput for a damaged cursor."""
    minutes = minutes_allowed(session)
    owner, closer = aliased(User), aliased(User)
    phone = (
        select(func.min(PatientPhone.id))
        .where(
            PatientPhone.patient_id == CallbackRequest.patient_id,
            PatientPhone.number == CallbackRequest.number,
            # Of a person outside the viewer's scope there is nothing to dial.
            Patient.id.is_not(None),
        )
        .correlate(CallbackRequest, Patient)
        .scalar_subquery()
    )
    wanted = (
        select(CallbackRequest, Patient.name, phone, Queue.label, owner.display_name, closer.display_name)
        .outerjoin(Patient, Patient.id == CallbackRequest.patient_id)
        .outerjoin(Queue, Queue.name == CallbackRequest.queue)
        .outerjoin(owner, owner.username == CallbackRequest.owner)
        .outerjoin(closer, closer.username == CallbackRequest.closed_by)
        .where(_condition(shown, by, now, minutes))
        .order_by(CallbackRequest.last_at.desc(), CallbackRequest.id.desc())
        .limit(limit + 1)
    )
    if queue:
        wanted = wanted.where(CallbackRequest.queue == queue)
    if cursor:
        at, last_id = read_cursor(cursor, [datetime, int])
        earlier = and_(CallbackRequest.last_at == at, CallbackRequest.id < last_id)
        wanted = wanted.where(or_(CallbackRequest.last_at < at, earlier))
    found = [
        MissedCaller(
            request=row,
            patient_name=name or None,
            phone_id=phone_id,
            queue_label=label or row.queue,
            owner_name=owner_name or row.owner,
            closed_by_name=closer_name or row.closed_by,
            is_late=row.closed_at is None and is_late(since=row.since, taken_at=row.taken_at, now=now, minutes=minutes),
        )
        for row, name, phone_id, label, owner_name, closer_name in session.execute(wanted)
    ]
    last = found[limit - 1].request if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=write_cursor(last.last_at, last.id) if last else None)


def _condition(shown: Shown, by: str, now: datetime, minutes: int) -> ColumnElement[bool]:
    if shown is Shown.CLOSED:
        return CallbackRequest.closed_at.is_not(None)
    waits = CallbackRequest.closed_at.is_(None)
    match shown:
        case Shown.FREE:
            return and_(waits, CallbackRequest.owner.is_(None))
        case Shown.MINE:
            return and_(waits, CallbackRequest.owner == by)
        case Shown.LATE:
            began = func.coalesce(CallbackRequest.taken_at, CallbackRequest.since)
            return and_(waits, began <= late_since(now, minutes))
        case _:
            return waits
