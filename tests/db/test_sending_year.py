"""A year of a made-up hospital in minutes: what left is exactly what an independent calculation says, to the message.

The calculation knows what happens in the hospital and when somebody looked, and nothing of our rows, services or
rules.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from app.configuration import service as configuration
from app.configuration.rules import CARE_PER_DAY, CARE_PER_WEEK, MARKETING_PER_DAY, MARKETING_PER_WEEK
from app.contact_policy import service as contact_policy
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.messages.models import Message
from app.messages.rules import MessageKind, SubmitOutcome, Verdict
from app.messages.service import Carriage, expire_messages
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.sending_rules import service, tasks
from app.sending_rules.models import PlannedMessage
from app.sending_rules.service import RuleData
from app.visits.models import Course, Operation, Visit
from sms_gateway.ledger import Ledger
from tests.db.sending_calculation import TIMINGS, Person, Record, Timing, expect, local

FIRST, DAYS, PEOPLE = date(2026, 1, 1), 365, 40
# From the almanac.
HOLIDAYS = {"womens_day": date(2026, 3, 8), "mid_autumn": date(2026, 9, 25)}
# Person, day of birth, whether it is kept by the Chinese calendar (both were born on the day of a festival), and when.
BIRTHDAYS = [
    (1, date(1985, 3, 6), True, date(2026, 3, 3)),
    (2, date(1990, 10, 3), True, date(2026, 9, 25)),
    (3, date(1980, 2, 29), False, date(2026, 2, 28)),
    (4, date(2000, 7, 14), False, date(2026, 7, 14)),
]
# The hospital wants the end of a course announced a day earlier from this day on, and at another time.
OTHER_TIMING = (date(2026, 5, 20), "course", (-2, time(15), 0, "care"))
PAUSE = ("operation", date(2026, 2, 10), date(2026, 2, 13))
_LOOKS = ["06:30", "07:00", "09:00", "10:00", "10:01", "12:15", "16:40", "20:59", "21:00", "23:10"]
ANCHORS = {"course": "course_end", "operation": "operation", "discharge": "discharge", "birthday": "birthday"}


class Year:
    """The hospital and its outbox on one side, and the records as the test knows them on the other."""

    def __init__(self, open_parts: Callable[[], Parts], seed: int) -> None:
        self._open = open_parts
        self._chance = random.Random(seed)
        self.now = local(FIRST, time(6))
        self.parts = self._started()
        self.people = [
            Person(number=at, sex="FM"[at % 2], has_mobile=at % 10 != 0, wants_marketing=at % 3 == 0)
            for at in range(PEOPLE)
        ]
        self.records: list[Record] = []
        self.timings = dict(TIMINGS)
        self.paused: str | None = None
        self._rules: dict[str, int] = {}
        self._set_up()

    def _started(self) -> Parts:
        return replace(self._open(), now=lambda: self.now)

    def _set_up(self) -> None:
        with self.parts.database.writing() as session:
            for key in (CARE_PER_DAY, CARE_PER_WEEK, MARKETING_PER_DAY, MARKETING_PER_WEEK):
                configuration.set_value(session, key, key.high, by="alice", now=self.now)
            for person in self.people:
                phones = []
                if person.has_mobile:
                    number = f"+861380013{person.number:04}"
                    phones = [PatientPhone(number=number, kind="mobile", as_entered=number)]
                row = Patient(
                    name=f"王{person.number}", sex=person.sex, created_at=self.now, updated_at=self.now, phones=phones
                )
                for number, birth, is_lunar, _day in BIRTHDAYS:
                    if number == person.number:
                        row.birth_date, row.has_lunar_birthday = birth, is_lunar
                session.add(row)
                session.flush()
                person.patient_id = row.id
            for person in self.people:
                self._say_marketing(session, person)
        for name, (days, at, late, kind) in TIMINGS.items():
            self._switch_on(name, days, at, late, kind)
        self.records += [Record(self.people[number], "birthday", 0, day) for number, _birth, _lunar, day in BIRTHDAYS]
        for code, day in HOLIDAYS.items():
            self.records += [
                Record(person, code, 0, day) for person in self.people if code != "womens_day" or person.sex == "F"
            ]

    def _say_marketing(self, session, person: Person) -> None:  # type: ignore[no-untyped-def]
        contact_policy.record_consent(
            session,
            patient_id=person.patient_id,
            kind=MessageKind.MARKETING,
            channel="sms",
            is_granted=person.wants_marketing,
            changed_by="alice",
            now=self.now,
        )

    def _switch_on(self, name: str, days: int, at: time, late: int, kind: str) -> None:
        anchor = ANCHORS.get(name, f"occasion.{name}")
        with self.parts.database.writing() as session:
            version = TemplateVersion(
                number=1, state="approved", texts={"zh_Hans": "您好{name}。"}, changed_at=self.now
            )
            template = MessageTemplate(
                code=name, kind="notice", name=name, message_kind=kind, created_at=self.now, versions=[version]
            )
            session.add(template)
            session.flush()
            data = RuleData(name=name, anchor=anchor, days=days, at=at, late_days=late, template_id=template.id)
            rule = service.create_rule(session, data, by="alice", now=self.now)
            service.note_simulated(session, rule.id, by="alice", now=self.now)
            text = service.text_of(session, rule, self.parts)
            service.activate(session, rule.id, text=text, by="alice", now=self.now)
            self._rules[name] = rule.id

    def happen(self, day: date) -> None:
        """What HIS, the patients and the agents bring about on one day."""
        chance = self._chance
        for _ in range(chance.choice([1, 1, 2, 2])):
            self._new_record(day)
        if chance.random() < 0.4:
            self._move_something(day)
        if chance.random() < 0.03:
            self._change_somebody()
        if chance.random() < 0.1:
            self._withdraw_a_visit()
        if chance.random() < 0.05:
            self._take_back_by_hand()
        if day == OTHER_TIMING[0]:
            self._change_timing(*OTHER_TIMING[1:])
        if day in PAUSE[1:]:
            self._pause_or_go_on(PAUSE[0])

    def _withdraw_a_visit(self) -> None:
        """HIS says that a visit was a mistake, whether its text has gone or not."""
        visits = [each for each in self.records if each.kind == "discharge" and each.on is not None]
        if visits:
            record = self._chance.choice(visits[-3:])
            record.on = None
            with self.parts.database.writing() as session:
                row = session.get(Visit, record.key)
                assert row is not None
                row.status = "withdrawn"

    def _take_back_by_hand(self) -> None:
        with self.parts.database.writing() as session:
            rows = session.scalars(select(PlannedMessage).where(PlannedMessage.state == "planned")).all()
            rows = [row for row in rows if row.occasion.startswith(("course_end:", "operation:"))]
            if not rows:
                return
            row = self._chance.choice(rows)
            service.cancel_planned(session, self.parts.bus, row.id, now=self.now)
            anchor, key = row.occasion.split(":")
        for record in self.records:
            if (ANCHORS.get(record.kind), record.key) == (anchor, int(key)):
                record.is_taken_back = True

    def _change_timing(self, name: str, timing: Timing) -> None:
        self.timings[name] = timing
        days, at, late, _kind = timing
        with self.parts.database.writing() as session:
            rule = service.get_rule(session, self._rules[name])
            data = RuleData(
                name=rule.name, anchor=rule.anchor, days=days, at=at, late_days=late, template_id=rule.template_id
            )
            service.change_rule(session, rule.id, data, row_version=rule.row_version, by="alice", now=self.now)

    def _pause_or_go_on(self, name: str) -> None:
        rule_id, is_paused = self._rules[name], self.paused is not None
        self.paused = None if is_paused else name
        with self.parts.database.writing() as session:
            if is_paused:
                text = service.text_of(session, service.get_rule(session, rule_id), self.parts)
                service.activate(session, rule_id, text=text, by="alice", now=self.now)
            else:
                service.pause(session, rule_id, by="alice", now=self.now)

    def _new_record(self, day: date) -> None:
        person = self._chance.choice(self.people)
        kind = self._chance.choice(["course", "operation", "discharge"])
        on = day + timedelta(days=self._chance.randint(-1, 0 if kind == "discharge" else 30))
        with self.parts.database.writing() as session:
            row: Course | Operation | Visit
            key = f"{len(self.records)}"
            if kind == "discharge":
                ended_at = local(on, time(self._chance.randint(8, 17)))
                row = Visit(
                    patient_id=person.patient_id,
                    kind="inpatient",
                    started_at=ended_at - timedelta(days=4),
                    ended_at=ended_at,
                    source_system="HIS",
                    source_key=key,
                )
            elif kind == "course":
                row = Course(
                    patient_id=person.patient_id, title="x", starts_on=day, planned_end_on=on, created_at=self.now
                )
            else:
                at = local(on, time(self._chance.randint(8, 17)))
                row = Operation(patient_id=person.patient_id, name="x", at=at, source_system="HIS", source_key=key)
            session.add(row)
            session.flush()
            self.records.append(Record(person, kind, row.id, on))

    def _move_something(self, day: date) -> None:
        moving = [each for each in self.records if each.kind == "course" and each.on is not None and each.on > day]
        if not moving:
            return
        record = self._chance.choice(moving)
        record.on = self._chance.choice([None, day, day + timedelta(days=self._chance.randint(1, 40))])
        with self.parts.database.writing() as session:
            row = session.get(Course, record.key)
            assert row is not None
            row.planned_end_on = record.on

    def _change_somebody(self) -> None:
        person = self._chance.choice(self.people)
        what = self._chance.choice(["dies", "wrong", "marketing", "care"])
        with self.parts.database.writing() as session:
            if what == "dies":
                person.is_dead = True
                row = session.get(Patient, person.patient_id)
                assert row is not None
                row.deceased_at = self.now
            elif what == "wrong":
                person.is_wrong = True
                for phone in session.scalars(select(PatientPhone).where(PatientPhone.patient_id == person.patient_id)):
                    phone.is_valid = False
            elif what == "marketing":
                person.wants_marketing = not person.wants_marketing
                self._say_marketing(session, person)
            else:
                person.refuses_care = True
                contact_policy.record_opt_out(
                    session,
                    kind="care",
                    channel="sms",
                    way="person",
                    created_by="alice",
                    now=self.now,
                    patient_id=person.patient_id,
                )

    def moments(self, day: date) -> Iterator[datetime]:
        """When somebody looks on that day: now and then nobody does for days, and now and then the clock jumps back."""
        if self._chance.random() < 0.25:
            return
        for clock in sorted(self._chance.sample(_LOOKS, self._chance.choice([1, 1, 1, 1, 2]))):
            yield local(day, time.fromisoformat(clock))
        if self._chance.random() < 0.1:
            yield self.now - timedelta(hours=2)

    def look(self) -> None:
        """The product's side: plan, queue, and let the gateway take what may leave. Then the test's side."""
        tasks.plan_all(self.parts)
        tasks.send_due(self.parts)
        ledger = Ledger(self.parts, "default")
        while claimed := ledger.exchange([], 50, Carriage()):
            ledger.exchange(
                [
                    SubmitOutcome(
                        segment_id=each.segment_id, verdict=Verdict.ACCEPTED, smsc_message_id=f"m{each.segment_id}"
                    )
                    for each in claimed
                ],
                0,
                Carriage(),
            )
        with self.parts.database.writing() as session:
            expire_messages(session, self.parts.bus, now=self.now)
        for record in self.records:
            expect(record, self.now, self.timings[record.kind], is_paused=record.kind == self.paused)

    def live_through(self, days: int) -> None:
        for offset in range(days):
            day = FIRST + timedelta(days=offset)
            self.now = max(self.now, local(day, time(6)))
            self.happen(day)
            for moment in self.moments(day):
                self.now = moment
                self.look()
                if self._chance.random() < 0.02:
                    self.parts = self._started()

    def sent(self) -> list[tuple[int, str, datetime]]:
        """Person, rule and moment of everything that left."""
        rules = {rule_id: name for name, rule_id in self._rules.items()}
        with self.parts.database.reading() as session:
            rows = session.execute(
                select(Message.patient_id, Message.origin_id, Message.sent_at).where(Message.sent_at.is_not(None))
            ).all()
        return sorted((patient_id or 0, rules[rule or 0], at) for patient_id, rule, at in rows if at is not None)

    def expected(self) -> list[tuple[int, str, datetime]]:
        return sorted((each.person.patient_id, each.kind, moment) for each in self.records for moment in each.left)


def test_year_of_restarts_moves_deaths_and_clock_jumps_sends_exactly_what_it_must(
    open_parts: Callable[[], Parts],
) -> None:
    year = Year(open_parts, seed=3)
    # A day costs PostgreSQL three times as much, and is the same day.
    days = DAYS if year.parts.database.is_sqlite else DAYS // 8
    year.live_through(days)
    sent, expected = year.sent(), year.expected()
    assert (set(expected) - set(sent), set(sent) - set(expected)) == (set(), set())
    assert len(sent) == len(expected) > days // 4
    with year.parts.database.reading() as session:
        states = set(session.scalars(select(PlannedMessage.state)))
    assert states >= {"queued", "skipped", "cancelled"}
