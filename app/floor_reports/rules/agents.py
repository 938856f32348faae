"""The figures of agents: how their time passed, and what became of the calls that were theirs.

Times of states are cut to the steps in which they passed. Calls belong to the step in which they began; an agent's
talk is the own part of it, from the moment the patient is there until the agent leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.floor_reports.rules.steps import Steps

_OFFLINE, _NOT_READY, _WRAP_UP = "offline", "not_ready", "wrap_up"
_WORKING, _FREE = ("talking", "wrap_up"), ("ready", "ringing")
_MISSED, _REJECTED = "NOANSWER", "BUSY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An agent was in one state from one moment to another."""

    agent: str
    state: str
    reason: str | None
    call_id: str | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One agent's ringing or talk within a call. An outbound call that lasts may have no part yet: `cause` is None."""

    call_id: str
    agent: str
    direction: str
    call_started_at: datetime
    call_answered_at: datetime | None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str | None = None

    def talk(self, now: datetime) -> float:
        """Seconds in which this agent and the patient were together."""
        if self.answered_at is None or self.call_answered_at is None:
            return 0
        # The phone of an agent who dials is answered before the patient's.
        began = max(self.answered_at, self.call_answered_at)
        return max(0.0, ((self.ended_at or now) - began).total_seconds())


@dataclass(slots=True)
class AgentFigures:
    """What was counted for one agent or all of them, over one step or all of them; times in seconds."""

    states: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, float] = field(default_factory=dict)  # of not ready
    answered_calls: set[str] = field(default_factory=set)
    missed_calls: set[str] = field(default_factory=set)
    rejected_calls: set[str] = field(default_factory=set)
    outbound_calls: set[str] = field(default_factory=set)
    reached_calls: set[str] = field(default_factory=set)  # of the outbound ones, those that the patient answered
    talk: float = 0
    after_calls: float = 0  # wrap-up for calls that began in the step

    @property
    def signed_in(self) -> float:
        return sum(seconds for state, seconds in self.states.items() if state != _OFFLINE)

    @property
    def was_there(self) -> bool:
        """Whether there is anything to tell."""
        return self.signed_in > 0 or self.handled > 0 or bool(self.missed_calls or self.rejected_calls)

    @property
    def occupancy(self) -> float | None:
        busy = sum(self.states.get(state, 0) for state in _WORKING)
        whole = busy + sum(self.states.get(state, 0) for state in _FREE)
        return busy / whole if whole else None

    @property
    def handled(self) -> int:
        return len(self.answered_calls) + len(self.reached_calls)

    @property
    def average_handle(self) -> float | None:
        return (self.talk + self.after_calls) / self.handled if self.handled else None

    def add_part(self, part: Part, now: datetime) -> None:
        self.talk += part.talk(now)
        if part.direction == "outbound":
            self.outbound_calls.add(part.call_id)
            if part.call_answered_at is not None:
                self.reached_calls.add(part.call_id)
        elif part.answered_at is not None:
            self.answered_calls.add(part.call_id)
        elif part.cause == _MISSED:
            self.missed_calls.add(part.call_id)
        elif part.cause == _REJECTED:
            self.rejected_calls.add(part.call_id)

    def add_time(self, span: Span, seconds: float) -> None:
        self.states[span.state] = self.states.get(span.state, 0) + seconds
        if span.state == _NOT_READY:
            reason = span.reason or ""
            self.reasons[reason] = self.reasons.get(reason, 0) + seconds


AgentsCounted = Mapping[tuple[str | None, int | None], AgentFigures]
"""Figures by agent and step; nothing stands for all of them."""


def sum_agents(parts: Iterable[Part], spans: Iterable[Span], steps: Steps, now: datetime) -> AgentsCounted:
    """Count every part and every span for its agent and for all, in its steps and over all.

    Spans may reach beyond the steps: wrap-up belongs to the step of its call, however late it ends.
    """
    found: defaultdict[tuple[str | None, int | None], AgentFigures] = defaultdict(AgentFigures)
    began: dict[str, datetime] = {}

    def figures(agent: str, place: int) -> list[AgentFigures]:
        return [found[agent, place], found[agent, None], found[None, place], found[None, None]]

    for part in parts:
        began[part.call_id] = part.call_started_at
        place = steps.place(part.call_started_at)
        if place is not None:
            for each in figures(part.agent, place):
                each.add_part(part, now)
    for span in spans:
        for place, seconds in _cut(span, steps):
            for each in figures(span.agent, place):
                each.add_time(span, seconds)
        place_of_call = steps.place(began[span.call_id]) if span.call_id in began else None
        if span.state == _WRAP_UP and place_of_call is not None:
            for each in figures(span.agent, place_of_call):
                each.after_calls += (span.end - span.start).total_seconds()
    return found


def _cut(span: Span, steps: Steps) -> Iterable[tuple[int, float]]:
    at, end = max(span.start, steps.starts[0]), min(span.end, steps.end)
    while at < end:
        place = steps.place(at)
        if place is None:
            return
        until = min(end, steps.end_of(place))
        yield place, (until - at).total_seconds()
        at = until
