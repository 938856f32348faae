"""The figures of queues: what was offered, how it was answered, how long it took.

A call belongs to the step in which it began, whenever it was answered or ended, as on the live board.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from app.floor_reports.rules.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTimes:
    """The moments of a call that reached a queue, and what its agents spent on it, in seconds.

    `talk` is the sum of each agent's own part: a patient who waits between two agents talks to nobody.
    """

    queue: str
    started_at: datetime
    queued_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    callback_at: datetime | None = None  # when the caller asked to be called back, who has then not given up
    talk: float = 0
    wrap_up: float = 0


@dataclass(slots=True)
class QueueFigures:
    """What was counted for one queue or all of them, over one step or all of them; times in seconds."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    in_time: int = 0
    undecided: int = 0  # who waits and can still be answered in time
    waited: float = 0  # until the answer, of the answered
    longest_wait: float = 0
    talk: float = 0
    wrap_up: float = 0

    @property
    def service_level(self) -> float | None:
        return _share(self.in_time, self.offered - self.undecided)

    @property
    def abandon_rate(self) -> float | None:
        return _share(self.abandoned, self.offered)

    @property
    def average_answer(self) -> float | None:
        return _share(self.waited, self.answered)

    @property
    def average_handle(self) -> float | None:
        return _share(self.talk + self.wrap_up, self.answered)

    def add(self, call: CallTimes, threshold: int | None, now: datetime) -> None:
        """Count one call. `threshold` are the seconds of the queue's service level; without it nothing is in time."""
        waited = ((call.answered_at or call.ended_at or now) - call.queued_at).total_seconds()
        self.offered += 1
        self.longest_wait = max(self.longest_wait, waited)
        self.talk += call.talk
        self.wrap_up += call.wrap_up
        if call.answered_at is not None:
            self.answered += 1
            self.waited += waited
            # In whole milliseconds, as the board's own sums in the database are.
            self.in_time += threshold is not None and round(waited, 3) <= threshold
        elif call.ended_at is not None:
            self.abandoned += call.callback_at is None
        elif threshold is not None:
            self.undecided += call.queued_at > now - timedelta(seconds=threshold)

    def add_all(self, other: QueueFigures) -> None:
        """Count what was counted for another queue as well."""
        longest = max(self.longest_wait, other.longest_wait)
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.longest_wait = longest


Counted = Mapping[tuple[str | None, int | None], QueueFigures]
"""Figures by queue and step; nothing stands for all of them."""


def sum_queues(calls: Iterable[CallTimes], steps: Steps, thresholds: Mapping[str, int], now: datetime) -> Counted:
    """Count every call for its queue and for all, in its step and over all. What had no call is not there."""
    found: defaultdict[tuple[str | None, int | None], QueueFigures] = defaultdict(QueueFigures)
    for call in calls:
        place = steps.place(call.started_at)
        if place is None:
            continue
        for queue in (call.queue, None):
            for step in (place, None):
                found[queue, step].add(call, thresholds.get(call.queue), now)
    return found


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
