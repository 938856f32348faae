"""Where an urgent caller stands in a queue, with a bound on what the others lose by it.

The law: urgency is credit in seconds, as if the caller had come so much earlier. Nobody is passed by a caller who came
later than the largest credit after them, however many urgent callers there are; and of one urgency, who came first is
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Urgency(StrEnum):
    USUAL = "usual"
    KEY = "key"  # a key patient
    URGENT = "urgent"  # said so by a key of the menu


CREDIT_SECONDS = {Urgency.USUAL: 0, Urgency.KEY: 120, Urgency.URGENT: 300}
"""Two minutes are the longest that callers were seen to bear without ringing off; five for what cannot wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One who waits already."""

    waited_seconds: float
    urgency: Urgency = Urgency.USUAL


def place_of(waiting: Sequence[Waiting], urgency: Urgency, *, waited_seconds: float = 0) -> int:
    """The place for a caller among those who wait, the first one first; 1 is the head of the queue.

    `waited_seconds` is how long somebody has waited already who comes back to the queue: nobody loses the place.
    """
    credit = CREDIT_SECONDS[urgency] + waited_seconds
    stays_before = [
        place
        for place, each in enumerate(waiting, start=1)
        if each.waited_seconds + CREDIT_SECONDS[each.urgency] >= credit
    ]
    return max(stays_before, default=0) + 1
