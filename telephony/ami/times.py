"""How long the link waits: for answers, for signs of life, before it tries again. Values; the clock is elsewhere."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTimes:
    """In seconds. A dead peer is noticed within ping + answer."""

    # Asterisk answers in 1-5 ms; a link that has not answered for this long is dead, not slow.
    answer_seconds: float = 3.0
    # A cold start with a short module list takes 0.8 s here; a loaded machine may need ten times that.
    boot_seconds: float = 15.0
    ping_seconds: float = 1.0
    first_retry_seconds: float = 0.2
    longest_retry_seconds: float = 5.0
    # A wrong secret will not be right in two seconds, and each try is a line in Asterisk's security log.
    refused_retry_seconds: float = 30.0


DEFAULT_TIMES = LinkTimes()


class Retry:
    """How long to wait before the next try to connect: twice as long after each loss, up to a bound."""

    def __init__(self, times: LinkTimes) -> None:
        self._times = times
        self._next = times.first_retry_seconds

    def reset(self) -> None:
        """The link is up: its next loss is its first."""
        self._next = self._times.first_retry_seconds

    def after_loss(self) -> float:
        wait = self._next
        self._next = min(wait * 2, self._times.longest_retry_seconds)
        # Several processes that lost the same Asterisk must not come back in the same instant.
        return wait * random.uniform(0.8, 1.2)

    def after_refusal(self) -> float:
        return self._times.refused_retry_seconds
