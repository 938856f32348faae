"""The laboratory: what a version would have meant for the last year's patients. Nothing is written."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.followup_plans.service.anchors import people_with_events
from app.followup_templates.rules import Programme, plan_steps
from app.followups.rules import TaskMode
from app.patients.models import Patient

DAYS = 365
MOST_STARTS = 20_000
"""So many are tried; the figures of more are those of a sample, and the page says so."""
_PIECE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What would have been. `by_day` has the follow-ups of each day by mode; a collision is a person with two on one
    day; `busiest` is the day with the most calls and visits."""

    starts: int
    people: int
    by_month: Mapping[date, int]
    by_day: Mapping[date, Mapping[TaskMode, int]]
    messages: int
    calls: int
    collisions: int
    busiest: tuple[date, int] | None
    is_cut: bool

    def mean_per_day(self, agents: int) -> float:
        """Calls and visits that each of so many agents has on a day on which there are any."""
        days = [sum(n for mode, n in modes.items() if mode is not TaskMode.SMS) for modes in self.by_day.values()]
        worked = [each for each in days if each]
        return sum(worked) / len(worked) / max(1, agents) if worked else 0.0

    def peak_per_agent(self, agents: int) -> int:
        """Calls and visits of one agent on the busiest day."""
        return math.ceil(self.busiest[1] / max(1, agents)) if self.busiest else 0


@dataclass(slots=True)
class _Tally:
    starts: int = 0
    people: set[int] = field(default_factory=set)
    months: Counter[date] = field(default_factory=Counter)
    days: dict[date, Counter[TaskMode]] = field(default_factory=lambda: defaultdict(Counter))
    of_person: Counter[tuple[int, date]] = field(default_factory=Counter)
    running: dict[int, date] = field(default_factory=dict)


def try_out(session: Session, programme: Programme, today: date, zone: ZoneInfo) -> Trial:
    """Run a version over the events of the last year of whom the session sees, as if each had been known at once."""
    tally = _Tally()
    found = people_with_events(session, programme, today - timedelta(days=DAYS), today, zone)
    is_cut = False
    events = iter(sorted(islice(found, MOST_STARTS + 1), key=lambda each: (each.on, each.record)))
    while piece := list(islice(events, _PIECE)):
        ids = {each.patient_id for each in piece}
        living = set(session.scalars(select(Patient.id).where(Patient.id.in_(ids), Patient.merged_into_id.is_(None))))
        for each in piece:
            if tally.starts >= MOST_STARTS:
                is_cut = True
                break
            is_running = tally.running.get(each.patient_id, date.min) >= each.on
            if each.patient_id in living and not (programme.is_one_at_a_time and is_running):
                _count(tally, programme, each.patient_id, each.on)
    busy = {day: sum(n for mode, n in modes.items() if mode is not TaskMode.SMS) for day, modes in tally.days.items()}
    top = max(busy.items(), key=lambda item: (item[1], -item[0].toordinal()), default=None)
    return Trial(
        starts=tally.starts,
        people=len(tally.people),
        by_month=dict(sorted(tally.months.items())),
        by_day=dict(sorted(tally.days.items())),
        messages=sum(modes[TaskMode.SMS] for modes in tally.days.values()),
        calls=sum(busy.values()),
        collisions=sum(count > 1 for count in tally.of_person.values()),
        busiest=top if top and top[1] else None,
        is_cut=is_cut,
    )


def _count(tally: _Tally, programme: Programme, patient_id: int, on: date) -> None:
    steps = plan_steps(programme, on, on)
    tally.starts += 1
    tally.people.add(patient_id)
    tally.months[on.replace(day=1)] += 1
    for each in steps:
        tally.days[each.due_on][each.step.mode] += 1
        tally.of_person[patient_id, each.due_on] += 1
    tally.running[patient_id] = max((each.due_on for each in steps), default=on)
