"""What happened where in a recording: the call's events at their places in the sound.

A call has a clock and its recording another: nothing is recorded while the caller waits in a queue, at first or again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.texts import N_


class MarkerKind(StrEnum):
    """What a marker marks. Those with an end last until then."""

    HOLD = "hold"
    REJOIN = "rejoin"  # the agent's page was away; the patient heard a soft tone
    PAUSE = "pause"  # nothing of what was said is kept
    CONSULT = "consult"  # the agent asked a colleague; the patient heard music
    TRANSFER = "transfer"
    CONFERENCE = "conference"
    PARK = "park"
    QUEUE = "queue"  # the caller waited again, which is not recorded
    KEYS = "keys"  # the caller answered by key
    VOICEMAIL = "voicemail"


MARKER_TEXT: Mapping[MarkerKind, str] = {
    MarkerKind.HOLD: N_("On hold"),
    MarkerKind.REJOIN: N_("The agent's page was away"),
    MarkerKind.PAUSE: N_("Recording paused"),
    MarkerKind.CONSULT: N_("The agent asked a colleague"),
    MarkerKind.TRANSFER: N_("Transferred"),
    MarkerKind.CONFERENCE: N_("Three together"),
    MarkerKind.PARK: N_("Parked"),
    MarkerKind.QUEUE: N_("Waited in a queue again"),
    MarkerKind.KEYS: N_("Answered by key"),
    MarkerKind.VOICEMAIL: N_("Message after the tone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of the call: its kind as the journal has it, without what stands in front of the dot."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A place or a stretch of the sound, in seconds from its beginning."""

    kind: MarkerKind
    start: float
    end: float | None = None


_BEGINS = {
    "held": MarkerKind.HOLD,
    "rejoining": MarkerKind.REJOIN,
    "recording_paused": MarkerKind.PAUSE,
    "consulting": MarkerKind.CONSULT,
    "conferring": MarkerKind.CONFERENCE,
    "parked": MarkerKind.PARK,
}
_ENDS: Mapping[str, tuple[MarkerKind, ...]] = {
    "resumed": (MarkerKind.HOLD,),
    "rejoined": (MarkerKind.REJOIN,),
    "recording_resumed": (MarkerKind.PAUSE,),
    "conferring": (MarkerKind.CONSULT,),
    "consult_ended": (MarkerKind.CONSULT, MarkerKind.CONFERENCE),
    "transferred": (MarkerKind.CONSULT, MarkerKind.CONFERENCE),
    "answered": (MarkerKind.PARK,),  # who picks up is rung first
    "queued": (MarkerKind.PARK,),
}
_POINTS = {"transferred": MarkerKind.TRANSFER, "told": MarkerKind.KEYS, "voicemail": MarkerKind.VOICEMAIL}
KINDS_MARKED = frozenset({*_BEGINS, *_ENDS, *_POINTS, "ended"})
"""The kinds of event that markers_of looks at."""


class _Tape:
    """How much was recorded until a moment: it runs from an answer until the caller waits in a queue."""

    def __init__(self, started_at: datetime) -> None:
        self._runs_since: datetime | None = started_at
        self._recorded = 0.0

    @property
    def is_running(self) -> bool:
        return self._runs_since is not None

    def position(self, at: datetime) -> float:
        running = max(0.0, (at - self._runs_since).total_seconds()) if self._runs_since is not None else 0.0
        return round(self._recorded + running, 2)

    def stop(self, at: datetime) -> None:
        self._recorded, self._runs_since = self.position(at), None

    def run(self, at: datetime) -> None:
        if self._runs_since is None:
            self._runs_since = at


def markers_of(events: Sequence[Happened], *, started_at: datetime, seconds: float) -> list[Marker]:
    """The markers of a recording of `seconds` that began at `started_at`, in their order.

    Events before its beginning mark nothing. What did not end lasts to the end of the sound.
    """
    tape, found, seconds = _Tape(started_at), list[Marker](), round(seconds, 2)
    open_since: dict[MarkerKind, float] = {}
    for event in sorted(events, key=lambda each: each.at):
        if event.at < started_at:
            continue
        position = min(tape.position(event.at), seconds)
        for kind in _ENDS.get(event.kind, ()):
            if kind in open_since:
                found.append(Marker(kind=kind, start=open_since.pop(kind), end=position))
        if event.kind in _BEGINS:
            open_since.setdefault(_BEGINS[event.kind], position)
        elif event.kind in _POINTS:
            found.append(Marker(kind=_POINTS[event.kind], start=position))
        elif event.kind == "queued" and tape.is_running:
            tape.stop(event.at)
            found.append(Marker(kind=MarkerKind.QUEUE, start=position))
        elif event.kind == "answered":
            tape.run(event.at)
    found += [Marker(kind=kind, start=start, end=seconds) for kind, start in open_since.items()]
    return sorted(found, key=lambda marker: (marker.start, marker.kind))
