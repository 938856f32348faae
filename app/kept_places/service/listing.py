"""Who keeps a place, and taking somebody off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from app.access.service import UNSCOPED
from app.accounts.models import User
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.service import append
from app.kept_places.models import KeptPlace
from app.kept_places.rules import LONGEST_REASON, PlaceResult
from app.kept_places.service.following import end
from app.patients.models import Patient
from app.queues.models import Queue
from app.texts import N_

_IS_OPEN = KeptPlace.ended_at.is_(None)
_ENDED_SHOWN = timedelta(days=1)
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """A kept place with what is shown beside."""

    place: KeptPlace
    patient_name: str | None
    queue_label: str
    agent_name: str | None


def list_places(session: Session, now: datetime) -> list[KeptLine]:
    """The open ones in the order of their entry, then those that ended within a day, the last one first."""
    agent = aliased(User)
    query = (
        select(KeptPlace, Patient.name, Queue.label, agent.display_name)
        .outerjoin(Patient, Patient.id == KeptPlace.patient_id)
        .outerjoin(Queue, Queue.name == KeptPlace.queue)
        .outerjoin(agent, agent.username == KeptPlace.agent)
    )
    waiting = session.execute(query.where(_IS_OPEN).order_by(KeptPlace.entered_at, KeptPlace.id).limit(_MOST)).all()
    ended = session.execute(
        query.where(KeptPlace.ended_at > now - _ENDED_SHOWN).order_by(KeptPlace.ended_at.desc()).limit(_MOST)
    ).all()
    return [
        KeptLine(place=place, patient_name=name or None, queue_label=label or place.queue, agent_name=shown)
        for place, name, label, shown in (*waiting, *ended)
    ]


def count_places(session: Session) -> int:
    """How many callers wait to be called, as far as the viewer sees them."""
    return session.scalar(select(func.count(KeptPlace.id)).where(_IS_OPEN)) or 0


def is_somebody_due(session: Session, now: datetime) -> bool:
    """Whether a kept place could be called now: free agents are for those before they are for lists."""
    is_due = exists().where(_IS_OPEN, KeptPlace.order_id.is_(None), KeptPlace.next_at <= now)
    return bool(session.scalar(select(is_due), execution_options={UNSCOPED: True}))


def entered_at(session: Session, order_id: str) -> datetime | None:
    """Since when the caller has waited for whom this call was ordered, also after somebody has answered it."""
    query = select(KeptPlace.entered_at).where(KeptPlace.order_id == order_id)
    return session.scalar(query, execution_options={UNSCOPED: True})


def cancel(session: Session, bus: Bus, place_id: int, *, by: str, reason: str, now: datetime) -> None:
    """Take a caller off: nobody calls them by itself. Raises NotFound, InvalidInput without a reason, and Conflict when
    it has ended or the call is on its way."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidInput(N_("Say in at most 300 characters why nobody needs to call back."), field="reason")
    place = session.scalar(select(KeptPlace).where(KeptPlace.id == place_id))
    if place is None:
        raise NotFound(N_("There is no such caller."))
    is_still = [KeptPlace.order_id.is_(None)]
    entries = end(session, place, PlaceResult.CANCELLED, at=now, by=by, conditions=is_still, reason=reason)
    if not entries:
        raise Conflict(N_("This caller is being called just now, or somebody has spoken to them meanwhile."))
    append(session, bus, entries)
