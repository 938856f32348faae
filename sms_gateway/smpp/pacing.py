"""How fast segments may leave, and how soon a lost link is tried again. The caller brings the clock."""

from __future__ import annotations

import math
import random
import threading
from collections import deque

# Against a limit of 100/s an immediate resubmit made 17.1 submits per message; a bucket at 95 % made 1.00.
_SHARE = 0.96
_BURST = 0.05
# The SMSC counts when it reads: what left within this time may, when the first of it is 30 ms late, arrive within one
# second.
_SECOND = 1.03
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class TokenBucket:
    """Counts segments. In no second do more leave than the operator granted, also when some arrive 30 ms late.

    After a short delay of our own it catches up, within that bound. The binds of one account share one, from their
    threads; who asks `available` and then takes must keep the others from asking meanwhile.
    """

    def __init__(self, segments_per_second: float, now: float) -> None:
        self._lock = threading.RLock()
        self._rate = segments_per_second * _SHARE
        self._capacity = max(1.0, segments_per_second * _BURST)
        self._busiest = math.ceil(segments_per_second)
        self._left: deque[tuple[float, int]] = deque()  # when and how many, lately
        # Segments leave a few at a time, because each departure costs a commit; half a bucket leaves room to be late.
        self._batch = max(1, int(self._capacity / 2))
        self._tokens = self._capacity
        self._at = now
        self._paused_until = now
        self._pause = _FIRST_PAUSE_SECONDS

    def available(self, now: float) -> int:
        """How many segments may leave now; none until a few may leave together."""
        with self._lock:
            self._refill(now)
            # A millionth is what rounding may take from a bucket that is full enough.
            is_ready = now >= self._paused_until and self._tokens + 1e-6 >= self._batch
            return max(0, min(int(self._tokens + 1e-6), self._room(now))) if is_ready else 0

    def take(self, segments: int, now: float) -> None:
        """Note that so many have left."""
        with self._lock:
            self._refill(now)
            self._tokens -= segments
            if segments:
                self._left.append((now, segments))

    def pause(self, now: float) -> None:
        """The SMSC says that we are too fast: stop, each time longer, until it accepts again."""
        with self._lock:
            if now < self._paused_until:
                return  # one pause for all answers of one window
            self._paused_until = now + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
            self._tokens = 0.0

    def accepted(self) -> None:
        """The SMSC accepted a segment: the next pause begins short again."""
        with self._lock:
            self._pause = _FIRST_PAUSE_SECONDS

    def ready_at(self, now: float) -> float:
        """When the next segments may leave."""
        with self._lock:
            self._refill(now)
            missing = max(0.0, self._batch - self._tokens)
            ready = max(self._paused_until, now + missing / self._rate)
            return ready if self._room(now) > 0 else max(ready, self._left[0][0] + _SECOND)

    def _room(self, now: float) -> int:
        """How many more may leave before the first of the last second is old enough."""
        while self._left and self._left[0][0] <= now - _SECOND:
            self._left.popleft()
        return self._busiest - sum(count for _, count in self._left)

    def _refill(self, now: float) -> None:
        since = max(self._at, self._paused_until)
        if now > since:
            self._tokens = min(self._capacity, self._tokens + (now - since) * self._rate)
        self._at = max(self._at, now)


class ReconnectPolicy:
    """How long to wait before the next connection: 1 s doubled to 60 s, with jitter; a refused bind waits longer."""

    def __init__(self, *, first_seconds: float = 1.0, longest_seconds: float = 60.0, random_share: float = 0.3) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._random_share = random_share
        self._failures = 0

    def bound(self) -> None:
        """The bind stands; the next loss begins with the shortest wait."""
        self._failures = 0

    def wait_after_loss(self) -> float:
        """Seconds to wait after a connection that failed or broke."""
        wait = min(self._first * 2.0 ** min(self._failures, 16), self._longest)
        self._failures += 1
        return wait * self._jitter()

    def wait_after_refusal(self) -> float:
        """Seconds to wait after a refused bind: SMSCs lock accounts that knock too often."""
        self._failures += 1
        return self._longest * self._jitter()

    def _jitter(self) -> float:
        return 1.0 - self._random_share * random.random()
