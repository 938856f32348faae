"""Sampling plans: who writes them, what is drawn for each period, and the proof that a draw was fair."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.calls.models import Call
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.service import Entry, append
from app.patients.rules import clean_text
from app.quality.models import GradingTask, SampleDraw, SamplingPlan
from app.quality.rules import (
    MOST_PER_AGENT,
    Conditions,
    GradingState,
    PeriodKind,
    Span,
    draw,
    drawn_at,
    seed_of,
    span_before,
    span_of,
    write_conditions,
)
from app.quality.service.candidates import Candidate, candidates_of
from app.recordings.models import Recording
from app.texts import N_

MOST_GRADE_DAYS = 60
# Until then a period that is over is not drawn: it ends at midnight and its last recordings come in.
_NIGHT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanData:
    """What a user writes of a plan."""

    name: str
    scorecard_id: int | None
    period: PeriodKind
    per_agent: int
    grade_days: int
    conditions: Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLine:
    """Of one agent: from how many calls it was drawn, and which were."""

    agent: str
    candidates: int
    recording_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAgain:
    """A draw as anybody gets it again; `is_same`: those are the calls that were drawn."""

    draw: SampleDraw
    lines: tuple[DrawnLine, ...]
    is_same: bool


def get_plan(session: Session, plan_id: int) -> SamplingPlan:
    """Raises NotFound."""
    found = session.get(SamplingPlan, plan_id) if 0 < plan_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such sampling plan."))
    return found


def list_plans(session: Session) -> Sequence[SamplingPlan]:
    """All plans, those that draw first."""
    return session.scalars(select(SamplingPlan).order_by(SamplingPlan.is_active.desc(), SamplingPlan.name)).all()


def draws_of(session: Session, plan_id: int) -> Sequence[SampleDraw]:
    """What a plan drew, newest period first."""
    query = select(SampleDraw).where(SampleDraw.plan_id == plan_id).order_by(SampleDraw.first_day.desc())
    return session.scalars(query).all()


def create_plan(session: Session, data: PlanData, *, by: str, now: datetime, zone: ZoneInfo) -> SamplingPlan:
    """Make a plan. It draws for the first time when the present period is over. Raises InvalidInput, NotAllowed."""
    access.need_write(session, Module.QUALITY)
    _check(data)
    present = span_of(data.period, now.astimezone(zone).date())
    plan = SamplingPlan(
        seed=secrets.token_hex(16), created_at=now, created_by=by, is_active=True, next_draw_at=drawn_at(present, zone)
    )
    _write(plan, data)
    session.add(plan)
    session.flush()
    return plan


def change_plan(session: Session, plan_id: int, data: PlanData, *, now: datetime, zone: ZoneInfo) -> SamplingPlan:
    """Change what a plan draws from now on; its seed and what it drew stay. Raises InvalidInput, NotFound."""
    access.need_write(session, Module.QUALITY)
    _check(data)
    plan = get_plan(session, plan_id)
    if plan.period != data.period:
        plan.next_draw_at = drawn_at(span_of(data.period, now.astimezone(zone).date()), zone)
    _write(plan, data)
    session.flush()
    return plan


def set_active(session: Session, plan_id: int, *, is_active: bool, now: datetime, zone: ZoneInfo) -> SamplingPlan:
    """Let a plan rest, or draw again; the periods in which it rested are not drawn later."""
    access.need_write(session, Module.QUALITY)
    plan = get_plan(session, plan_id)
    if is_active and not plan.is_active:
        plan.next_draw_at = drawn_at(span_of(PeriodKind(plan.period), now.astimezone(zone).date()), zone)
    plan.is_active = is_active
    return plan


def due_plans(session: Session, now: datetime) -> list[int]:
    """The plans whose period is over and not drawn yet."""
    query = select(SamplingPlan.id).where(SamplingPlan.is_active.is_(True), SamplingPlan.next_draw_at <= now)
    return list(session.scalars(query.order_by(SamplingPlan.next_draw_at)))


def draw_plan(session: Session, bus: Bus, plan_id: int, *, now: datetime, zone: ZoneInfo) -> SampleDraw | None:
    """Draw the last period that is over, once, whoever else does so at the same time; nothing when it is drawn.

    Periods before that one, in which nothing ran, are left out: their calls are too old to learn from.
    """
    plan = get_plan(session, plan_id)
    kind, due = PeriodKind(plan.period), plan.next_draw_at
    if not plan.is_active or due > now:
        return None
    present = span_of(kind, (now - _NIGHT).astimezone(zone).date())
    # The claim: of any number of workers the one whose update changes the row draws.
    claimed = session.execute(
        update(SamplingPlan)
        .where(SamplingPlan.id == plan_id, SamplingPlan.next_draw_at == due, SamplingPlan.is_active.is_(True))
        .values(next_draw_at=drawn_at(present, zone))
    )
    if rows_changed(claimed) != 1:
        return None
    return _draw(session, bus, plan, span_before(kind, present), now, zone)


def ask_for_draw(session: Session, plan_id: int, *, now: datetime, zone: ZoneInfo) -> None:
    """Have the last finished period drawn by the next sweep, from all calls, whatever the scope of whoever asks.

    Raises Conflict when it is drawn, or the plan rests.
    """
    access.need_write(session, Module.QUALITY)
    plan = get_plan(session, plan_id)
    kind = PeriodKind(plan.period)
    span = span_before(kind, span_of(kind, (now - _NIGHT).astimezone(zone).date()))
    if not plan.is_active or _is_drawn(session, plan, span):
        raise Conflict(N_("The last finished period is drawn already, or the plan rests. No period is drawn twice."))
    plan.next_draw_at = now


def drawn_again(session: Session, draw_id: int) -> DrawnAgain:
    """A draw beside what its seed and candidates give now. Raises NotFound.

    Agents and calls are those in the scope of whoever asks; whether it is the same is told of the whole draw.
    """
    query = select(SampleDraw).where(SampleDraw.id == draw_id).options(undefer(SampleDraw.candidates))
    found = session.scalar(query) if 0 < draw_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such draw."))
    again = {agent: draw(found.seed, ids, found.per_agent) for agent, ids in found.candidates.items()}
    drawn = select(GradingTask.recording_id).where(GradingTask.draw_id == draw_id)
    tasks = set(session.scalars(drawn.execution_options(**{access.UNSCOPED: True})))
    shown = _shown(session, found)
    lines = [
        DrawnLine(
            agent=agent,
            candidates=sum(each in shown for each in found.candidates[agent]),
            recording_ids=tuple(each for each in ids if each in shown),
        )
        for agent, ids in again.items()
    ]
    is_same = {each for ids in again.values() for each in ids} == tasks
    return DrawnAgain(draw=found, lines=tuple(line for line in lines if line.candidates), is_same=is_same)


def _draw(
    session: Session, bus: Bus, plan: SamplingPlan, span: Span, now: datetime, zone: ZoneInfo
) -> SampleDraw | None:
    if _is_drawn(session, plan, span):
        return None
    seed = seed_of(plan.seed, span)
    candidates, left_out = candidates_of(session, plan, span, zone)
    by_agent: dict[str, list[str]] = defaultdict(list)
    for each in candidates:
        by_agent[each.agent].append(each.recording_id)
    picked = {one for ids in by_agent.values() for one in draw(seed, ids, plan.per_agent)}
    made = SampleDraw(
        plan_id=plan.id, first_day=span.first, last_day=span.last, seed=seed, per_agent=plan.per_agent,
        considered=len(candidates), drawn=len(picked), drawn_at=now, left_out=left_out,
        candidates={agent: sorted(ids) for agent, ids in sorted(by_agent.items())},
    )  # fmt: skip
    session.add(made)
    session.flush()
    due_on = now.astimezone(zone).date() + timedelta(days=plan.grade_days)
    session.add_all(_task(plan, made, each, due_on, now) for each in candidates if each.recording_id in picked)
    session.flush()
    payload = {"plan_id": plan.id, "draw_id": made.id, "drawn": made.drawn}
    append(session, bus, [Entry(kind="sample.drawn", at=now, payload=payload)])
    return made


def _shown(session: Session, found: SampleDraw) -> set[str]:
    """The recordings of the days of a draw that are in the scope, a day more at either end for the time zone."""
    first = datetime.combine(found.first_day - timedelta(days=1), time(), UTC)
    last = datetime.combine(found.last_day + timedelta(days=2), time(), UTC)
    query = select(Recording.id).join(Call, Call.id == Recording.call_id)
    return set(session.scalars(query.where(Call.started_at >= first, Call.started_at < last)))


def _is_drawn(session: Session, plan: SamplingPlan, span: Span) -> bool:
    known = select(SampleDraw.id).where(SampleDraw.plan_id == plan.id, SampleDraw.first_day == span.first)
    return session.scalar(known) is not None


def _task(plan: SamplingPlan, made: SampleDraw, each: Candidate, due_on: date, now: datetime) -> GradingTask:
    return GradingTask(
        plan_id=plan.id, draw_id=made.id, recording_id=each.recording_id, call_id=each.call_id, agent=each.agent,
        call_at=each.call_at, state=GradingState.OPEN, due_on=due_on, created_at=now,
    )  # fmt: skip


def _check(data: PlanData) -> None:
    wanted = data.conditions
    if not clean_text(data.name):
        raise InvalidInput(N_("Give the plan a name."), field="name")
    if not 1 <= data.per_agent <= MOST_PER_AGENT:
        raise InvalidInput(N_("A plan draws 1 to 50 calls of each agent."), field="per_agent")
    if not 1 <= data.grade_days <= MOST_GRADE_DAYS:
        raise InvalidInput(N_("They are to be graded within 1 to 60 days."), field="grade_days")
    for name in ("shortest", "longest", "silence"):
        seconds = getattr(wanted, name)
        if seconds is not None and not 0 <= seconds <= 86_400:
            raise InvalidInput(N_("A length lies between 0 and 86400 seconds."), field=name)
    if wanted.shortest is not None and wanted.longest is not None and wanted.shortest > wanted.longest:
        raise InvalidInput(N_("The longest length is below the shortest."), field="longest")


def _write(plan: SamplingPlan, data: PlanData) -> None:
    conditions: dict[str, Any] = write_conditions(data.conditions)
    plan.name, plan.scorecard_id, plan.conditions = clean_text(data.name)[:120], data.scorecard_id, conditions
    plan.period, plan.per_agent, plan.grade_days = data.period.value, data.per_agent, data.grade_days
