"""When a figure of the floor is an alarm. Plain values; what is done about it stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FloorAlarmKind(StrEnum):
    WAITING = "waiting"  # more callers wait than the hospital wants
    LONGEST_WAIT = "longest_wait"  # somebody waits for longer
    SERVICE_LEVEL = "service_level"  # fewer calls are answered in time than the queue's target


QUIET = timedelta(hours=1)
"""The same alarm is told by SMS again after this at the earliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorLimits:
    """0 switches a limit off."""

    waiting: int
    wait_seconds: int
    watches_service_level: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """One queue now; shares are 0 to 1, nothing before the first call of the day."""

    name: str
    label: str
    waiting: int
    longest_since: datetime | None
    service_level: float | None
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorAlarm:
    """`value` and `limit` are callers, seconds, or whole per cent, by the kind."""

    kind: FloorAlarmKind
    queue: str
    label: str
    value: int
    limit: int


def alarms_of(queues: Iterable[QueueFigures], limits: FloorLimits, now: datetime) -> list[FloorAlarm]:
    """What is beyond a limit now, queue by queue."""
    found = []
    for queue in queues:
        measured = [(FloorAlarmKind.WAITING, queue.waiting, limits.waiting)]
        if queue.longest_since is not None:
            seconds = int((now - queue.longest_since).total_seconds())
            measured.append((FloorAlarmKind.LONGEST_WAIT, seconds, limits.wait_seconds))
        found += [
            FloorAlarm(kind=kind, queue=queue.name, label=queue.label, value=value, limit=limit)
            for kind, value, limit in measured
            if limit and value > limit
        ]
        level = queue.service_level
        if limits.watches_service_level and level is not None and level < queue.target:
            # Rounded down: 79.6 % of 80 % must not read as 80 of 80.
            value, limit = int(level * 100), round(queue.target * 100)
            kind = FloorAlarmKind.SERVICE_LEVEL
            found.append(FloorAlarm(kind=kind, queue=queue.name, label=queue.label, value=value, limit=limit))
    return found


def is_told_again(last_told_at: datetime | None, now: datetime) -> bool:
    """Whether an alarm of a kind goes out by SMS, after the last one of this kind."""
    return last_told_at is None or now - last_told_at >= QUIET
