"""Which follow-ups a made-up hospital must have, told without our rows, services or rules.

For each event it is told when somebody looked, and works out what they must find: which steps there are, on which day,
and what became of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step: day of its subject, how many days before it is done, for how many days it is in time; text or call."""

    key: str
    days: int
    lead: int
    window: int
    is_text: bool
    is_recheck: bool = False

    def due(self, anchor: date) -> date:
        return anchor + timedelta(days=self.days - self.lead)

    def over(self, anchor: date) -> date:
        """The first day on which it is no use any more."""
        grace = min(self.window, self.lead) if self.is_text and self.lead else self.window
        return self.due(anchor) + timedelta(days=grace + 1)


@dataclass(frozen=True, slots=True)
class Template:
    """`stops_within`: who comes to a visit so shortly before a recheck's day, or after it, needs none of it."""

    name: str
    kind: str  # operation, discharge or course
    steps: tuple[StepPlan, ...]
    late: str = "skip"
    stops_within: int | None = None


@dataclass(slots=True)
class Person:
    number: int
    has_mobile: bool
    patient_id: int = 0
    dead_since: date | None = None
    refuses_texts: bool = False
    visits: dict[int, date] = field(default_factory=dict)  # those that hold, by id


@dataclass(slots=True)
class Task:
    """What must become of one step: open, sent, or gone for a reason."""

    due: date
    state: str = "open"
    reason: str = ""


@dataclass(slots=True)
class Event:
    """One record on which a template hangs, and the steps that it must have by now."""

    person: Person
    template: Template
    key: int
    on: date | None
    known_for: date | None = None  # the day for which its steps were worked out
    state: str = "none"  # none, active, stopped or done
    tasks: dict[str, Task] = field(default_factory=dict)
    # What somebody had seen in the day's list stays there when its event moves away.
    seen_due: dict[str, set[date]] = field(default_factory=dict)

    def look(self, today: date, hour: int) -> None:
        """What somebody who looks now must find; the same look twice finds the same."""
        if self.person.dead_since is not None:
            self._stop("deceased")
            return
        if self.on is None:
            self._stop("withdrawn")
            return
        if self.state == "none":
            self._begin(today)
        elif self.state == "stopped" or (self.state == "active" and self.known_for != self.on):
            self._move(today)
        if self.state != "active":
            return
        self._heed_visits(today)
        self._send(today, hour)
        if all(task.state != "open" for task in self.tasks.values()):
            self.state = "done"

    def _wanted(self, today: date) -> dict[str, date]:
        assert self.on is not None
        in_time = {each.key: each.due(self.on) for each in self.template.steps if today < each.over(self.on)}
        passed = [each for each in self.template.steps if today >= each.over(self.on)]
        passed = [each for each in passed if not (each.is_text and each.lead)]
        passed.sort(key=lambda each: (each.due(self.on or today), each.days))
        made_up = {"skip": [], "latest": passed[-1:], "all": passed}[self.template.late]
        return {**in_time, **{each.key: today for each in made_up}}

    def _begin(self, today: date) -> None:
        wanted = self._wanted(today)
        if wanted:
            self.state, self.known_for = "active", self.on
            self.tasks = {key: Task(due) for key, due in wanted.items()}

    def _move(self, today: date) -> None:
        wanted = self._wanted(today)
        for key, task in self.tasks.items():
            was_taken = task.state == "gone" and task.reason in ("withdrawn", "deceased", "moved")
            is_waiting = task.state == "open" and task.due not in self.seen_due.get(key, set())
            if key in wanted and (task.state == "open" or was_taken):
                self.tasks[key] = Task(wanted[key])
            elif key not in wanted and is_waiting:
                task.state, task.reason = "gone", "moved"
        for key, due in wanted.items():
            self.tasks.setdefault(key, Task(due))
        self.state, self.known_for = "active", self.on

    def note_due(self, today: date, hour: int) -> None:
        """The day's list takes in the calls that are due at nine; a text is settled, or waits for its hours."""
        texts = {each.key for each in self.template.steps if each.is_text}
        for key, task in self.tasks.items():
            is_due = task.due < today or (task.due == today and hour >= 9)
            if self.state == "active" and task.state == "open" and is_due and key not in texts:
                self.seen_due.setdefault(key, set()).add(task.due)

    def _heed_visits(self, today: date) -> None:
        within = self.template.stops_within
        if within is None or self.on is None:
            return
        rechecks = {each.key: each for each in self.template.steps if each.is_recheck}
        came = [day for day in self.person.visits.values() if self.on < day <= today]
        for key, task in self.tasks.items():
            if key not in rechecks:
                continue
            subject = self.on + timedelta(days=rechecks[key].days)
            is_stopped = any(subject <= day + timedelta(days=within) for day in came)
            if is_stopped and task.state == "open":
                task.state, task.reason = "gone", "stop_visit"
            was_stopped = task.state == "gone" and task.reason == "stop_visit"
            if was_stopped and not is_stopped and today < rechecks[key].over(self.on):
                task.state, task.reason = "open", ""

    def _send(self, today: date, hour: int) -> None:
        assert self.on is not None
        for each in self.template.steps:
            task = self.tasks.get(each.key)
            if task is None or not each.is_text or task.state != "open":
                continue
            if task.due > today or (task.due == today and hour < 9):
                continue
            grace = min(each.window, each.lead) if each.lead else each.window
            if today > task.due + timedelta(days=grace):
                task.state, task.reason = "gone", "too_late"
            elif not 7 <= hour < 21:
                if hour >= 21 and today >= task.due + timedelta(days=grace):
                    task.state, task.reason = "gone", "too_late"
            elif not self.person.has_mobile:
                task.state, task.reason = "gone", "no_mobile"
            elif self.person.refuses_texts:
                task.state, task.reason = "gone", "opted_out"
            else:
                task.state = "sent"

    def _stop(self, reason: str) -> None:
        if self.state == "active":
            self.state = "stopped"
            for task in self.tasks.values():
                if task.state == "open":
                    task.state, task.reason = "gone", reason
