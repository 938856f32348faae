"""What the reports of the floor are counted from: the same rows and journal entries as the live board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, literal_column, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus
from app.calls.models import Call, Leg
from app.floor_reports.rules import (
    MOST_DAYS,
    AgentFigures,
    CallTimes,
    Part,
    QueueFigures,
    Span,
    Step,
    Steps,
    steps_of,
    sum_agents,
    sum_queues,
)
from app.journal.models import JournalEntry
from app.queues.models import Queue
from app.queues.service import was_offered

# Wrap-up after a call that began just before the end of the period; no call and its wrap-up last longer.
_AFTER = timedelta(hours=12)
_LONGEST_TALK = timedelta(hours=12)
_WITH_A_COLLEAGUE = "with_a_colleague"
# Written out, because SQLite uses the index over these entries only for a statement that names them.
IS_AGENT_CHANGE = JournalEntry.kind == literal_column("'agent.changed'")


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorChoice:
    """What a report is about: the hospital's days from `first` to `last`, both included, and the steps."""

    first: date
    last: date
    step: Step

    @classmethod
    def of(cls, first: date, last: date, step: Step) -> FloorChoice:
        """As asked for, turned round where it is backwards; of too many days the last ones."""
        first, last = min(first, last), max(first, last)
        return cls(first=max(first, last - timedelta(days=MOST_DAYS[step] - 1)), last=last, step=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorReport:
    """The counted figures by queue or agent and by step; nothing as a key stands for all of them."""

    steps: Steps
    queues: Mapping[tuple[str | None, int | None], QueueFigures]
    agents: Mapping[tuple[str | None, int | None], AgentFigures]

    def queue_names(self) -> list[str]:
        """The queues that had calls."""
        return sorted({queue for queue, _ in self.queues if queue is not None})

    def agent_ids(self) -> list[str]:
        """The agents who were signed in or had calls."""
        found = {agent for agent, _ in self.agents if agent is not None}
        return sorted(agent for agent in found if self.agents[agent, None].was_there)

    def queue(self, queue: str | None, place: int | None = None) -> QueueFigures:
        return self.queues.get((queue, place)) or QueueFigures()

    def agent(self, agent: str | None, place: int | None = None) -> AgentFigures:
        return self.agents.get((agent, place)) or AgentFigures()


def floor_report(session: Session, choice: FloorChoice, *, zone: ZoneInfo, now: datetime) -> FloorReport:
    """Count the calls that began in the chosen days, and the agents' times in them."""
    steps = steps_of(choice.first, choice.last, choice.step, zone)
    parts = list(_parts(session, steps))
    spans = list(_spans(session, steps, now))
    seconds = {row[0]: row[1] for row in session.execute(select(Queue.name, Queue.service_level_seconds))}
    return FloorReport(
        steps=steps,
        queues=sum_queues(_calls(session, steps, parts, spans, now), steps, seconds, now),
        agents=sum_agents(parts, spans, steps, now),
    )


def agent_names(session: Session) -> dict[str, str]:
    """What each agent is called."""
    return {row[0]: row[1] for row in session.execute(select(User.username, User.display_name))}


def last_changes_before(session: Session, at: datetime) -> list[int]:
    """The journal's numbers of the change of state that each agent who had one before that moment was in then."""
    before = (
        select(JournalEntry.seq)
        .where(IS_AGENT_CHANGE, JournalEntry.agent == AgentStatus.id, JournalEntry.at < at)
        .order_by(JournalEntry.at.desc(), JournalEntry.seq.desc())
        .limit(1)
        .correlate(AgentStatus)
        .scalar_subquery()
    )
    return [seq for seq in session.scalars(select(before).select_from(AgentStatus)) if seq is not None]


def queue_report(session: Session, choice: FloorChoice, *, zone: ZoneInfo, now: datetime) -> FloorReport:
    """The counts of queues only, without what agents spent on the calls: a tenth of the work."""
    steps = steps_of(choice.first, choice.last, choice.step, zone)
    seconds = {row[0]: row[1] for row in session.execute(select(Queue.name, Queue.service_level_seconds))}
    calls = _calls(session, steps, [], [], now)
    return FloorReport(steps=steps, queues=sum_queues(calls, steps, seconds, now), agents={})


def _calls(session: Session, steps: Steps, parts: list[Part], spans: list[Span], now: datetime) -> Iterator[CallTimes]:
    talk: dict[str, float] = defaultdict(float)
    wrap_up: dict[str, float] = defaultdict(float)
    for part in parts:
        talk[part.call_id] += part.talk(now)
    for span in spans:
        if span.state == "wrap_up" and span.call_id is not None:
            wrap_up[span.call_id] += (span.end - span.start).total_seconds()
    wanted = select(
        Call.id, Call.queue, Call.started_at, Call.queued_at, Call.answered_at, Call.ended_at, Call.callback_at
    ).where(was_offered(), Call.queue.is_not(None), Call.started_at >= steps.starts[0], Call.started_at < steps.end)
    for id, queue, started_at, queued_at, answered_at, ended_at, callback_at in session.execute(wanted):
        if queue is None or queued_at is None:
            continue
        yield CallTimes(
            queue=queue,
            started_at=started_at,
            queued_at=queued_at,
            answered_at=answered_at,
            ended_at=ended_at,
            callback_at=callback_at,
            talk=talk.get(id, 0),
            wrap_up=wrap_up.get(id, 0),
        )


def _parts(session: Session, steps: Steps) -> Iterator[Part]:
    """Each agent's parts of the calls, and a part for whoever placed a call that has none yet."""
    wanted = (
        select(
            Call.id, Call.agent, Call.direction, Call.started_at, Call.answered_at, Call.ended_at,
            Leg.agent, Leg.answered_at, Leg.ended_at, Leg.cause,
        )
        .outerjoin(Leg, Leg.call_id == Call.id)
        .where(
            Call.started_at >= steps.starts[0],
            Call.started_at < steps.end,
            or_(Leg.uniqueid.is_not(None), and_(Call.direction == "outbound", Call.agent.is_not(None))),
        )
    )  # fmt: skip
    for row in session.execute(wanted):
        id, placed_by, direction, started_at, call_answered_at, call_ended_at, agent, answered_at, ended_at, cause = row
        whose = agent or placed_by
        if whose is None:
            continue
        part = Part(
            call_id=id,
            agent=whose,
            direction=direction,
            call_started_at=started_at,
            call_answered_at=call_answered_at,
            answered_at=answered_at,
            # Of a part whose end was told while nobody listened the call's own end is known.
            ended_at=ended_at or call_ended_at,
            cause=cause,
        )
        if agent is None:
            # Its leg is written at the end; until then the talk is the call's.
            part = replace(part, answered_at=call_answered_at)
        yield part


def _spans(session: Session, steps: Steps, now: datetime) -> Iterator[Span]:
    """What each agent was doing from the period's beginning on, one span after the other."""
    until = min(steps.end + _AFTER, now)
    first = last_changes_before(session, steps.starts[0])
    # The database reads the payload: a month of a busy floor has a hundred thousand of them.
    told = (JournalEntry.payload["state"].as_string(), JournalEntry.payload["reason"].as_string())
    entry = (JournalEntry.agent, JournalEntry.at, JournalEntry.call_id, *told)
    wanted = (
        select(*entry)
        .where(
            IS_AGENT_CHANGE,
            or_(
                and_(JournalEntry.at >= steps.starts[0], JournalEntry.at < until),
                JournalEntry.seq.in_(first),
            ),
        )
        .order_by(JournalEntry.agent, JournalEntry.at, JournalEntry.seq)
        .execution_options(yield_per=2000)
    )
    among_us = _internal_calls(session, steps)
    last: tuple[str, datetime, str | None, str, str | None] | None = None
    for agent, at, call_id, state, reason in session.execute(wanted):
        if call_id in among_us:
            # Talking with a colleague is no work on calls: it counts as time that one is there.
            state = _WITH_A_COLLEAGUE
        if last is not None:
            yield _span(last, at if last[0] == agent else until)
        last = (agent or "", at, call_id, state, reason)
    if last is not None:
        yield _span(last, until)


def _internal_calls(session: Session, steps: Steps) -> frozenset[str]:
    is_near = and_(Call.started_at >= steps.starts[0] - _LONGEST_TALK, Call.started_at < steps.end + _AFTER)
    return frozenset(session.scalars(select(Call.id).where(Call.direction == "internal", is_near)))


def _span(begun: tuple[str, datetime, str | None, str, str | None], end: datetime) -> Span:
    agent, start, call_id, state, reason = begun
    return Span(agent=agent, state=state, reason=reason, call_id=call_id, start=start, end=end)
