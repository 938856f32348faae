"""Whether a call may be placed at this moment. Whoever dials asks this, however the call came to be wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.texts import N_


class NoDial(StrEnum):
    """Why nobody is called, besides the refusals of the contact policy. The words are part of the API."""

    CLOSED = "closed"
    NOT_IN_HAND = "not_in_hand"
    NO_NUMBER = "no_number"
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    OUT_OF_HOURS = "out_of_hours"
    ATTEMPT_CAP = "attempt_cap"
    DAY_CAP = "day_cap"
    ON_THE_PHONE = "on_the_phone"
    LIST_RESTS = "list_rests"


NO_DIAL_TEXT = {
    NoDial.CLOSED: N_("This follow-up is closed already."),
    NoDial.NOT_IN_HAND: N_("Take this follow-up in hand first."),
    NoDial.NO_NUMBER: N_("There is no number to call."),
    NoDial.NUMBER_NOT_ALLOWED: N_("Numbers that begin like this one are not dialled from here."),
    NoDial.OUT_OF_HOURS: N_("It is too early or too late to call there."),
    NoDial.ATTEMPT_CAP: N_("This number has been tried as often as is allowed for one follow-up."),
    NoDial.DAY_CAP: N_("This person has been called today as often as is allowed."),
    NoDial.ON_THE_PHONE: N_("Somebody of ours is on the telephone with this person just now."),
    NoDial.LIST_RESTS: N_("The outbound list is not running. Go on with it first."),
}
"""Each refusal as a sentence for the catalogues."""

FINAL = frozenset({NoDial.CLOSED, NoDial.NO_NUMBER, NoDial.NUMBER_NOT_ALLOWED, NoDial.ATTEMPT_CAP})
"""Waiting does not help."""
_BUSY_PAUSE = timedelta(minutes=5)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialLimits:
    """Hours of the day as at the number called, from `opens` until `closes`; and how often."""

    opens: int = 9
    closes: int = 20
    most_attempts: int = 3
    most_a_day: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DialFacts:
    """What is known at the moment of dialling.

    `zones` are those in which the number may be; `attempts` those of this task that rang, `attempts_today` those of
    this person over all tasks. `is_awaited`: the person waits for this call, so the hours do not bind.
    """

    now: datetime
    zones: Sequence[ZoneInfo]
    is_allowed: bool
    is_on_the_phone: bool
    attempts: int
    attempts_today: int
    is_awaited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswer:
    """`refusal` is nothing when the call may be placed; else `again_at` says when to ask again, if ever."""

    refusal: NoDial | None = None
    again_at: datetime | None = None


def may_call(facts: DialFacts, limits: DialLimits) -> DialAnswer:
    """Decide whether to dial now."""
    if not facts.is_allowed:
        return DialAnswer(refusal=NoDial.NUMBER_NOT_ALLOWED)
    if facts.attempts >= limits.most_attempts:
        return DialAnswer(refusal=NoDial.ATTEMPT_CAP)
    if facts.attempts_today >= limits.most_a_day:
        day = facts.now.astimezone(facts.zones[0]).date() + timedelta(days=1)
        tomorrow = datetime(day.year, day.month, day.day, tzinfo=facts.zones[0])
        return DialAnswer(refusal=NoDial.DAY_CAP, again_at=next_open(tomorrow, facts.zones, limits))
    if not facts.is_awaited and not is_open(facts.now, facts.zones, limits):
        return DialAnswer(refusal=NoDial.OUT_OF_HOURS, again_at=next_open(facts.now, facts.zones, limits))
    if facts.is_on_the_phone:
        return DialAnswer(refusal=NoDial.ON_THE_PHONE, again_at=facts.now + _BUSY_PAUSE)
    return DialAnswer()


def is_open(now: datetime, zones: Sequence[ZoneInfo], limits: DialLimits) -> bool:
    """Whether it is a time for calls wherever the number may be."""
    return all(limits.opens <= now.astimezone(zone).hour < limits.closes for zone in zones)


def next_open(now: datetime, zones: Sequence[ZoneInfo], limits: DialLimits) -> datetime:
    """`now` when it is a time for calls, else the next full hour that is. Where none is, the same time tomorrow."""
    if is_open(now, zones, limits):
        return now
    # By the quarter, for some zones lie half an hour beside the others.
    moment = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for _ in range(2 * 24 * 4):
        moment += timedelta(minutes=15)
        if is_open(moment, zones, limits):
            return moment
    return now + _DAY
