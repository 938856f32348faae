"""Places in queues that are kept for callers who rang off: who is called back, for which agent, and what a failed call
leads to.

The law. All who wait for an agent, on the line or not, stand in one line: by the time of entry, less the credit of
urgency. A kept place is called only for an agent who is free and for whom nobody on the line stands before it in any
queue that this agent serves; so there are never more such calls than free agents, and nobody on the line is passed by
who came later. One number, and one person, is called once at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.call_flows.rules import CREDIT_SECONDS, Urgency
from app.texts import N_

LONGEST_KEPT = timedelta(hours=8)
"""A working day: who has not been called by then is a line on a list for somebody to decide about."""
MOST_ATTEMPTS = 3
MOST_ORDERS = 12
"""Orders that did not reach the caller's telephone, such as of an agent's phone that does not answer, end as well."""
_PAUSES = (timedelta(minutes=2), timedelta(minutes=5))
_UNDIALLED_PAUSE = timedelta(seconds=5)
LONGEST_REASON = 300


class PlaceResult(StrEnum):
    """How a kept place ended."""

    CALLED_BACK = "called_back"  # we called, and somebody answered
    CALLED_AGAIN = "called_again"  # the person called again, and one of us answered
    NOT_REACHED = "not_reached"  # called as often as is allowed
    REFUSED = "refused"  # the contact policy or the list of numbers forbids it
    TOO_LATE = "too_late"  # nobody was free for too long
    CANCELLED = "cancelled"  # by hand


RESULT_TEXT = {
    PlaceResult.CALLED_BACK: N_("Called back"),
    PlaceResult.CALLED_AGAIN: N_("Called again and was answered"),
    PlaceResult.NOT_REACHED: N_("Not reached; on the list to call back"),
    PlaceResult.REFUSED: N_("May not be called; on the list to call back"),
    PlaceResult.TOO_LATE: N_("Nobody was free in time; on the list to call back"),
    PlaceResult.CANCELLED: N_("Cancelled by hand"),
}
"""Labels, in English; whoever shows them translates them."""
UNSPOKEN = frozenset({PlaceResult.NOT_REACHED, PlaceResult.REFUSED, PlaceResult.TOO_LATE})
"""Ends after which somebody has to look: they become lines of the callers to call back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A kept place that may be called now."""

    id: int
    number: str
    patient_id: int | None
    queue: str
    entered_at: datetime
    urgency: Urgency = Urgency.USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody on the line, for whom no telephone rings."""

    queue: str
    entered_at: datetime
    urgency: Urgency = Urgency.USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeAgent:
    """Somebody who is ready and has no call, longest first."""

    name: str
    queues: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterCall:
    """What a call that failed leads to: another one not before `next_at`, or the end with `result`."""

    next_at: datetime | None = None
    result: PlaceResult | None = None


def standing(entered_at: datetime, urgency: Urgency) -> datetime:
    """By what the line is sorted."""
    return entered_at - timedelta(seconds=CREDIT_SECONDS[urgency])


def assign(places: Iterable[Place], callers: Iterable[Caller], agents: Sequence[FreeAgent]) -> dict[str, int]:
    """For which agent which kept place is called now: the place's id by the agent's name."""
    first: dict[str, datetime] = {}
    for caller in callers:
        stands = standing(caller.entered_at, caller.urgency)
        first[caller.queue] = min(stands, first.get(caller.queue, stands))
    left = sorted(places, key=lambda place: (standing(place.entered_at, place.urgency), place.id))
    found: dict[str, int] = {}
    busy: set[str | int] = set()
    for agent in agents:
        before = min((first[queue] for queue in agent.queues if queue in first), default=None)
        for place in left:
            lines = _lines(place)
            if place.queue not in agent.queues or busy & lines:
                continue
            # Who came at the same moment and is still on the line goes first.
            if before is not None and standing(place.entered_at, place.urgency) >= before:
                break
            found[agent.name] = place.id
            busy |= lines
            left.remove(place)
            break
    return found


def after_failure(*, attempts: int, orders: int, has_rung: bool, now: datetime) -> AfterCall:
    """`attempts` and `orders` count the call that has just failed; `has_rung` says that the caller's telephone rang."""
    if attempts >= MOST_ATTEMPTS or orders >= MOST_ORDERS:
        return AfterCall(result=PlaceResult.NOT_REACHED)
    if not has_rung:
        return AfterCall(next_at=now + _UNDIALLED_PAUSE)
    return AfterCall(next_at=now + _PAUSES[min(attempts, len(_PAUSES)) - 1])


def is_too_late(asked_at: datetime, now: datetime) -> bool:
    """Whether nobody calls this caller by itself any more."""
    return now - asked_at >= LONGEST_KEPT


def places_before(places: Iterable[Place], queue: str, stands: datetime) -> int:
    """How many kept places of this queue stand before who stands at this moment."""
    return sum(place.queue == queue and standing(place.entered_at, place.urgency) < stands for place in places)


def _lines(place: Place) -> set[str | int]:
    return {place.number} | ({place.patient_id} if place.patient_id is not None else set())
