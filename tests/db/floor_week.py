"""A made-up week on the floor, told as telephony would tell it, and what truly happened beside it.

Three agents, two queues, about a hundred calls a day: callers who give up, agents who miss or refuse a call, transfers,
reloads in mid-call, calls and wrap-ups that cross midnight, outgoing calls. One seed gives one week.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.agents.rules import AgentChanged, AgentRecord, AgentState, NotReadyReason
from app.calls.rules import (
    CallChanged,
    CallerConfirmed,
    CallEvent,
    CallOutcome,
    CallRecord,
    CallState,
    LegRecord,
)
from app.calls.service import Fact

AGENTS = ("bob", "carol", "dave")
QUEUES = {"hotline": 20, "checkup": 30}
NUMBERS = tuple(f"+861380013{n:04}" for n in range(40))
FIRST_MIDNIGHT = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)  # Monday 16 November in Shanghai
DAYS = 7
DAY = timedelta(days=1)


@dataclass(slots=True)
class Truth:
    """What truly happened in one call."""

    record: CallRecord
    talks: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    wrap_ups: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    missed: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Week:
    """All facts in order of time, the truth of each call, and what each agent did from when to when."""

    facts: list[Fact] = field(default_factory=list)
    calls: dict[str, Truth] = field(default_factory=dict)
    states: dict[str, list[tuple[datetime, AgentState, NotReadyReason | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def seconds(value: float) -> timedelta:
    return timedelta(milliseconds=round(value * 1000))


class _Floor:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.week = Week()
        self.free_at = dict.fromkeys(AGENTS, FIRST_MIDNIGHT)
        self.legs = 0
        self.breaks = {
            agent: [FIRST_MIDNIGHT + DAY * day + timedelta(hours=11 + place) for day in range(DAYS)]
            for place, agent in enumerate(AGENTS)
        }
        for agent in AGENTS:
            self.become(agent, AgentState.NOT_READY, FIRST_MIDNIGHT, reason=NotReadyReason.SIGNED_IN)
            self.become(agent, AgentState.READY, FIRST_MIDNIGHT + seconds(10))

    def become(
        self,
        agent: str,
        state: AgentState,
        at: datetime,
        *,
        reason: NotReadyReason | None = None,
        call_id: str | None = None,
    ) -> None:
        record = AgentRecord(username=agent, state=state, reason=reason, since=at, call_id=call_id)
        self.week.facts.append(AgentChanged(at=at, agent=record))
        self.week.states[agent].append((at, state, reason))
        self.free_at[agent] = at

    def next_agent(self, at: datetime, but: set[str]) -> tuple[str, datetime]:
        """Who can be rung first, and when: pauses that are due are taken before."""
        for agent in AGENTS:
            while self.breaks[agent] and self.breaks[agent][0] <= max(at, self.free_at[agent]):
                began = max(self.breaks[agent].pop(0), self.free_at[agent])
                self.become(agent, AgentState.NOT_READY, began, reason=NotReadyReason.MEAL)
                self.become(agent, AgentState.READY, began + timedelta(minutes=30))
        agent = min((each for each in AGENTS if each not in but), key=lambda each: (self.free_at[each], each))
        return agent, max(at, self.free_at[agent]) + seconds(0.5)

    def say(self, truth: Truth, event: CallEvent, at: datetime, leg: LegRecord | None = None, **changes: Any) -> None:
        truth.record = replace(truth.record, **changes)
        agent = leg.agent if leg else truth.record.agent
        self.week.facts.append(CallChanged(event=event, at=at, call=truth.record, agent=agent, leg=leg))

    def leg(self, truth: Truth, agent: str, at: datetime) -> LegRecord:
        self.legs += 1
        return LegRecord(uniqueid=f"leg-{self.legs}", call_id=truth.record.id, agent=agent, started_at=at)

    def rest(self, truth: Truth, agent: str, at: datetime) -> None:
        """Wrap-up, and ready again."""
        done = at + seconds(self.random.uniform(4, 60))
        self.become(agent, AgentState.WRAP_UP, at, call_id=truth.record.id)
        self.become(agent, AgentState.READY, done)
        truth.wrap_ups.append((agent, at, done))

    def ring(self, truth: Truth, at: datetime, until: datetime) -> tuple[LegRecord, datetime] | None:
        """Offer the call to one agent after another; the leg of who answered and when, nothing when the caller left."""
        refused: set[str] = set()
        while True:
            agent, rung = self.next_agent(at, refused)
            if rung >= until:
                return None
            leg = self.leg(truth, agent, rung)
            offered = truth.record.offered_at or rung
            self.say(truth, CallEvent.OFFERED, rung, leg, offered_at=offered, agent=agent)
            self.become(agent, AgentState.RINGING, rung, call_id=truth.record.id)
            luck = self.random.random()
            at = rung + seconds(15 if luck < 0.06 else self.random.uniform(1, 8))
            if at >= until:
                self.say(truth, CallEvent.OFFER_ENDED, until, replace(leg, ended_at=until, cause="CANCEL"), agent=None)
                self.become(agent, AgentState.READY, until)
                return None
            if luck >= 0.09:
                return leg, at
            cause, reason, whose = ("NOANSWER", NotReadyReason.MISSED_CALL, truth.missed)
            if luck >= 0.06:
                cause, reason, whose = ("BUSY", NotReadyReason.REJECTED_CALL, truth.rejected)
            whose.add(agent)
            refused.add(agent)
            self.say(truth, CallEvent.OFFER_ENDED, at, replace(leg, ended_at=at, cause=cause), agent=None)
            self.become(agent, AgentState.NOT_READY, at, reason=reason)
            self.become(agent, AgentState.READY, at + timedelta(minutes=2))
            if len(refused) == len(AGENTS):
                refused.clear()

    def talk(self, truth: Truth, leg: LegRecord, at: datetime) -> datetime:
        """One agent's part; the page may be reloaded in its middle. Returns when it ends, without telling the end."""
        answered = truth.record.answered_at or at
        leg = replace(leg, answered_at=at)
        self.say(truth, CallEvent.ANSWERED, at, leg, state=CallState.ANSWERED, agent=leg.agent, answered_at=answered)
        self.become(leg.agent, AgentState.TALKING, at, call_id=truth.record.id)
        end = at + seconds(self.random.uniform(15, 500))
        if self.random.random() < 0.08:
            lost, back = at + (end - at) / 2, at + (end - at) / 2 + seconds(0.9)
            self.say(truth, CallEvent.REJOINING, lost, replace(leg, ended_at=lost, cause="lost"), rejoining_at=lost)
            truth.talks.append((leg.agent, at, lost))
            leg = replace(self.leg(truth, leg.agent, lost), answered_at=back)
            self.say(truth, CallEvent.REJOINED, back, leg, rejoining_at=None)
            at = back
        self.last_leg = leg
        truth.talks.append((leg.agent, at, end))
        return end

    def come_in(self, id: str, at: datetime) -> None:
        number, queue = self.random.choice(NUMBERS), self.random.choice(sorted(QUEUES))
        truth = self.week.calls[id] = Truth(a_call(id, at, direction="inbound", number=number, dialled="4000"))
        self.say(truth, CallEvent.STARTED, at)
        self.week.facts.append(CallerConfirmed(at=at, call=truth.record))
        if self.random.random() < 0.04:
            self.give_up(truth, at + seconds(2))
            return
        at += seconds(3)
        self.say(truth, CallEvent.QUEUED, at, queue=queue, queued_at=at)
        patience = at + seconds(self.random.expovariate(1 / 120) + 2)
        found = self.ring(truth, at, patience)
        if found is None:
            self.give_up(truth, max(patience, at))
            return
        end = self.talk(truth, *found)
        if self.random.random() < 0.15 and self.transfer(truth, end):
            return
        self.hang_up(truth, end)

    def transfer(self, truth: Truth, at: datetime) -> bool:
        """Hand the caller over; nobody gives up on the way. False when it did not come to it."""
        first = self.last_leg.agent
        leg = replace(self.last_leg, ended_at=at, cause="transfer")
        self.say(truth, CallEvent.TRANSFERRED, at, leg, state=CallState.RINGING, agent=None)
        self.rest(truth, first, at)
        found = self.ring(truth, at, at + DAY)
        assert found is not None
        self.hang_up(truth, self.talk(truth, *found))
        return True

    def hang_up(self, truth: Truth, at: datetime) -> None:
        leg = replace(self.last_leg, ended_at=at, cause="caller")
        self.say(truth, CallEvent.ENDED, at, leg, outcome=CallOutcome.ANSWERED, ended_by="caller", ended_at=at)
        self.rest(truth, leg.agent, at)
        done = truth.wrap_ups[-1][2]
        self.say(truth, CallEvent.WRAPPED_UP, done, state=CallState.WRAPPED_UP, wrapped_up_at=done)

    def give_up(self, truth: Truth, at: datetime) -> None:
        gone = {"state": CallState.ABANDONED, "outcome": CallOutcome.ABANDONED, "ended_by": "caller", "ended_at": at}
        self.say(truth, CallEvent.ENDED, at, agent=None, **gone)

    def go_out(self, id: str, at: datetime) -> None:
        agent, at = self.next_agent(at, set())
        record = a_call(id, at, direction="outbound", number=self.random.choice(NUMBERS), dialled="", agent=agent)
        truth = self.week.calls[id] = Truth(record)
        leg = replace(self.leg(truth, agent, at), answered_at=at + seconds(0.4))
        self.say(truth, CallEvent.STARTED, at)
        self.become(agent, AgentState.TALKING, at, call_id=id)
        at += seconds(self.random.uniform(5, 20))
        if self.random.random() < 0.3:
            leg = replace(leg, ended_at=at, cause="system")
            self.say(
                truth, CallEvent.ENDED, at, leg, state=CallState.FAILED, outcome=CallOutcome.NO_ANSWER, ended_at=at
            )
            self.rest(truth, agent, at)
            return
        self.say(truth, CallEvent.ANSWERED, at, state=CallState.ANSWERED, answered_at=at)
        self.last_leg = leg
        end = at + seconds(self.random.uniform(15, 300))
        truth.talks.append((agent, at, end))
        self.hang_up(truth, end)


def a_call(id: str, at: datetime, **given: Any) -> CallRecord:
    return CallRecord(
        id=id, linkedid=id, state=CallState.RINGING, number_signalled=given["number"], started_at=at, **given
    )


def a_week(seed: int) -> Week:
    """The week of that seed."""
    floor = _Floor(seed)
    for day in range(DAYS):
        midnight = FIRST_MIDNIGHT + DAY * day
        hours = [floor.random.triangular(7, 23, 10) for _ in range(90)] + [floor.random.uniform(0, 6) for _ in range(3)]
        hours += [23.9, 23.95, 23.98, 23.995]
        for n, hour in enumerate(sorted(hours)):
            at = midnight + seconds(hour * 3600)
            (floor.go_out if floor.random.random() < 0.1 else floor.come_in)(f"d{day}-{n}", at)
    floor.week.facts.sort(key=lambda fact: fact.at)
    return floor.week
