"""Plays inputs to a tracker and remembers what came out: every fact, every order, and how things stand at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.agents.rules import AgentChanged, AgentRecord, AgentState
from app.calls.rules import CallChanged, CallEvent, CallRecord, CommandKind, LegRecord
from app.floor.rules import SupervisionChanged, SupervisionRecord
from telephony.ami.events import Event
from telephony.tracker import inputs
from telephony.tracker.tracker import Tracker, TrackerRules

RULES = TrackerRules(
    wrap_up=timedelta(seconds=60),
    queues=frozenset({"hotline"}),
    normalise=lambda number: number,
    call_id=lambda linkedid: f"call {linkedid}",
    may_dial=lambda number: number.startswith("+86"),
)
PAGE = "page"

T = TypeVar("T")


@dataclass(slots=True)
class Play:
    """`calls`, `legs` and `agents` are the newest record of each, as a database would hold them."""

    tracker: Tracker
    outputs: list[inputs.Output] = field(default_factory=list)
    calls: dict[str, CallRecord] = field(default_factory=dict)
    legs: dict[str, LegRecord] = field(default_factory=dict)
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    supervisions: dict[str, SupervisionRecord] = field(default_factory=dict)

    @classmethod
    def start(cls, at: datetime, agents: Iterable[str]) -> Play:
        """A first start: nobody is at a desk."""
        records = [AgentRecord(username=name, state=AgentState.OFFLINE, reason=None, since=at) for name in agents]
        return cls(
            Tracker(RULES, at=at, calls=[], agents=records), agents={record.username: record for record in records}
        )

    def restart(self, at: datetime) -> Play:
        """A new process, which knows what was written and nothing else."""
        wrapping = {agent.call_id for agent in self.agents.values() if agent.wrap_up_until is not None}
        open_calls = [
            call
            for call in self.calls.values()
            if call.ended_at is None or (call.id in wrapping and call.wrapped_up_at is None)
        ]
        supervisions = [each for each in self.supervisions.values() if each.ended_at is None]
        agents = list(self.agents.values())
        open_ids = {call.id for call in open_calls}
        legs = [leg for leg in self.legs.values() if leg.call_id in open_ids and leg.ended_at is None]
        tracker = Tracker(RULES, at=at, calls=open_calls, legs=legs, agents=agents, supervisions=supervisions)
        return Play(
            tracker,
            calls=dict(self.calls),
            legs=dict(self.legs),
            agents=dict(self.agents),
            supervisions=dict(self.supervisions),
        )

    def tell(self, *given: inputs.Input) -> list[inputs.Output]:
        """Feed these; what they led to, in order."""
        return self._keep([output for one in given for output in self.tracker.receive(one)])

    def tick(self, at: datetime) -> list[inputs.Output]:
        return self._keep(self.tracker.tick(at))

    def prove(self, at: datetime, *agents: str, page: str = PAGE, **changes: Any) -> list[inputs.Output]:
        proof: dict[str, Any] = {"page": page, "is_registered": True, "has_microphone": True, "in_call": False}
        return self.tell(*(inputs.DeskProved(at=at, agent=agent, **proof | changes) for agent in agents))

    def order(self, at: datetime, kind: CommandKind, agent: str, *, id: str = "", **args: Any) -> list[inputs.Output]:
        id = id or f"{kind} of {agent}"
        return self.tell(inputs.CommandIssued(at=at, id=id, kind=kind, agent=agent, issued_by=agent, args=args))

    def make_ready(self, at: datetime, *agents: str) -> None:
        """Proved, with a phone, a member of the queue, and Ready."""
        contacts = {agent: frozenset({f"sip:{agent}@127.0.0.1"}) for agent in agents}
        self.tell(inputs.Snapshot(at=at, is_restarted=False, channels=(), members={}, contacts=contacts))
        self.prove(at, *agents)
        for agent in agents:
            self.order(at, CommandKind.SET_READY, agent)

    def hear(self, events: Iterable[Event], *agents: str) -> None:
        """Events, with desks that prove themselves all the time."""
        for event in events:
            self.prove(event.at, *agents)
            self.tell(event)

    def state_of(self, agent: str) -> AgentState:
        return self.agents[agent].state

    def _keep(self, outputs: list[inputs.Output]) -> list[inputs.Output]:
        self.outputs += outputs
        for output in outputs:
            match output:
                case CallChanged():
                    self.calls[output.call.id] = output.call
                    if output.leg is not None:
                        self.legs[output.leg.uniqueid] = output.leg
                case AgentChanged():
                    self.agents[output.agent.username] = output.agent
                case SupervisionChanged():
                    self.supervisions[output.record.id] = output.record
        return outputs


def kinds(outputs: Sequence[inputs.Output]) -> list[CallEvent]:
    """What happened to calls, in order."""
    return [output.event for output in outputs if isinstance(output, CallChanged)]


def effects(outputs: Sequence[inputs.Output], kind: type[T]) -> list[T]:
    """What was ordered, of this kind."""
    return [output for output in outputs if isinstance(output, kind)]


def differences(one: dict[str, Any], other: dict[str, Any], *, tolerance: timedelta) -> list[str]:
    """Where two sets of records differ; times may differ by `tolerance`."""
    found = [f"only one has {key}" for key in one.keys() ^ other.keys()]
    for key in one.keys() & other.keys():
        for name in [item.name for item in fields(one[key])]:
            ours, theirs = getattr(one[key], name), getattr(other[key], name)
            is_near = isinstance(ours, datetime) and isinstance(theirs, datetime) and abs(ours - theirs) <= tolerance
            if ours != theirs and not is_near:
                found.append(f"{key}: {name} is {ours} and {theirs}")
    return found
