"""What becomes of planned messages when rules, records and people change between planning and sending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from sqlalchemy import select

from app.codes.models import CodeItem
from app.errors import InvalidInput
from app.messages import service as messages
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient
from app.sending_rules import service, tasks
from app.visits.models import Course, Diagnosis
from tests.db.sending_hospital import SHANGHAI, Hospital


@pytest.fixture
def hospital(open_parts: Callable[[], Parts]) -> Hospital:
    return Hospital(open_parts, datetime(2026, 3, 1, 8, tzinfo=SHANGHAI))


def test_another_time_of_day_holds_for_what_is_planned(hospital: Hospital) -> None:
    rule = hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.change_rule(rule, at=time(15))
    hospital.sweep()
    assert hospital.planned() == [("planned", None, "03-05 15:00")]


def test_another_lead_holds_for_what_is_planned_however_long_it_is_of_use(hospital: Hospital) -> None:
    rule = hospital.rule(days=-3, late_days=5)
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.change_rule(rule, days=-1, late_days=5)
    hospital.sweep()
    assert hospital.planned() == [("planned", None, "03-05 10:00")]


def test_delay_that_grows_beyond_the_horizon_leaves_nothing_on_the_old_day(hospital: Hospital) -> None:
    rule = hospital.rule(days=2)
    hospital.add_course(hospital.add_person(), "2026-03-02")
    hospital.sweep()
    hospital.change_rule(rule, days=30)
    for day in ("2026-03-02", "2026-03-04", "2026-03-05", "2026-03-31", "2026-04-01", "2026-04-02"):
        hospital.at(day, "10:00").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["04-01 10:00"]


def test_lead_that_grows_past_today_is_too_late_for_what_is_planned(hospital: Hospital) -> None:
    rule = hospital.rule(days=-2)
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.change_rule(rule, days=-60)
    for day in ("2026-03-02", "2026-03-04", "2026-03-05"):
        hospital.at(day, "10:00").sweep()
    assert hospital.sent() == []


def test_record_that_is_withdrawn_a_moment_before_its_message_is_due_sends_nothing(hospital: Hospital) -> None:
    hospital.rule()
    course = hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.at("2026-03-05", "09:59").set(Course, course, planned_end_on=None)
    hospital.at("2026-03-05", "10:00")
    tasks.send_due(hospital.parts)
    assert hospital.sent() == []
    assert hospital.planned() == [("cancelled", "withdrawn", "03-05 10:00")]


def test_rule_that_was_given_another_audience_sends_nothing_to_the_old_one(hospital: Hospital) -> None:
    rule = hospital.rule(anchor="operation", days=-1)
    hospital.add_operation(hospital.add_person(), "2026-03-02T14:00", name="阑尾切除")
    hospital.sweep()
    hospital.change_rule(rule, filters={"word": "人流"})
    hospital.switch_on(rule)
    hospital.at("2026-03-01", "10:00")
    tasks.send_due(hospital.parts)
    assert hospital.sent() == []


@pytest.mark.parametrize("sweep", [(tasks.plan_all, tasks.send_due), (tasks.send_due, tasks.plan_all)])
def test_paused_rule_goes_on_whichever_sweep_comes_first(hospital: Hospital, sweep: tuple[Callable, ...]) -> None:  # type: ignore[type-arg]
    rule = hospital.rule(days=2, late_days=1)
    hospital.add_course(hospital.add_person(), "2026-03-04")
    hospital.sweep()
    hospital.pause(rule)
    hospital.at("2026-03-06", "12:00").switch_on(rule)
    for run in sweep:
        run(hospital.parts)
    assert hospital.planned() == [("queued", None, "03-06 10:00")]


def test_nobody_gets_a_second_message_for_a_record_that_a_merge_gave_to_another_entry(hospital: Hospital) -> None:
    hospital.rule(late_days=3, days=1)
    kept, double = hospital.add_person(), hospital.add_person()
    hospital.add_course(double, "2026-03-04")
    hospital.at("2026-03-05", "10:00").sweep()
    hospital.let_leave()
    hospital.merge(double, into=kept)
    hospital.at("2026-03-05", "11:00").sweep()
    assert len(hospital.sent()) == 1


def test_lunar_birthday_that_comes_twice_in_a_solar_year_is_greeted_twice(hospital: Hospital) -> None:
    """The 18th of the eleventh month was on 6 January 2026, and is on 26 December 2026 again."""
    hospital.at("2026-01-01").rule(anchor="birthday", days=0, template_id=hospital.template("生日快乐。"))
    person = hospital.add_person()
    hospital.set(Patient, person, birth_date=date(1980, 12, 24), has_lunar_birthday=True)
    for day in ("2026-01-05", "2026-01-06", "2026-12-20", "2026-12-26", "2027-01-03"):
        hospital.at(day, "10:00").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["01-06 10:00", "12-26 10:00"]


def test_stopped_rule_takes_what_waits_in_the_outbox_back_and_sends_it_once_it_goes_on(hospital: Hospital) -> None:
    rule = hospital.rule(days=2, late_days=1)
    hospital.add_course(hospital.add_person(), "2026-03-01")
    hospital.at("2026-03-03", "10:00").sweep()
    hospital.pause(rule)
    hospital.at("2026-03-03", "10:01").sweep()
    assert [state for _text, state, _due in hospital.sent()] == ["cancelled"]
    assert hospital.planned() == [("planned", None, "03-03 10:00")]
    hospital.at("2026-03-03", "15:00").switch_on(rule)
    hospital.sweep()
    hospital.sweep()
    assert [state for _text, state, _due in hospital.sent()] == ["cancelled", "queued"]


def test_stopped_rule_does_not_send_again_what_somebody_took_out_of_the_outbox(hospital: Hospital) -> None:
    rule = hospital.rule(days=2, late_days=1)
    hospital.add_course(hospital.add_person(), "2026-03-01")
    hospital.at("2026-03-03", "10:00").sweep()
    with hospital.parts.database.writing() as session:
        message = session.scalars(select(Message.id)).one()
        messages.cancel(session, hospital.parts.bus, message_id=message, agent="alice", now=hospital.now)
    hospital.at("2026-03-03", "10:01").pause(rule)
    hospital.sweep()
    hospital.switch_on(rule)
    hospital.sweep()
    assert [state for _text, state, _due in hospital.sent()] == ["cancelled"]


def test_two_rules_for_one_solar_term_write_to_a_person_once(hospital: Hospital) -> None:
    """The Awakening of Insects was on 5 March 2026."""
    for text in ("甲。", "乙。"):
        hospital.rule(anchor="occasion.term_insects_awaken", days=0, template_id=hospital.template(text))
    hospital.add_person()
    hospital.at("2026-03-05", "10:00").sweep()
    hospital.at("2026-03-05", "10:01").sweep()
    assert [text for text, _state, _due in hospital.sent()] == ["【示范医院】甲。"]
    assert sorted(state for state, _reason, _due in hospital.planned()) == ["queued", "skipped"]


def test_season_rule_writes_to_people_with_its_diseases_alone(hospital: Hospital) -> None:
    template = hospital.template("当心。")
    filters = {"diseases": ["asthma"]}
    hospital.rule(anchor="occasion.term_insects_awaken", days=0, template_id=template, filters=filters)
    hospital.add_person()
    asthmatic = hospital.add_person(mobile="+8613800138001")
    with hospital.parts.database.writing() as session:
        session.add(CodeItem(list="disease", code="asthma", name="哮喘", path="/asthma/", position=1))
        session.add(
            Diagnosis(
                patient_id=asthmatic,
                disease="asthma",
                text="哮喘",
                at=hospital.now,
                source_system="HIS",
                source_key="1",
            )
        )
    hospital.at("2026-03-05", "10:00").sweep()
    with hospital.parts.database.reading() as session:
        assert list(session.scalars(select(Message.patient_id))) == [asthmatic]


def test_day_of_the_year_that_the_hospital_chose_is_kept_each_year(hospital: Hospital) -> None:
    template = hospital.template("院庆。")
    hospital.rule(anchor="day_of_the_year", days=0, template_id=template, filters={"month_day": "03-03"})
    hospital.add_person()
    for day in ("2026-03-02", "2026-03-03", "2026-03-04", "2027-03-03"):
        hospital.at(day, "10:00").sweep()
    assert [due for _text, _state, due in hospital.sent()] == ["03-03 10:00", "03-03 10:00"]


@pytest.mark.parametrize("month_day", ["", "02-29", "13-01", "x"])
def test_day_of_the_year_is_one_that_every_year_has(hospital: Hospital, month_day: str) -> None:
    with pytest.raises(InvalidInput, match="day of the year"):
        hospital.rule(anchor="day_of_the_year", filters={"month_day": month_day})


def test_reminder_on_the_day_of_an_operation_never_comes_after_it(hospital: Hospital) -> None:
    hospital.rule(anchor="operation", days=0, at=time(8), late_days=1)
    hospital.add_operation(hospital.add_person(), "2026-03-03T14:00")
    hospital.at("2026-03-03", "14:00").sweep()
    assert hospital.planned() == [("skipped", "too_late", "03-03 08:00")]


@pytest.mark.parametrize("at", [time(6, 59), time(21), time(23, 30)])
def test_rule_cannot_send_at_a_time_at_which_nothing_may_leave(hospital: Hospital, at: time) -> None:
    with pytest.raises(InvalidInput, match="Choose a time"):
        hospital.rule(at=at)


def test_message_that_could_leave_only_when_it_is_of_no_use_stays_away_from_the_outbox(hospital: Hospital) -> None:
    hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    hospital.at("2026-03-05", "21:00").sweep()
    assert hospital.sent() == []
    assert hospital.planned() == [("skipped", "too_late", "03-05 10:00")]


def test_rule_whose_days_changed_after_somebody_looked_has_to_be_looked_at_again(hospital: Hospital) -> None:
    rule = hospital.rule()
    hospital.change_rule(rule, template_id=hospital.template())
    with hospital.parts.database.writing() as session:
        service.note_simulated(session, rule, by="alice", now=hospital.now)
    hospital.change_rule(rule, days=-30)
    with hospital.parts.database.reading() as session:
        assert service.get_rule(session, rule).state == "draft"


def test_message_held_back_by_a_cap_goes_the_next_day_at_the_rules_new_time(hospital: Hospital) -> None:
    rules = [hospital.rule(days=2, late_days=3) for _ in range(3)]
    hospital.add_course(hospital.add_person(), "2026-03-01")
    hospital.at("2026-03-03", "10:00").sweep()
    assert hospital.planned()[2] == ("planned", "day_cap", "03-04 10:00")
    hospital.at("2026-03-03", "10:05").sweep()
    assert hospital.planned()[2] == ("planned", "day_cap", "03-04 10:00")
    hospital.change_rule(rules[2], at=time(15))
    hospital.at("2026-03-03", "18:00").sweep()
    assert hospital.planned()[2] == ("planned", "day_cap", "03-04 15:00")
    hospital.at("2026-03-04", "15:00").sweep()
    assert len(hospital.sent()) == 3


def test_simulation_of_a_rule_that_is_on_leaves_out_what_it_has_sent(hospital: Hospital) -> None:
    rule = hospital.rule(days=2, late_days=3)
    hospital.add_course(hospital.add_person(), "2026-03-01")
    hospital.at("2026-03-03", "10:00").sweep()
    with hospital.parts.database.reading() as session:
        seen = service.simulate(session, service.get_rule(session, rule), hospital.parts)
    assert (seen.messages, seen.left_out) == (0, {})


def test_unknown_kind_of_date_takes_nothing_back(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    hospital.rule()
    hospital.add_course(hospital.add_person(), "2026-03-06")
    hospital.sweep()
    monkeypatch.delitem(service.anchor_kinds(), "course_end")
    hospital.sweep()
    assert hospital.planned() == [("planned", None, "03-05 10:00")]
