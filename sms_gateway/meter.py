"""What one bind did lately, for the gateway page: counted by its thread, read by another."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

_HOUR = 3600.0
_RATE_SECONDS = 10.0
_MOST_LATENCIES = 1_000  # the last ones say how the SMSC is now
_SLICE = 60.0  # counts are kept by the minute: an hour at 1,000/s would be millions of moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The counts are of the last hour; the rate is in segments per second, of the last ten."""

    rate: float
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    accepted: int
    receipts: int
    errors: dict[str, int]


class Meter:
    """`now` is any clock that only grows, in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=_MOST_LATENCIES)
        self._seconds: deque[list[float]] = deque()  # second, accepted in it
        self._minutes: deque[tuple[int, Counter[str]]] = deque()

    def accepted(self, seconds: float, now: float) -> None:
        """A segment was accepted, so many seconds after it left."""
        with self._lock:
            self._latencies.append((now, seconds))
            if not self._seconds or int(now) != self._seconds[-1][0]:
                self._seconds.append([int(now), 0])
            self._seconds[-1][1] += 1
            self._count("accepted", 1, now)

    def refused(self, code: str, now: float) -> None:
        """A segment was answered with this error."""
        with self._lock:
            self._count(f"error:{code}", 1, now)

    def receipts(self, count: int, now: float) -> None:
        """So many receipts that say how it ended have come."""
        with self._lock:
            self._count("receipts", count, now)

    def read(self, now: float) -> Readings:
        """Everything as it is now."""
        with self._lock:
            while self._seconds and self._seconds[0][0] <= now - _RATE_SECONDS - 1:
                self._seconds.popleft()
            while self._minutes and self._minutes[0][0] * _SLICE <= now - _HOUR:
                self._minutes.popleft()
            recent = [count for second, count in self._seconds if second < int(now)]
            latencies = sorted(seconds for at, seconds in self._latencies if at > now - _HOUR)
            total: Counter[str] = Counter()
            for _, counts in self._minutes:
                total.update(counts)
        return Readings(
            rate=round(sum(recent) / _RATE_SECONDS, 1),
            latency_p50_ms=_share(latencies, 0.5),
            latency_p95_ms=_share(latencies, 0.95),
            accepted=total["accepted"],
            receipts=total["receipts"],
            errors={name.removeprefix("error:"): count for name, count in total.items() if name.startswith("error:")},
        )

    def _count(self, name: str, count: int, now: float) -> None:
        minute = int(now / _SLICE)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
            if len(self._minutes) > _HOUR / _SLICE + 1:
                self._minutes.popleft()
        self._minutes[-1][1][name] += count


def _share(ordered: list[float], share: float) -> int | None:
    if not ordered:
        return None
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000)
