"""When a contact that could not be handed over is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

GIVEN_UP = "gave_up"
CLAIM_LIVES = timedelta(minutes=5)
"""A claim that is older was left by a process that died: one hand-over waits for at most eleven answers of 20 s."""
# A mail server that is being restarted is back within minutes; one that greylists wants 5 to 15 minutes.
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30))
_LONGEST_PAUSE = timedelta(hours=1)
_TRIED_FOR = timedelta(hours=24)


def retry_at(*, attempts: int, written_at: datetime, now: datetime) -> datetime | None:
    """When to try again after so many attempts; nothing when a day has passed and somebody has to look at it."""
    pause = _PAUSES[attempts - 1] if attempts <= len(_PAUSES) else _LONGEST_PAUSE
    at = now + pause
    return at if at - written_at < _TRIED_FOR else None
