"""How the people of a list are spread evenly over its days and agents, and how fast it dials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """When and by whom; nobody in particular when the list is for the pool."""

    day: date
    agent: str | None


def share_of(place: int, days: Sequence[date], agents: Sequence[str]) -> Share:
    """The share of the person at this place, counted from 0: whoever comes next goes to the next day, then agent."""
    day = days[place % len(days)]
    agent = agents[(place // len(days)) % len(agents)] if agents else None
    return Share(day=day, agent=agent)


def load_of(people: int, days: Sequence[date], agents: Sequence[str]) -> dict[Share, int]:
    """How many people each agent has on each day; of any two shares none differs by more than one."""
    shares = len(days) * max(1, len(agents))
    whole, rest = divmod(people, shares)
    return {share_of(place, days, agents): whole + (place < rest) for place in range(shares)}


def may_begin(next_call_at: datetime | None, now: datetime, calls_per_minute: int, most: int) -> tuple[int, datetime]:
    """How many calls may begin now at this pace, `most` at the most; and from when on the next one may.

    What was missed while nothing could be called is not made up for but for a second.
    """
    pause = timedelta(minutes=1) / max(1, calls_per_minute)
    due = max(next_call_at or now, now - timedelta(seconds=1))
    count = 0
    while count < most and due <= now:
        count, due = count + 1, due + pause
    return count, due
