"""Rules that send by themselves: planned from dates, moved and taken back with them, one message for each, ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from app.errors import Conflict
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.sending_rules import service, tasks
from app.sending_rules.models import PlannedMessage, SendingRule
from app.sending_rules.service import RuleData
from app.visits.models import Course, Operation, Visit

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Hospital:
    """A hospital whose clock the test moves; `parts` are those of a process that has just been started."""

    def __init__(self, open_parts: Callable[[], Parts], now: datetime) -> None:
        self._open = open_parts
        self.now = now
        self._numbers = count()
        self.parts = self.restarted()

    def restarted(self) -> Parts:
        self.parts = replace(self._open(), now=lambda: self.now)
        return self.parts

    def at(self, day: str, clock: str = "08:00") -> Hospital:
        self.now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)
        return self

    def sweep(self) -> None:
        tasks.plan_all(self.parts)
        tasks.send_due(self.parts)

    def add_person(self, name: str = "王秀兰", mobile: str | None = "+8613800138000", sex: str = "F") -> int:
        phones = [PatientPhone(number=mobile, kind="mobile", as_entered=mobile)] if mobile else []
        with self.parts.database.writing() as session:
            person = Patient(name=name, sex=sex, created_at=self.now, updated_at=self.now, phones=phones)
            session.add(person)
            session.flush()
            return person.id

    def add_course(self, patient_id: int, ends: str) -> int:
        with self.parts.database.writing() as session:
            course = Course(
                patient_id=patient_id,
                title="理疗",
                starts_on=self.now.date(),
                planned_end_on=date.fromisoformat(ends),
                created_at=self.now,
            )
            session.add(course)
            session.flush()
            return course.id

    def add_operation(self, patient_id: int, at: str, name: str = "人流") -> int:
        with self.parts.database.writing() as session:
            operation = Operation(
                patient_id=patient_id,
                name=name,
                at=datetime.fromisoformat(at).replace(tzinfo=SHANGHAI),
                source_system="HIS",
                source_key=f"op-{patient_id}-{at}",
            )
            session.add(operation)
            session.flush()
            return operation.id

    def template(self, text: str = "{name}，您明天（{date}）复查。") -> int:
        with self.parts.database.writing() as session:
            made = MessageTemplate(
                code=f"test.{next(self._numbers)}",
                kind="recheck",
                name="复查",
                message_kind="care",
                created_at=self.now,
                versions=[TemplateVersion(number=1, state="approved", texts={"zh_Hans": text}, changed_at=self.now)],
            )
            session.add(made)
            session.flush()
            return made.id

    def rule(self, **changes: object) -> int:
        """A recheck reminder one day before the end of a course at ten, switched on."""
        template_id = self.template()
        data = RuleData(
            name="复查提醒", anchor="course_end", days=-1, at=time(10), late_days=0, template_id=template_id
        )
        data = replace(data, **changes)  # type: ignore[arg-type]
        with self.parts.database.writing() as session:
            rule_id = service.create_rule(session, data, by="alice", now=self.now).id
            service.note_simulated(session, rule_id, by="alice", now=self.now)
            text = service.text_of(session, service.get_rule(session, rule_id), self.parts)
            service.activate(session, rule_id, text=text, by="alice", now=self.now)
        return rule_id

    def change_rule(self, rule_id: int, **changes: object) -> None:
        with self.parts.database.writing() as session:
            rule = service.get_rule(session, rule_id)
            data = RuleData(
                name=rule.name,
                anchor=rule.anchor,
                days=rule.days,
                at=rule.at,
                late_days=rule.late_days,
                template_id=rule.template_id,
            )
            changed = replace(data, **changes)  # type: ignore[arg-type]
            service.change_rule(session, rule_id, changed, row_version=rule.row_version, by="alice", now=self.now)

    def set(self, table: type, key: int, **values: object) -> None:
        with self.parts.database.writing() as session:
            row = session.get(table, key)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)

    def let_leave(self) -> None:
        """What is in the outbox leaves, as the gateway would let it."""
        with self.parts.database.writing() as session:
            for message in session.scalars(select(Message).where(Message.state == "queued")):
                message.state = "sent"
                for segment in message.segments:
                    segment.state = "sent"

    def sent(self) -> list[tuple[str, str, str]]:
        """Text, state and due time by the hospital's clock, of every message that was written."""
        with self.parts.database.reading() as session:
            rows = session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.text, row.state, f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}") for row in rows if row.due_at]

    def planned(self) -> list[tuple[str, str | None, str]]:
        """State, reason and due time of every planned message."""
        with self.parts.database.reading() as session:
            rows = session.scalars(select(PlannedMessage).order_by(PlannedMessage.id)).all()
        return [(row.state, row.reason, f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}") for row in rows]


@pytest.fixture
def hospital(open_parts: Callable[[], Parts]) -> Hospital:
    return Hospital(open_parts, datetime(2026, 3, 1, 8, tzinfo=SHANGHAI))


def test_recheck_due_on_a_day_is_reminded_of_once_on_the_day_before(hospital: Hospital) -> None:
    hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    for day in range(1, 9):
        for clock in ("09:59", "10:00", "10:01"):
            hospital.at(f"2026-03-0{day}", clock).sweep()
            hospital.restarted()
    assert hospital.sent() == [("【示范医院】王秀兰，您明天（2026-03-06）复查。", "queued", "03-05 10:00")]


def test_reminder_moves_with_its_recheck_and_goes_with_it(hospital: Hospital) -> None:
    hospital.rule()
    moved = hospital.add_course(hospital.add_person(), "2026-03-06")
    gone = hospital.add_course(hospital.add_person(mobile="+8613800138001"), "2026-03-06")
    hospital.sweep()
    hospital.set(Course, moved, planned_end_on=date(2026, 3, 8))
    hospital.set(Course, gone, planned_end_on=None)
    hospital.sweep()
    assert hospital.planned() == [("planned", None, "03-07 10:00"), ("cancelled", "withdrawn", "03-05 10:00")]
    hospital.at("2026-03-05", "10:00").sweep()
    assert hospital.sent() == []
    hospital.at("2026-03-07", "10:00").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["03-07 10:00"]


def test_recheck_that_is_moved_far_away_and_comes_near_again_is_reminded_of_once(hospital: Hospital) -> None:
    hospital.rule()
    course = hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.set(Course, course, planned_end_on=date(2026, 8, 1))
    hospital.sweep()
    hospital.at("2026-07-30").sweep()
    hospital.at("2026-07-31", "10:00").sweep()
    hospital.at("2026-07-31", "10:05").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["07-31 10:00"]


def test_message_in_the_outbox_is_taken_back_and_written_anew_when_its_date_moves(hospital: Hospital) -> None:
    hospital.rule()
    course = hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.at("2026-03-05", "10:00").sweep()
    hospital.set(Course, course, planned_end_on=date(2026, 3, 9))
    hospital.sweep()
    hospital.set(Course, course, planned_end_on=date(2026, 3, 6))
    hospital.sweep()
    assert [state for _text, state, _due in hospital.sent()] == ["cancelled", "queued"]


def test_message_that_has_left_is_not_sent_again_for_a_date_that_moves(hospital: Hospital) -> None:
    hospital.rule()
    course = hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.at("2026-03-05", "10:00").sweep()
    hospital.let_leave()
    hospital.set(Course, course, planned_end_on=date(2026, 3, 9))
    for day in ("2026-03-06", "2026-03-08", "2026-03-09"):
        hospital.at(day, "10:00").sweep()
    assert len(hospital.sent()) == 1


def test_other_days_hold_for_what_has_not_been_sent_yet(hospital: Hospital) -> None:
    rule = hospital.rule(days=-2)
    first, second = (hospital.add_person(mobile=f"+861380013800{at}") for at in (1, 2))
    hospital.add_course(first, "2026-03-04")
    hospital.add_course(second, "2026-03-07")
    hospital.at("2026-03-02", "10:00").sweep()
    hospital.let_leave()
    hospital.change_rule(rule, days=-1)
    for day in ("2026-03-03", "2026-03-05", "2026-03-06"):
        hospital.at(day, "10:00").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["03-02 10:00", "03-06 10:00"]


def test_record_that_becomes_known_late_is_reminded_of_while_that_is_of_use(hospital: Hospital) -> None:
    hospital.rule(anchor="operation", days=-1)
    hospital.at("2026-03-05", "20:00").sweep()
    hospital.add_operation(hospital.add_person(), "2026-03-06T14:00")
    hospital.add_operation(hospital.add_person(mobile="+8613800138001"), "2026-03-05T19:00")
    hospital.sweep()
    assert [state for _text, state, _due in hospital.sent()] == ["queued"]
    assert sorted(hospital.planned()) == [("queued", None, "03-05 10:00"), ("skipped", "too_late", "03-04 10:00")]


def test_cautions_go_before_and_after_an_operation(hospital: Hospital) -> None:
    hospital.rule(anchor="operation", days=-1, filters={"word": "人流"}, template_id=hospital.template("术前禁食。"))
    hospital.rule(anchor="operation", days=2, late_days=1, template_id=hospital.template("注意休息。"))
    hospital.add_operation(hospital.add_person(), "2026-03-06T09:00")
    hospital.add_operation(hospital.add_person(mobile="+8613800138001"), "2026-03-06T09:00", name="阑尾切除")
    for day in range(1, 10):
        hospital.at(f"2026-03-0{day}", "10:00").sweep()
    texts = [(text.removeprefix("【示范医院】"), due) for text, _state, due in hospital.sent()]
    assert sorted(texts) == [
        ("术前禁食。", "03-05 10:00"),
        ("注意休息。", "03-08 10:00"),
        ("注意休息。", "03-08 10:00"),
    ]


def test_nobody_who_cannot_be_written_to_is_and_the_reason_stays(hospital: Hospital) -> None:
    hospital.rule(template_id=hospital.template("{name}，{doctor}请您复查。"))
    no_doctor = hospital.add_person()
    no_mobile = hospital.add_person(mobile=None)
    wrong = hospital.add_person(mobile="+8613800138003")
    dead = hospital.add_person(mobile="+8613800138004")
    for person in (no_doctor, no_mobile, wrong, dead):
        hospital.add_course(person, "2026-03-06")
    with hospital.parts.database.writing() as session:
        session.execute(
            PatientPhone.__table__.update().where(PatientPhone.patient_id == wrong).values(is_valid=False)  # type: ignore[attr-defined]
        )
        session.execute(Course.__table__.update().where(Course.patient_id == wrong).values(doctor="李"))  # type: ignore[attr-defined]
    hospital.sweep()
    hospital.set(Patient, dead, deceased_at=hospital.now)
    hospital.at("2026-03-05", "10:00").sweep()
    assert hospital.sent() == []
    assert [(state, reason) for state, reason, _due in hospital.planned()] == [
        ("skipped", "empty_field:doctor"),
        ("skipped", "no_mobile"),
        ("skipped", "wrong_number"),
        ("cancelled", "withdrawn"),
    ]


def test_holiday_reaches_everybody_of_its_audience_once_a_year(hospital: Hospital) -> None:
    hospital.rule(anchor="occasion.womens_day", days=0, template_id=hospital.template("节日快乐。"))
    hospital.add_person()
    hospital.add_person(mobile="+8613800138001", sex="M")
    for day in ("2026-03-07", "2026-03-08", "2026-03-09", "2027-03-08", "2027-03-09"):
        for clock in ("10:00", "15:00"):
            hospital.at(day, clock).sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["03-08 10:00", "03-08 10:00"]


def test_what_was_due_before_a_rule_was_switched_on_is_not_made_up_for(hospital: Hospital) -> None:
    hospital.add_course(hospital.add_person(), "2026-03-02")
    hospital.at("2026-03-01", "12:00").rule()
    hospital.sweep()
    assert hospital.planned() == []


def test_paused_rule_sends_nothing_and_goes_on_with_what_is_still_of_use(hospital: Hospital) -> None:
    rule = hospital.rule(days=2, late_days=1)
    hospital.add_course(hospital.add_person(), "2026-03-02")
    hospital.add_course(hospital.add_person(mobile="+8613800138001"), "2026-03-04")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        service.pause(session, rule, by="alice", now=hospital.now)
    hospital.at("2026-03-06", "12:00").sweep()
    assert hospital.sent() == []
    with hospital.parts.database.writing() as session:
        text = service.text_of(session, service.get_rule(session, rule), hospital.parts)
        service.activate(session, rule, text=text, by="alice", now=hospital.now)
    tasks.send_due(hospital.parts)
    assert sorted(hospital.planned()) == [("queued", None, "03-06 10:00"), ("skipped", "too_late", "03-04 10:00")]


def test_rule_without_a_look_or_an_approved_text_cannot_be_switched_on(hospital: Hospital) -> None:
    with hospital.parts.database.writing() as session:
        data = RuleData(name="x", anchor="visit", days=1, at=time(9), late_days=0, template_id=None)
        rule = service.create_rule(session, data, by="alice", now=hospital.now)
        with pytest.raises(Conflict, match="approved template"):
            service.activate(session, rule.id, text=None, by="alice", now=hospital.now)
    other = hospital.rule()
    hospital.change_rule(other, template_id=hospital.template("另一条。"))
    with hospital.parts.database.writing() as session:
        text = service.text_of(session, service.get_rule(session, other), hospital.parts)
        with pytest.raises(Conflict, match="Look first"):
            service.activate(session, other, text=text, by="alice", now=hospital.now)


def test_one_message_can_be_taken_back_by_hand_and_does_not_come_back(hospital: Hospital) -> None:
    hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        planned = session.scalars(select(PlannedMessage.id)).one()
        service.cancel_planned(session, hospital.parts.bus, planned, now=hospital.now)
    hospital.at("2026-03-05", "10:00").sweep()
    assert hospital.planned() == [("cancelled", "by_hand", "03-05 10:00")]
    assert hospital.sent() == []


def test_simulation_says_what_would_go_out_and_writes_nothing(hospital: Hospital) -> None:
    rule = hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.add_course(hospital.add_person(mobile=None), "2026-03-06")
    hospital.add_course(hospital.add_person(mobile="+8613800138001"), "2026-03-20")
    with hospital.parts.database.reading() as session:
        seen = service.simulate(session, service.get_rule(session, rule), hospital.parts)
        assert session.scalar(select(func.count()).select_from(PlannedMessage)) == 0
    assert seen.days == {date(2026, 3, 5): 1, date(2026, 3, 19): 1}
    assert (seen.messages, seen.parts, seen.left_out) == (2, 2, {"no_mobile": 1})
    assert seen.samples[0].text == "王秀兰，您明天（2026-03-06）复查。"


def test_shipped_rules_are_drafts_and_come_once(hospital: Hospital) -> None:
    with hospital.parts.database.writing() as session:
        first = service.install_shipped(session, hospital.now)
        again = service.install_shipped(session, hospital.now)
        states = set(session.scalars(select(SendingRule.state)))
    assert (first > 15, again, states) == (True, 0, {"draft"})


def test_withdrawn_visit_takes_its_message_with_it(hospital: Hospital) -> None:
    hospital.rule(anchor="discharge", days=1)
    person = hospital.add_person()
    with hospital.parts.database.writing() as session:
        visit = Visit(
            patient_id=person,
            kind="inpatient",
            started_at=hospital.now - timedelta(days=3),
            ended_at=hospital.now,
            source_system="HIS",
            source_key="v1",
        )
        session.add(visit)
        session.flush()
        visit_id = visit.id
    hospital.sweep()
    hospital.set(Visit, visit_id, status="withdrawn")
    hospital.sweep()
    assert hospital.planned() == [("cancelled", "withdrawn", "03-02 10:00")]
