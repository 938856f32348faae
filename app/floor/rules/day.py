"""How the agents' day adds up while it passes: each change of state is taken once, the last one grows with time.

The sums are those of the reports of the floor, which count the whole day anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.agents.rules import AgentState

_WORKING = frozenset({AgentState.TALKING.value, AgentState.WRAP_UP.value})
_FREE = frozenset({AgentState.READY.value, AgentState.RINGING.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """An agent is in this state from this moment on."""

    agent: str
    at: datetime
    state: str
    call_id: str | None = None


@dataclass(slots=True)
class AgentsDay:
    """The sums since `start`; what an agent was in before then counts from there, a wrap-up from its own beginning."""

    start: datetime
    working: dict[str, float] = field(default_factory=dict)
    free: dict[str, float] = field(default_factory=dict)
    wrap_ups: dict[str, float] = field(default_factory=dict)  # seconds by call
    present: dict[str, StateChange] = field(default_factory=dict)

    def take(self, change: StateChange) -> bool:
        """The next change of its agent. False, and nothing is counted, when it lies before the one taken last."""
        last = self.present.get(change.agent)
        if last is not None and change.at < last.at:
            return False
        if last is not None:
            self._add(last, change.at)
        self.present[change.agent] = change
        return True

    def occupancy(self, agents: Iterable[str], now: datetime) -> float | None:
        """Talking and wrap-up as a share of the time ready, ringing, talking and in wrap-up; nothing without any."""
        working = free = 0.0
        for agent in agents:
            working, free = working + self.working.get(agent, 0), free + self.free.get(agent, 0)
            last = self.present.get(agent)
            if last is not None:
                seconds = max(0.0, (now - max(last.at, self.start)).total_seconds())
                working += seconds if last.state in _WORKING else 0
                free += seconds if last.state in _FREE else 0
        return working / (working + free) if working + free else None

    def wrap_up_by_call(self, now: datetime) -> Mapping[str, float]:
        """Seconds of wrap-up of each call, those that still last included."""
        found = dict(self.wrap_ups)
        for last in self.present.values():
            if last.state == AgentState.WRAP_UP and last.call_id is not None:
                found[last.call_id] = found.get(last.call_id, 0) + max(0.0, (now - last.at).total_seconds())
        return found

    def _add(self, last: StateChange, until: datetime) -> None:
        seconds = max(0.0, (until - max(last.at, self.start)).total_seconds())
        if last.state in _WORKING:
            self.working[last.agent] = self.working.get(last.agent, 0) + seconds
        elif last.state in _FREE:
            self.free[last.agent] = self.free.get(last.agent, 0) + seconds
        if last.state == AgentState.WRAP_UP and last.call_id is not None:
            whole = (until - last.at).total_seconds()
            self.wrap_ups[last.call_id] = self.wrap_ups.get(last.call_id, 0) + whole
