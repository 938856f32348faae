"""What a template means for one event: which steps on which days, and what another event takes from them.

Days are worked out from the event's day and the day on which it became known; day 0 is the event's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from app.followup_templates.rules.steps import LateEnrolment, StartMode, Step, Stop, StopOn
from app.followups.rules import TaskMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One version of a template as values."""

    anchor: str
    steps: tuple[Step, ...]
    filters: Mapping[str, Any] = field(default_factory=dict)
    starts: StartMode = StartMode.BY_HAND
    stops: tuple[Stop, ...] = ()
    late: LateEnrolment = LateEnrolment.SKIP
    is_sequential: bool = False
    repeat_months: int | None = None
    repeat_times: int | None = None

    @property
    def is_one_at_a_time(self) -> bool:
        """Whether an event starts nothing while the patient has a plan of this template: each visit is an event."""
        return bool(self.filters.get("one_at_a_time"))

    @property
    def reach_days(self) -> int:
        """For so many days after an event something of it may still be of use."""
        return max((step.days - step.lead_days + late_days(step) for step in self.steps), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step with its day; `waits_for` is the key of the step that frees it."""

    step: Step
    due_on: date
    waits_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Something that happened to the patient and may stop steps."""

    on: StopOn
    day: date


def late_days(step: Step) -> int:
    """For how many days after its due day a step is still in time. A reminder is one only until the day itself."""
    if step.mode is TaskMode.SMS and step.lead_days:
        return min(step.window_days, step.lead_days)
    return step.window_days


def has_passed(step: Step, anchor_on: date, known_on: date) -> bool:
    """Whether its time was over before the event became known."""
    return step.due_on(anchor_on) + timedelta(days=late_days(step)) < known_on


def plan_steps(programme: Programme, anchor_on: date, known_on: date) -> list[PlannedStep]:
    """The steps of an event that became known on that day, in the order of their days.

    Steps whose time had passed follow the late enrolment: none, the last, or all of them at once. A reminder of a day
    that has gone is never made.
    """
    ordered = sorted(programme.steps, key=lambda step: (step.days - step.lead_days, step.days, step.key))
    passed = [step for step in ordered if has_passed(step, anchor_on, known_on)]
    made_up = _made_up(programme.late, [step for step in passed if not (step.mode is TaskMode.SMS and step.lead_days)])
    found: list[PlannedStep] = []
    for step in ordered:
        if step in passed and step.key not in made_up:
            continue
        due_on = known_on if step in passed else step.due_on(anchor_on)
        waits_for = found[-1].step.key if programme.is_sequential and found else None
        found.append(PlannedStep(step=step, due_on=due_on, waits_for=waits_for))
    return found


def stopped_steps(programme: Programme, anchor_on: date, happened: Iterable[Occurrence]) -> dict[str, StopOn]:
    """The keys of the steps that what happened after the event's own day takes away, each with what did it."""
    found: dict[str, StopOn] = {}
    for each in sorted(happened, key=lambda occurrence: (occurrence.day, occurrence.on)):
        if each.day <= anchor_on:
            continue
        for stop in (stop for stop in programme.stops if stop.on is each.on):
            for step in programme.steps:
                if _takes(stop, step, anchor_on, each.day):
                    found.setdefault(step.key, each.on)
    return found


def ends_plan(programme: Programme, anchor_on: date, happened: Iterable[Occurrence]) -> StopOn | None:
    """What of all that happened ends the whole plan; nothing when none does."""
    ending = {stop.on for stop in programme.stops if stop.ends_plan}
    after = sorted((each.day, each.on) for each in happened if each.day > anchor_on and each.on in ending)
    return after[0][1] if after else None


def next_round(programme: Programme, anchor_on: date, number: int, known_on: date) -> tuple[int, date] | None:
    """The number and day of the round after this one that still has a step; nothing when the template is through."""
    if not programme.repeat_months:
        return None
    last = programme.repeat_times or 1000
    while number < last:
        number, anchor_on = number + 1, add_months(anchor_on, programme.repeat_months)
        if plan_steps(replace(programme, late=LateEnrolment.SKIP), anchor_on, known_on):
            return number, anchor_on
    return None


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def _made_up(late: LateEnrolment, passed: Sequence[Step]) -> set[str]:
    if late is LateEnrolment.ALL:
        return {step.key for step in passed}
    return {passed[-1].key} if late is LateEnrolment.LATEST and passed else set()


def _takes(stop: Stop, step: Step, anchor_on: date, day: date) -> bool:
    if stop.kinds and step.kind not in stop.kinds:
        return False
    return stop.within_days is None or step.day(anchor_on) <= day + timedelta(days=stop.within_days)
