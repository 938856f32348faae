"""When a message of a rule is due (S-14, S-20), and what follows when its date moves, goes or comes too late.

A moment is worked out from the anchor alone, never from when somebody looked: whoever plans twice plans the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MOST_DAYS = 3_660
"""The longest lead or delay: ten years."""


class PlanState(StrEnum):
    """planned → queued, skipped or cancelled; cancelled → planned when the date comes back; queued → cancelled."""

    PLANNED = "planned"
    QUEUED = "queued"  # in the outbox, whose row says what became of it
    SKIPPED = "skipped"  # it was due and did not go, for a reason
    CANCELLED = "cancelled"  # its date was taken back, or somebody took it back


class Reason(StrEnum):
    """Why a planned message does not go, beside the refusals of the contact policy."""

    TOO_LATE = "too_late"  # the date became known, or the product came back, when it was no use any more
    NO_MOBILE = "no_mobile"
    EMPTY_FIELD = "empty_field"
    BAD_TEXT = "bad_text"
    TEMPLATE_UNUSABLE = "template_unusable"
    WITHDRAWN = "withdrawn"  # the record was taken back, or does not meet the rule any more
    BY_HAND = "by_hand"
    RULE_STOPPED = "rule_stopped"  # its time passed while the rule was switched off
    SAME_OCCASION = "same_occasion"  # another rule has a message for this person and season


HELD_BACK = frozenset({"day_cap", "week_cap"})
"""Refusals of the contact policy that tomorrow may not give: such a message waits, planned, for another day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """`days` before the anchor's day (negative) or after it; at this time of the hospital's clock.

    `late_days` is for how many days more the message is of use when it could not go on its own day. A reminder before
    the anchor is of no use once the anchor's moment has come, whatever `late_days` says.
    """

    days: int
    at: time
    late_days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When it is to go, and from when on it is of no use."""

    due_at: datetime
    useless_at: datetime

    def is_useless(self, now: datetime) -> bool:
        return now >= self.useless_at


def plan(
    timing: Timing, anchor_on: date, anchor_at: datetime | None, zone: ZoneInfo, *, is_known_before: bool = False
) -> Due:
    """When the message for this anchor is due. `anchor_at` is the anchor's moment, where it has one.

    With `is_known_before`, what is due on the anchor's day and before its moment is a reminder too: an operation is
    announced, while a discharge becomes known when it has happened.
    """
    due_at = _moment(anchor_on + timedelta(days=timing.days), timing.at, zone)
    useless_at = _moment(anchor_on + timedelta(days=timing.days + timing.late_days + 1), time(), zone)
    is_same_day_reminder = is_known_before and timing.days == 0 and anchor_at is not None and due_at < anchor_at
    if timing.days < 0 or is_same_day_reminder:
        # A date without a time is over for a reminder when its day begins.
        useless_at = min(useless_at, anchor_at or _moment(anchor_on, time(), zone))
    return Due(due_at=due_at, useless_at=max(useless_at, due_at + timedelta(minutes=1)))


def anchors_wanted(timing: Timing, today: date, horizon_days: int) -> tuple[date, date]:
    """Anchors from which day to which day can have a message that is due, or still of use, within the horizon."""
    first = today - timedelta(days=timing.days + timing.late_days + 1)
    return first, today + timedelta(days=horizon_days - timing.days)


def occasion_key(anchor: str, record: str) -> str:
    """What a message is about: one message per person, rule and occasion, ever. It never says when."""
    return f"{anchor}:{record}"[:80]


def next_try(due: Due, now: datetime, timing: Timing, zone: ZoneInfo) -> datetime | None:
    """Tomorrow at the rule's time, for a message that a cap held back today; None when it is of no use then."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    moment = _moment(tomorrow, timing.at, zone)
    return moment if moment < due.useless_at else None


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time of that day; a time that a change of clocks leaves out is the moment after the gap."""
    local = datetime.combine(day, at, tzinfo=zone)
    # Through UTC and back: a wall time inside a gap comes out an hour later, as clocks show it.
    return datetime.fromtimestamp(local.timestamp(), tz=zone)
