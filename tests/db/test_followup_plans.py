"""Plans start, move, stop and come back with their event; each event starts each template once, ever."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.contact_policy import service as contact_policy
from app.followup_plans import service, tasks
from app.followup_plans.service import sweeping
from app.followup_templates import service as templates
from app.followup_templates.rules import LateEnrolment, StartMode, Stop, StopOn
from app.followups.rules import TaskKind, TaskMode
from app.followups.service import AdHocData, add_ad_hoc, claim, make_due
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient
from app.patients.service import data_of
from app.registers.models import Register
from app.registers.service import join, leave
from app.visits.models import Course, Operation, Visit
from tests.db.followup_hospital import Hospital, call, text


@pytest.fixture
def hospital(open_parts: Callable[[], Parts]) -> Hospital:
    return Hospital(open_parts)


def test_operation_starts_its_template_once_however_often_it_is_told(hospital: Hospital) -> None:
    hospital.template([call("d10", 10), text("d90", 90)], filters={"word": "LEEP"}, name="LEEP")
    person = hospital.add_person()
    hospital.at("2025-03-01")
    operation = hospital.operate(person, "2025-03-01")
    hospital.operate(person, "2025-03-01", name="拔牙")
    for _ in range(3):
        hospital.sweep()
        hospital.set(Operation, operation, doctor="陈立")
    [plan] = hospital.plans()
    assert (plan.state, plan.anchor_on, plan.doctor_account) == ("active", date(2025, 3, 1), "dora")
    assert hospital.days() == [("d10", "2025-03-11", "planned"), ("d90", "2025-05-29", "planned")]
    [task, _other] = hospital.tasks()
    assert task.why == "2025-03-01 手术 LEEP刀手术，模板“LEEP”，第 10 天"
    assert task.title == "回访"


def test_shipped_leep_template_is_a_draft_until_a_doctor_approves_it(hospital: Hospital) -> None:
    with hospital.parts.database.writing() as session:
        assert templates.install_shipped(session, hospital.now) >= 30
        assert templates.install_shipped(session, hospital.now) == 0
        page = templates.list_templates(session, templates.TemplateFilters(text="leep"), limit=5)
        [leep] = page.items
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    assert hospital.sweep() == 0
    hospital.approve(leep.id)
    hospital.sweep()
    assert [task.due_on.isoformat() for task in hospital.tasks()] == [
        "2025-03-10", "2025-03-17", "2025-03-24", "2025-03-28", "2025-05-29",
    ]  # fmt: skip


def test_event_from_before_the_template_was_in_use_starts_nothing_unless_the_approval_says_so(
    hospital: Hospital,
) -> None:
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.at("2025-03-03")
    template = hospital.template([call("d10", 10)])
    hospital.sweep()
    assert hospital.plans() == []
    with hospital.parts.database.writing() as session:
        templates.retire(session, hospital.bus, template, by="dora", now=hospital.now)
        version = templates.restore_version(session, template, 1, by="alice", now=hospital.now)
        assert version.number == 2
    hospital.approve(template, since=date(2025, 2, 25))
    hospital.sweep()
    assert hospital.days() == [("d10", "2025-03-11", "planned")]


def test_next_version_takes_over_and_plans_that_run_keep_theirs(hospital: Hospital) -> None:
    template = hospital.template([call("d10", 10)])
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        row = templates.get_template(session, template)
        programme = templates.programme_of(row.versions[0])
        data = templates.TemplateData(
            name="术后",
            specialty="surgery",
            programme=type(programme)(anchor="operation", steps=(call("d5", 5),), starts=StartMode.AUTOMATIC),
        )
        templates.change_template(
            session,
            template,
            data,
            anchors=["operation"],
            row_version=row.versions[0].row_version,
            by="alice",
            now=hospital.now,
        )
    hospital.approve(template)
    hospital.operate(person, "2025-03-02")
    hospital.move_operation(operation, "2025-03-03")
    hospital.sweep()
    assert hospital.days() == [("d5", "2025-03-07", "planned"), ("d10", "2025-03-13", "planned")]


def test_event_that_moves_takes_along_what_nobody_has_begun(hospital: Hospital) -> None:
    hospital.template([call("d2", 2), call("d10", 10), text("d20", 20)])
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-04").finish(hospital.tasks()[0].id)
    hospital.move_operation(operation, "2025-03-04")
    hospital.sweep()
    hospital.sweep()
    assert hospital.days() == [
        ("d2", "2025-03-03", "done"),
        ("d10", "2025-03-14", "planned"),
        ("d20", "2025-03-23", "planned"),
    ]
    assert "2025-03-04" in hospital.tasks()[1].why


def test_day_that_passes_by_a_move_goes_and_comes_back_with_it(hospital: Hospital) -> None:
    hospital.template([call("d10", 10, window_days=1), call("d40", 40)])
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-20")
    hospital.sweep()
    hospital.move_operation(operation, "2025-02-15")
    hospital.sweep()
    # What is in use since the twentieth of February does not start for an earlier day, but goes on for it.
    assert hospital.days() == [("d40", "2025-03-27", "planned"), ("d10", "2025-03-30", "cancelled")]
    hospital.move_operation(operation, "2025-03-05")
    hospital.sweep()
    assert hospital.days() == [("d10", "2025-03-15", "planned"), ("d40", "2025-04-14", "planned")]


def test_withdrawn_event_stops_its_plan_and_one_that_comes_back_restarts_it(hospital: Hospital) -> None:
    hospital.template([call("d5", 5), call("d30", 30)], anchor="visit")
    person = hospital.add_person()
    visit = hospital.at("2025-03-01").visit(person, "2025-03-01")
    hospital.sweep()
    hospital.set(Visit, visit, status="withdrawn")
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.state, plan.reason) == ("stopped", "withdrawn")
    assert {state for _step, _day, state in hospital.days()} == {"cancelled"}
    hospital.at("2025-03-20").set(Visit, visit, status="open")
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.state, plan.reason, plan.ended_at) == ("active", None, None)
    assert hospital.days() == [("d5", "2025-03-06", "cancelled"), ("d30", "2025-03-31", "planned")]


def test_plan_that_somebody_stopped_stays_stopped(hospital: Hospital) -> None:
    hospital.template([call("d5", 5)], anchor="visit")
    person = hospital.add_person()
    visit = hospital.at("2025-03-01").visit(person, "2025-03-01")
    hospital.sweep()
    [plan] = hospital.plans()
    with hospital.parts.database.writing() as session:
        service.stop_plan(session, hospital.bus, plan.id, reason="患者不愿意", by="bob", now=hospital.now)
    hospital.set(Visit, visit, status="withdrawn")
    hospital.sweep()
    hospital.set(Visit, visit, status="open")
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.state, plan.reason, plan.ended_by) == ("stopped", "患者不愿意", "bob")
    with hospital.parts.database.writing() as session:
        service.restart_plan(session, hospital.parts, plan.id, by="bob")
    assert hospital.days() == [("d5", "2025-03-06", "planned")]


def test_visit_on_day_85_cancels_the_reminder_of_day_90_and_a_mistaken_visit_gives_it_back(
    hospital: Hospital,
) -> None:
    stop = Stop(on=StopOn.VISIT, kinds=frozenset({TaskKind.RECHECK}), within_days=7)
    hospital.template([text("d90", 90), call("d180", 180)], stops=[stop])
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-05-25", "12:00")
    came = hospital.visit(person, "2025-05-25")
    hospital.sweep()
    first = hospital.tasks()[0]
    assert (first.step, first.state, first.reason) == ("d90", "cancelled", "stop_visit")
    assert hospital.tasks()[1].state == "planned"
    hospital.set(Visit, came, status="withdrawn")
    hospital.sweep()
    assert hospital.tasks()[0].state == "planned"
    assert hospital.texts() == []


def test_admission_may_end_a_whole_plan(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)], stops=[Stop(on=StopOn.ADMISSION, ends_plan=True)])
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-05", "12:00").visit(person, "2025-03-05", kind="inpatient")
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.state, plan.reason) == ("stopped", "stop_admission")
    hospital.sweep()
    assert hospital.days() == [("d10", "2025-03-11", "cancelled")]


def test_dead_merged_and_opted_out_people_get_no_plan(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)])
    hospital.at("2025-03-01")
    dead, loser, winner, silent = (hospital.add_person(str(number), f"+861380013800{number}") for number in range(4))
    hospital.set(Patient, dead, deceased_at=hospital.now)
    with hospital.parts.database.writing() as session:
        contact_policy.record_opt_out(
            session, kind="all", channel="all", way="person", created_by="bob", now=hospital.now, patient_id=silent
        )
    for person in (dead, loser, winner, silent):
        hospital.operate(person, "2025-03-01")
    hospital.merge(loser, into=winner)
    hospital.sweep()
    assert [plan.patient_id for plan in hospital.plans()] == [winner, winner]


def test_plan_goes_along_in_a_merge_and_is_not_begun_again(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)])
    loser, winner = hospital.add_person("甲"), hospital.add_person("乙", "+8613900139000")
    hospital.at("2025-03-01").operate(loser, "2025-03-01")
    hospital.sweep()
    hospital.merge(loser, into=winner)
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.patient_id, plan.state) == (winner, "active")


def test_death_stops_everything_at_once_and_a_mistaken_one_is_taken_back(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)])
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.discharge(person, "2025-03-01")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        wanted = AdHocData(patient_id=person, due_at=hospital.now, mode=TaskMode.PHONE, title="问候")
        add_ad_hoc(session, hospital.bus, hospital.parts.settings, wanted, by="bob", now=hospital.now)
    _record_death(hospital, person, died=True)
    assert {plan.state for plan in hospital.plans()} == {"stopped"}
    assert {(task.state, task.reason) for task in hospital.tasks()} == {("cancelled", "deceased")}
    assert hospital.sweep() == 0
    _record_death(hospital, person, died=False)
    hospital.sweep()
    states = {plan.occasion.split(":")[0]: plan.state for plan in hospital.plans()}
    assert states["operation"] == "active"
    assert ("d10", "2025-03-11", "planned") in hospital.days()


def test_death_that_nobody_told_is_found_by_the_daily_pass(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)])
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    with hospital.parts.database.writing() as session:
        session.get_one(Patient, person).deceased_at = hospital.now
    hospital.at("2025-03-02").sweep()
    assert [plan.state for plan in hospital.plans()] == ["stopped"]


def test_one_visit_after_another_starts_one_programme_at_a_time(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)], anchor="visit", filters={"one_at_a_time": True})
    person = hospital.add_person()
    hospital.at("2025-03-01").visit(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-05").visit(person, "2025-03-05")
    hospital.sweep()
    hospital.at("2025-03-11").finish(hospital.tasks()[0].id)
    hospital.sweep()
    assert [plan.state for plan in hospital.plans()] == ["done"]
    hospital.at("2025-04-01").visit(person, "2025-04-01")
    hospital.sweep()
    assert [plan.state for plan in hospital.plans()] == ["done", "active"]


def test_joining_a_register_starts_its_template_and_leaving_ends_it(hospital: Hospital) -> None:
    with hospital.parts.database.writing() as session:
        register = Register(name="高血压", created_at=hospital.now, created_by="alice", updated_at=hospital.now)
        session.add(register)
        session.flush()
        register_id = register.id
    hospital.template([call("m1", 30)], anchor="register", filters={"register_id": register_id})
    person = hospital.add_person()
    hospital.at("2025-03-01")
    with hospital.parts.database.writing() as session:
        register = session.get_one(Register, register_id)
        join(session, hospital.bus, register, [person], reason="x", by="alice", now=hospital.now)
    hospital.sweep()
    [plan] = hospital.plans()
    assert plan.occasion.startswith(f"register:{register_id}:") and plan.state == "active"
    member_id = int(plan.occasion.split(":")[2])
    with hospital.parts.database.writing() as session:
        leave(session, hospital.bus, register_id, member_id, reason="搬走", by="alice", now=hospital.now)
    hospital.sweep()
    [plan] = hospital.plans()
    assert (plan.state, plan.reason) == ("stopped", "register_left")


def test_course_that_is_extended_ended_or_reopened_moves_its_satisfaction_call(hospital: Hospital) -> None:
    hospital.template([call("d3", 3, kind=TaskKind.SATISFACTION)], anchor="course_end")
    person = hospital.add_person()
    hospital.at("2025-03-01")
    course = hospital.course(person, "2025-03-10")
    hospital.sweep()
    assert hospital.days() == [("d3", "2025-03-13", "planned")]
    hospital.set(Course, course, planned_end_on=date(2025, 3, 20))
    hospital.sweep()
    assert hospital.days() == [("d3", "2025-03-23", "planned")]
    hospital.at("2025-03-15").set(Course, course, ended_on=date(2025, 3, 15))
    hospital.sweep()
    assert hospital.days() == [("d3", "2025-03-18", "planned")]
    hospital.set(Course, course, ended_on=None, planned_end_on=None)
    hospital.sweep()
    assert hospital.plans()[0].state == "stopped"


def test_task_that_somebody_has_in_hand_stays_when_its_event_moves(hospital: Hospital) -> None:
    hospital.template([call("d1", 1), call("d9", 9)])
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    hospital.at("2025-03-02")
    with hospital.parts.database.writing() as session:
        make_due(session, hospital.bus, hospital.now)
        assert claim(session, hospital.bus, hospital.tasks()[0].id, by="bob", now=hospital.now)
    hospital.move_operation(operation, "2025-03-05")
    tasks.start(hospital.parts)
    assert hospital.days() == [("d1", "2025-03-02", "in_progress"), ("d9", "2025-03-14", "planned")]


def test_journal_that_was_behind_before_the_first_turn_starts_nothing(open_parts: Callable[[], Parts]) -> None:
    hospital = Hospital(open_parts)
    hospital.template([call("d10", 10)], late=LateEnrolment.ALL)
    person = hospital.add_person()
    hospital.at("2025-03-01").operate(person, "2025-03-01")
    restarted = hospital.restarted()
    tasks.start(restarted)
    assert len(hospital.plans()) == 1
    with restarted.database.reading() as session:
        kinds = session.scalars(select(JournalEntry.kind)).all()
    assert kinds.count("followup_plans.started") == 1
    assert tasks.start(restarted) == 0


def _record_death(hospital: Hospital, person: int, *, died: bool) -> None:
    with hospital.parts.database.writing() as session:
        row = session.get_one(Patient, person)
        data = replace(data_of(row), deceased_at=hospital.now - timedelta(hours=1) if died else None)
        patients.update_patient(
            session,
            hospital.bus,
            person,
            data,
            row_version=None,
            settings=hospital.parts.settings,
            by="bob",
            now=hospital.now,
        )


def test_many_arrivals_are_worked_off_over_several_turns(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_MOST_PEOPLE", 2)
    hospital.template([call("d10", 10)])
    hospital.sweep()
    hospital.at("2025-03-01")
    for number in range(5):
        hospital.operate(hospital.add_person(str(number), f"+861380013800{number}"), "2025-03-01")
    turns = 0
    while len(hospital.plans()) < 5:
        tasks.start(hospital.parts)
        turns += 1
    assert turns == 3
    assert [tasks.start(hospital.parts) for _ in range(2)][-1] == 0


def test_two_schedulers_at_once_start_each_plan_once(hospital: Hospital) -> None:
    hospital.template([call("d10", 10), call("d20", 20)])
    hospital.at("2025-03-01")
    for number in range(30):
        hospital.operate(hospital.add_person(str(number), f"+86138001380{number:02}"), "2025-03-01")
    others = [hospital.restarted() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(tasks.start, others))
    assert len(hospital.plans()) == 30
    assert len(hospital.tasks()) == 60
