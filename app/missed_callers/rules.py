"""What becomes of a caller whom nobody answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.texts import N_

LONGEST_REASON = 300


class CallbackResult(StrEnum):
    """How a caller's line ended."""

    CALLED_BACK = "called_back"  # one of us called, and the person answered
    CALLED_AGAIN = "called_again"  # the person called again, and one of us answered
    CLOSED = "closed"  # by hand, with a reason


class Shown(StrEnum):
    """Which callers a list shows."""

    OPEN = "open"
    FREE = "free"  # nobody has taken them
    MINE = "mine"
    LATE = "late"  # waiting for longer than the hospital allows
    CLOSED = "closed"


RESULT_TEXT = {
    CallbackResult.CALLED_BACK: N_("Called back"),
    CallbackResult.CALLED_AGAIN: N_("Called again and was answered"),
    CallbackResult.CLOSED: N_("Closed by hand"),
}
SHOWN_TEXT = {
    Shown.OPEN: N_("All who wait"),
    Shown.FREE: N_("Taken by nobody"),
    Shown.MINE: N_("Mine"),
    Shown.LATE: N_("Waiting too long"),
    Shown.CLOSED: N_("Done"),
}
"""Labels, in English; whoever shows them translates them."""


def late_since(now: datetime, minutes: int) -> datetime:
    """Who waits since then or before, or was taken by then and is still not spoken to, waits too long."""
    return now - timedelta(minutes=minutes)


def is_late(*, since: datetime, taken_at: datetime | None, now: datetime, minutes: int) -> bool:
    """Whether an open caller waits too long: taking it begins the time anew, for its owner to call."""
    return (taken_at or since) <= late_since(now, minutes)
