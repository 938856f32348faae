"""A year of a made-up hospital in minutes: the follow-ups are exactly what an independent calculation says.

Records come late, move, are taken back and come back; people die, refuse and come to visits; processes are started
anew, and on some days nobody looks. Calls are done by nobody, so that each stays visible to the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update

from app.configuration import service as configuration
from app.configuration.rules import CARE_PER_DAY, CARE_PER_WEEK, FOLLOWUP_DECISIONS
from app.contact_policy import service as contact_policy
from app.followup_plans import tasks
from app.followup_plans.models import FollowupPlan
from app.followup_templates.rules import LateEnrolment, Stop, StopOn
from app.followups.models import FollowupTask
from app.followups.rules import TaskKind
from app.followups.service import make_due
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient
from app.visits.models import Course, Operation, Visit
from tests.db.followup_calculation import Event, Person, StepPlan, Task, Template
from tests.db.followup_hospital import SHANGHAI, Hospital, call, text

FIRST, DAYS, PEOPLE = date(2026, 1, 1), 365, 30
TEMPLATES = (
    Template(
        "leep",
        "operation",
        (
            StepPlan("d10", 10, 1, 1, is_text=True),
            StepPlan("d28", 28, 1, 1, is_text=True),
            StepPlan("d90", 90, 1, 1, is_text=True, is_recheck=True),
            StepPlan("d30", 30, 0, 3, is_text=False),
        ),
        stops_within=7,
    ),
    Template(
        "discharge",
        "discharge",
        (
            StepPlan("d1", 1, 0, 1, is_text=True),
            StepPlan("d7", 7, 0, 3, is_text=False),
            StepPlan("d30", 30, 0, 5, is_text=False),
        ),
        late="latest",
    ),
    Template(
        "course", "course", (StepPlan("d3", 3, 0, 2, is_text=False), StepPlan("d9", 9, 2, 2, is_text=True)), late="all"
    ),
)
_ANCHORS = {"operation": "operation", "discharge": "discharge", "course": "course_end"}
_HOURS = (6, 8, 9, 12, 16, 20, 21, 23)


class Year:
    """The hospital on one side, and what the test knows of it on the other."""

    def __init__(self, open_parts: Callable[[], Parts], seed: int) -> None:
        self.chance = random.Random(seed)
        self.hospital = Hospital(open_parts, FIRST.isoformat())
        self.people = [Person(number=at, has_mobile=at % 7 != 0) for at in range(PEOPLE)]
        self.events: list[Event] = []
        self.ids: dict[str, int] = {}
        self._set_up()

    def _set_up(self) -> None:
        with self.hospital.parts.database.writing() as session:
            for key in (CARE_PER_DAY, CARE_PER_WEEK):
                configuration.set_value(session, key, key.high, by="adam", now=self.hospital.now)
            configuration.set_value(session, FOLLOWUP_DECISIONS, False, by="adam", now=self.hospital.now)
        for person in self.people:
            mobile = f"+861380013{person.number:04}" if person.has_mobile else None
            person.patient_id = self.hospital.add_person(f"王{person.number}", mobile)
        for template in TEMPLATES:
            stops = []
            if template.stops_within is not None:
                kinds = frozenset({TaskKind.RECHECK})
                stops = [Stop(on=StopOn.VISIT, kinds=kinds, within_days=template.stops_within)]
            self.ids[template.name] = self.hospital.template(
                [
                    (text if each.is_text else call)(
                        each.key,
                        each.days,
                        lead_days=each.lead,
                        window_days=each.window,
                        kind=TaskKind.RECHECK if each.is_recheck else TaskKind.DRESSING,
                    )
                    for each in template.steps
                ],
                anchor=_ANCHORS[template.kind],
                filters={"visit_kind": "inpatient"} if template.kind == "discharge" else None,
                late=LateEnrolment(template.late),
                stops=stops,
                name=template.name,
            )

    def happen(self, day: date) -> None:
        chance = self.chance
        for _ in range(chance.choice([0, 1, 1])):
            self._new_event(day)
        if chance.random() < 0.3:
            self._move_or_withdraw(day)
        if chance.random() < 0.15:
            self._come(day)
        if chance.random() < 0.02:
            self._change_somebody(day)

    def _new_event(self, day: date) -> None:
        template, person = self.chance.choice(TEMPLATES), self.chance.choice(self.people)
        if person.dead_since is not None:
            return
        late = self.chance.choice([0, 0, 0, -1, -3, -12, -33])
        on = max(FIRST, day + timedelta(days=late))
        if template.kind == "operation":
            key = self.hospital.operate(person.patient_id, max(on, FIRST))
        elif template.kind == "discharge":
            key = self.hospital.discharge(person.patient_id, on)
            self._remember_visit(person, key, on - timedelta(days=5))
        else:
            on = day + timedelta(days=self.chance.randint(0, 20))
            key = self.hospital.course(person.patient_id, on)
        self.events.append(Event(person, template, key, on))

    def _remember_visit(self, person: Person, key: int, day: date) -> None:
        person.visits[key] = day

    def _move_or_withdraw(self, day: date) -> None:
        mine = [each for each in self.events if each.person.dead_since is None][-12:]
        if not mine:
            return
        event = self.chance.choice(mine)
        match event.template.kind:
            case "operation":
                event.on = max(FIRST, (event.on or day) + timedelta(days=self.chance.randint(-25, 15)))
                at = datetime.combine(event.on, time(9), SHANGHAI)
                self.hospital.set(Operation, event.key, at=at)
            case "discharge":
                if event.on is None:
                    event.on = event.known_for or day
                    self._remember_visit(event.person, event.key, self._started(event.key))
                    self.hospital.set(Visit, event.key, status="done")
                else:
                    event.known_for, event.on = event.on, None
                    event.person.visits.pop(event.key, None)
                    self.hospital.set(Visit, event.key, status="withdrawn")
            case _:
                event.on = self.chance.choice([None, day, day + timedelta(days=self.chance.randint(1, 30))])
                self.hospital.set(Course, event.key, planned_end_on=event.on)

    def _started(self, visit_id: int) -> date:
        with self.hospital.parts.database.reading() as session:
            return session.get_one(Visit, visit_id).started_at.astimezone(SHANGHAI).date()

    def _come(self, day: date) -> None:
        person = self.chance.choice([each.person for each in self.events] or self.people)
        gone = [key for key in person.visits if self.chance.random() < 0.2]
        own = {each.key for each in self.events if each.template.kind == "discharge"}
        for key in gone:
            if key not in own:
                person.visits.pop(key)
                self.hospital.set(Visit, key, status="withdrawn")
        key = self.hospital.visit(person.patient_id, day - timedelta(days=1))
        person.visits[key] = day - timedelta(days=1)

    def _change_somebody(self, day: date) -> None:
        person = self.chance.choice(self.people)
        if person.dead_since is None and self.chance.random() < 0.5:
            person.dead_since = day
            self.hospital.set(Patient, person.patient_id, deceased_at=self.hospital.now)
        elif not person.refuses_texts:
            person.refuses_texts = True
            with self.hospital.parts.database.writing() as session:
                contact_policy.record_opt_out(
                    session, kind="care", channel="sms", way="person", created_by="bob", now=self.hospital.now,
                    patient_id=person.patient_id,
                )  # fmt: skip

    def look(self) -> None:
        today, hour = self.hospital.now.date(), self.hospital.now.hour
        parts = self.hospital.parts
        tasks.start(parts)
        if self.chance.random() < 0.1:
            tasks.look_again(parts)
        with parts.database.writing() as session:
            make_due(session, parts.bus, self.hospital.now)
        tasks.send_texts(parts)
        with parts.database.writing() as session:  # what is in the outbox leaves, as the gateway would let it
            session.execute(update(Message).where(Message.state == "queued").values(state="sent", sent_at=parts.now()))
        tasks.start(parts)
        for event in self.events:
            event.look(today, hour)
            event.note_due(today, hour)

    def live_through(self, days: int) -> None:
        for offset in range(days):
            day = FIRST + timedelta(days=offset)
            self.hospital.at(day, "05:00")
            self.happen(day)
            if self.chance.random() < 0.25:
                continue
            for hour in sorted(self.chance.sample(_HOURS, self.chance.choice([1, 1, 2]))):
                self.hospital.at(day, f"{hour:02}:00")
                self.look()
                if self.chance.random() < 0.05:
                    self.hospital.restarted()

    def found(self) -> dict[tuple[str, int], tuple[str, dict[str, Task]]]:
        """What the product has, by template and record."""
        names = {key: name for name, key in self.ids.items()}
        found: dict[tuple[str, int], tuple[str, dict[str, Task]]] = {}
        with self.hospital.parts.database.reading() as session:
            for plan in session.scalars(select(FollowupPlan)):
                rows = session.scalars(select(FollowupTask).where(FollowupTask.plan_id == plan.id)).all()
                key = (names[plan.template_id], int(plan.occasion.split(":")[1]))
                assert key not in found
                found[key] = (plan.state, {row.step or "": _task(row) for row in rows})
        return found

    def expected(self) -> dict[tuple[str, int], tuple[str, dict[str, Task]]]:
        return {
            (each.template.name, each.key): (each.state, each.tasks) for each in self.events if each.state != "none"
        }


def _task(row: FollowupTask) -> Task:
    states = {"done": "sent", "skipped": "gone", "cancelled": "gone"}
    state = states.get(row.state, "open")
    return Task(row.due_on, state, (row.reason or "") if state == "gone" else "")


def test_year_of_moves_withdrawals_deaths_and_restarts_has_exactly_the_steps_that_it_must(
    open_parts: Callable[[], Parts],
) -> None:
    year = Year(open_parts, seed=5)
    # A day costs PostgreSQL more, and is the same day.
    days = DAYS if year.hospital.parts.database.is_sqlite else DAYS // 8
    year.live_through(days)
    found, expected = year.found(), year.expected()
    assert found.keys() == expected.keys()
    assert {key: (found[key], expected[key]) for key in found if found[key] != expected[key]} == {}
    assert len(found) > days // 4
    reasons = {task.reason for _state, steps in found.values() for task in steps.values()}
    assert reasons >= ({"moved", "withdrawn", "too_late", "stop_visit", "deceased"} if days == DAYS else {"withdrawn"})
    with year.hospital.parts.database.reading() as session:
        written = session.scalars(select(Message.dedup_key)).all()
    sent = sum(task.state == "sent" for _state, steps in found.values() for task in steps.values())
    assert len(written) == len(set(written)) == sent > 0
