"""Agents who are held back for callers who keep a place: Asterisk rings them for nobody else meanwhile.

Asterisk gives an agent who becomes free to whoever is on the line. Where somebody who rang off stands before all of
those, the agent stays paused for the moment until the call to them is ordered. A sight of the kept places that is not
renewed within `LIFETIME` holds nobody back, so a process that hangs costs three seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.agents.rules import AgentState
from app.call_flows.rules import Urgency
from app.calls.rules import CallRecord, CallState
from app.kept_places.rules import Caller, FreeAgent, Place, assign
from telephony.tracker.desks import Desk
from telephony.tracker.live_calls import LiveCalls

# The places are told three times a second.
LIFETIME = timedelta(seconds=3)


class Keeping:
    """Sets `is_held_back` of the desks; the tracker tells Asterisk what follows."""

    def __init__(self, desks: dict[str, Desk], calls: LiveCalls) -> None:
        self._desks = desks
        self._calls = calls
        self._places: tuple[Place, ...] = ()
        self._seen_at: datetime | None = None
        self._held: frozenset[str] = frozenset()

    def see(self, places: tuple[Place, ...], at: datetime) -> None:
        """These may be called now, as soon as somebody is free."""
        self._places, self._seen_at = places, at

    def hold(self, at: datetime) -> None:
        """Decide anew who is held back."""
        if not self._places and not self._held:
            return
        if self._seen_at is None or at - self._seen_at >= LIFETIME:
            self._places = ()
        held = frozenset(assign(self._places, self._callers(), self._free())) if self._places else frozenset()
        for name in held ^ self._held:
            if (desk := self._desks.get(name)) is not None:
                desk.hold_back(is_held_back=name in held)
        self._held = held

    def _free(self) -> list[FreeAgent]:
        ready = [desk for desk in self._desks.values() if desk.record.state is AgentState.READY]
        ready.sort(key=lambda desk: desk.record.since)
        return [FreeAgent(name=desk.record.username, queues=tuple(desk.queues)) for desk in ready]

    def _callers(self) -> list[Caller]:
        return [
            Caller(queue=record.queue, entered_at=record.queued_at, urgency=Urgency(record.urgency))
            for record in (call.record for call in self._calls)
            if record.queue is not None and record.queued_at is not None and _is_waiting(record)
        ]


def _is_waiting(record: CallRecord) -> bool:
    is_on_the_line = record.direction == "inbound" and record.state is CallState.RINGING
    return is_on_the_line and record.agent is None and record.callback_at is None
