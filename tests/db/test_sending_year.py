"""A year of a made-up hospital in minutes: what left is exactly what an independent calculation says, to the message.

The calculation below knows the hospital's events and the moments at which somebody looked, and nothing of our rows,
services or rules. It says for each record when its text must leave, if ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
from app.visits.models import Course, Operation
from sms_gateway.ledger import Ledger

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, DAYS, PEOPLE = date(2026, 1, 1), 365, 40
# From the almanac.
HOLIDAYS = {"womens_day": date(2026, 3, 8), "mid_autumn": date(2026, 9, 25)}
_LOOKS = ["06:30", "07:00", "09:00", "10:00", "10:01", "12:15", "16:40", "20:59", "21:00", "23:10"]


@dataclass(slots=True)
class Person:
    """One patient as the test knows them."""

    number: int
    sex: str
    has_mobile: bool
    patient_id: int = 0
    is_dead: bool = False
    is_wrong: bool = False
    wants_marketing: bool = False
    refuses_care: bool = False

    def may_get(self, kind: str) -> bool:
        if self.is_dead or self.is_wrong:
            return False
        return self.wants_marketing if kind == "marketing" else not self.refuses_care


@dataclass(slots=True)
class Record:
    """A course, an operation or a holiday of one person, with what has become of its text."""

    person: Person
    kind: str  # course, operation, or a holiday's code
    key: int
    on: date | None
    left: list[datetime] = field(default_factory=list)
    waits_from: datetime | None = None  # in the outbox, and may leave from then on
    waits_for: date | None = None
    closed_for: date | None = None  # decided for this date: nothing goes


# Days after the record's own day, time, days of use after its own, and the message's kind.
TIMINGS = {
    "course": (-1, time(10), 0, "care"),
    "operation": (2, time(9, 30), 1, "care"),
    "womens_day": (0, time(9), 0, "marketing"),
    "mid_autumn": (0, time(9), 1, "marketing"),
}


def local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=SHANGHAI)


def expect(record: Record, now: datetime) -> None:
    """The independent calculation: what somebody who looks now must find, for one record."""
    days, at, late, kind = TIMINGS[record.kind]
    opens = 8 if kind == "marketing" else 7
    is_open = opens <= now.astimezone(SHANGHAI).hour < 21
    if record.left or record.person.is_dead or record.on is None:
        return
    if record.waits_for != record.on:
        record.waits_from = None
    due = local(record.on + timedelta(days=days), at)
    over = local(record.on + timedelta(days=days + late + 1), time())
    if days < 0:
        over = min(over, local(record.on, time()))
    if now < due or record.closed_for == record.on or (record.waits_from is not None and now < record.waits_from):
        return
    if now >= over or not record.person.has_mobile or not record.person.may_get(kind):
        record.closed_for = record.on
    elif is_open:
        record.left.append(now)
    else:
        tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=now.astimezone(SHANGHAI).hour >= 21)
        record.waits_from, record.waits_for = local(tomorrow, time(opens)), record.on


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
                session.add(row)
                session.flush()
                person.patient_id = row.id
            for person in self.people:
                self._say_marketing(session, person)
        for name, (days, at, late, kind) in TIMINGS.items():
            self._switch_on(name, days, at, late, kind)
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
        anchor = {"course": "course_end", "operation": "operation"}.get(name, f"occasion.{name}")
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

    def happen(self, day: date) -> None:
        """What HIS, the patients and the agents bring about on one day."""
        chance = self._chance
        for _ in range(chance.choice([0, 1, 1, 2])):
            self._new_record(day)
        if chance.random() < 0.4:
            self._move_something(day)
        if chance.random() < 0.03:
            self._change_somebody()

    def _new_record(self, day: date) -> None:
        person = self._chance.choice(self.people)
        kind = self._chance.choice(["course", "operation"])
        on = day + timedelta(days=self._chance.randint(-1, 30))
        with self.parts.database.writing() as session:
            row: Course | Operation
            if kind == "course":
                row = Course(
                    patient_id=person.patient_id, title="x", starts_on=day, planned_end_on=on, created_at=self.now
                )
            else:
                at = local(on, time(self._chance.randint(8, 17)))
                key = f"{len(self.records)}"
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
        if self._chance.random() < 0.06:
            return
        for clock in sorted(self._chance.sample(_LOOKS, self._chance.randint(1, 2))):
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
            expect(record, self.now)

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
        names = {name: at for at, name in enumerate(TIMINGS, 1)}
        rules = {at: name for name, at in names.items()}
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
    days = DAYS if year.parts.database.is_sqlite else DAYS // 4
    year.live_through(days)
    sent, expected = year.sent(), year.expected()
    assert (set(expected) - set(sent), set(sent) - set(expected)) == (set(), set())
    assert len(sent) == len(expected) > days // 2
    with year.parts.database.reading() as session:
        states = set(session.scalars(select(PlannedMessage.state)))
    assert states >= {"queued", "skipped", "cancelled"}
