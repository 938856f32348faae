"""The hospital's day: counts of queues begin at its midnight."""

from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

MAIN_QUEUE = "hotline"
"""The queue that is always there; agents who are in none serve it."""
HOTLINE_LABEL = "服务热线"
"""What a new hospital's queue is called until somebody renames it."""


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Midnight of the present day in the hospital's zone, in UTC."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


class Strategy(StrEnum):
    """Whom of the ready agents a queue rings first; the values are Asterisk's."""

    LEAST_RECENT = "leastrecent"
    FEWEST_CALLS = "fewestcalls"
    RANDOM = "random"
    IN_TURN = "rrmemory"


class WhenEmpty(StrEnum):
    """What happens to callers of a queue that nobody who is signed in serves."""

    WAIT = "wait"
    TELL = "tell"  # they are told so, and may leave a message or be called back


MOST_PENALTY = 3
"""An agent of penalty 1 is rung when nobody of penalty 0 is free, and so on."""
