"""Plans that people decide on: at discharge, from a proposal, for a segment; and how they end and begin again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from app.configuration import service as configuration
from app.configuration.rules import FOLLOWUP_DECISIONS
from app.contact_policy import service as contact_policy
from app.errors import InvalidInput
from app.followup_plans import service, tasks
from app.followup_plans.models import FollowupPlan
from app.followup_templates.rules import StartMode
from app.followups.rules import TaskKind, TaskRole
from app.parts import Parts
from app.segments import service as segments
from app.segments.rules import Group, Joint, SegmentRule
from app.visits.models import Operation, Visit
from tests.db.followup_hospital import Hospital, call


@pytest.fixture
def hospital(open_parts: Callable[[], Parts]) -> Hospital:
    return Hospital(open_parts)


def test_proposal_waits_and_is_accepted_or_declined_once(hospital: Hospital) -> None:
    hospital.template([call("d10", 10)], starts=StartMode.PROPOSAL)
    hospital.at("2025-03-01")
    one, other = hospital.add_person("甲"), hospital.add_person("乙", "+8613900139000")
    hospital.operate(one, "2025-03-01")
    hospital.operate(other, "2025-03-01")
    hospital.sweep()
    first, second = hospital.plans()
    assert {first.state, second.state} == {"proposed"} and hospital.tasks() == []
    with hospital.parts.database.writing() as session:
        service.accept_proposal(session, hospital.parts, first.id, by="dora")
        service.decline_proposal(session, hospital.bus, second.id, reason="不需要", by="dora", now=hospital.now)
    hospital.sweep()
    assert [plan.state for plan in hospital.plans()] == ["active", "stopped"]
    assert hospital.days() == [("d10", "2025-03-11", "planned")]


def test_plan_is_done_with_its_last_task_and_repeats_once(hospital: Hospital) -> None:
    template = hospital.template(
        [call("call", 0, window_days=14)],
        anchor="fixed_date",
        starts=StartMode.BY_HAND,
        repeat_months=6,
        repeat_times=2,
    )
    person = hospital.add_person()
    hospital.at("2025-03-01")
    with hospital.parts.database.writing() as session:
        service.start_plan(
            session, hospital.parts, person, template, date(2025, 3, 1), notes=service.Notes(focus="血压"), by="bob"
        )
    hospital.sweep()
    hospital.finish(hospital.tasks()[0].id)
    for _ in range(3):
        hospital.sweep()
    first, second = hospital.plans()
    assert (first.state, second.state, second.round, second.focus) == ("done", "active", 2, "血压")
    assert hospital.tasks(second.id)[0].due_on == date(2025, 9, 1)
    hospital.at("2025-09-01").finish(hospital.tasks(second.id)[0].id)
    hospital.sweep()
    assert [plan.state for plan in hospital.plans()] == ["done", "done"]


def test_discharge_waits_for_its_doctor_then_for_the_department(hospital: Hospital) -> None:
    person = hospital.add_person()
    hospital.discharge(person, "2025-02-10")
    hospital.at("2025-03-01", "12:00")
    hospital.discharge(person, "2025-03-01", disease="I10")
    hospital.sweep()
    hospital.sweep()
    [plan] = hospital.plans()  # the discharge from before is not asked about
    assert (plan.state, plan.doctor_account, plan.ward, plan.disease) == ("undecided", "dora", "三病区", "I10")
    hospital.at("2025-03-02", "11:59").sweep()
    assert hospital.plans()[0].escalated_at is None
    hospital.at("2025-03-02", "12:00").sweep()
    assert hospital.plans()[0].escalated_at == hospital.now


def test_doctor_decides_for_7_30_90_with_notes_or_for_none_with_a_reason(hospital: Hospital) -> None:
    steps = [
        call("d7", 7, kind=TaskKind.FIRST, role=TaskRole.ATTENDING_DOCTOR),
        call("d30", 30, kind=TaskKind.ROUTINE),
        call("d90", 90, kind=TaskKind.ROUTINE),
    ]
    template = hospital.template(steps, anchor="discharge", starts=StartMode.BY_HAND, is_sequential=True)
    hospital.at("2025-06-01", "12:00")
    one, other = hospital.add_person("甲"), hospital.add_person("乙", "+8613900139000")
    visit = hospital.discharge(one, "2025-06-01")
    hospital.discharge(other, "2025-06-01")
    hospital.sweep()
    first, second = hospital.plans()
    notes = service.Notes(condition="恢复好", focus="伤口", cautions="勿提重物")
    parts = hospital.parts
    with pytest.raises(InvalidInput), parts.database.writing() as session:
        service.decide_plan(
            session, parts, first.id, template_id=template, notes=service.Notes(), by="dora", now=hospital.now
        )
    with parts.database.writing() as session:
        service.decide_plan(session, parts, first.id, template_id=template, notes=notes, by="dora", now=hospital.now)
        service.decide_none(session, hospital.bus, second.id, reason="外地患者", by="dora", now=hospital.now)
    hospital.sweep()
    first, second = hospital.plans()
    assert (first.state, first.focus, first.decided_by) == ("active", "伤口", "dora")
    assert (second.state, second.reason) == ("stopped", "外地患者")
    d7, d30, d90 = hospital.tasks()
    assert [(task.assignee, task.due_on.isoformat()) for task in (d7, d30, d90)] == [
        ("dora", "2025-06-08"), (None, "2025-07-01"), (None, "2025-08-30"),
    ]  # fmt: skip
    assert (d7.waits_for_id, d30.waits_for_id, d90.waits_for_id) == (None, d7.id, d30.id)
    hospital.at("2025-07-02").sweep()
    d7, d30, _d90 = hospital.tasks()
    assert (d7.state, d7.escalated_at, d7.assignee) == ("due", hospital.now, "dora")
    assert d30.state == "planned"  # it does not pass on silently
    hospital.finish(d7.id)
    hospital.sweep()
    assert hospital.tasks()[1].state == "due"
    hospital.set(Visit, visit, status="withdrawn")
    hospital.sweep()
    assert (hospital.plans()[0].state, hospital.plans()[0].reason) == ("stopped", "withdrawn")


def test_two_who_decide_at_once_decide_once(hospital: Hospital) -> None:
    hospital.at("2025-03-01", "12:00")
    hospital.discharge(hospital.add_person(), "2025-03-01")
    hospital.sweep()
    [plan] = hospital.plans()
    with hospital.parts.database.writing() as session:
        service.decide_none(session, hospital.bus, plan.id, reason="甲", by="dora", now=hospital.now)
    with pytest.raises(Exception, match="decided already"), hospital.parts.database.writing() as session:
        service.decide_none(session, hospital.bus, plan.id, reason="乙", by="dan", now=hospital.now)


def test_decisions_are_asked_only_while_the_hospital_wants_them(hospital: Hospital) -> None:
    def want(is_wanted: bool) -> None:
        with hospital.parts.database.writing() as session:
            configuration.set_value(session, FOLLOWUP_DECISIONS, is_wanted, by="adam", now=hospital.now)

    person = hospital.add_person()
    want(False)
    hospital.at("2025-03-01", "12:00").discharge(person, "2025-03-01")
    hospital.sweep()
    want(True)
    hospital.sweep()
    assert hospital.plans() == []
    hospital.at("2025-03-05", "12:00").sweep()
    hospital.at("2025-03-06", "12:00").discharge(person, "2025-03-06")
    hospital.sweep()
    assert [plan.anchor_on for plan in hospital.plans()] == [date(2025, 3, 6)]


def test_template_for_a_segment_is_worked_off_in_pieces_and_doubles_nobody(hospital: Hospital) -> None:
    template = hospital.template([call("call", 0, window_days=14)], anchor="fixed_date", starts=StartMode.BY_HAND)
    hospital.at("2025-03-01")
    people = [hospital.add_person(str(number), f"+8613800{number:06}") for number in range(7)]
    with hospital.parts.database.writing() as session:
        service.start_plan(
            session, hospital.parts, people[0], template, date(2025, 2, 28), notes=service.Notes(), by="bob"
        )
        contact_policy.record_opt_out(
            session, kind="all", channel="all", way="person", created_by="bob", now=hospital.now, patient_id=people[1]
        )
        data = segments.SegmentData(
            name="s", description="", rule=SegmentRule(root=Group(joint=Joint.ALL, parts=())), is_shared=True
        )
        segment = segments.create_segment(session, data, by="alice", now=hospital.now).id
        seen = service.preview_start(session, hospital.parts, template, segment, date(2025, 3, 1))
        assert (seen.members, seen.left_out, seen.plans) == (7, {"running": 1, "stopped": 1}, 5)
        start_id = service.begin_start(session, hospital.parts, template, segment, date(2025, 3, 1), by="alice").id
    tasks.work_on_starts(hospital.parts)
    tasks.work_on_starts(hospital.parts)
    with hospital.parts.database.reading() as session:
        start = service.get_start(session, start_id)
        assert (start.state, start.started, start.left_out) == ("done", 5, {"running": 1, "stopped": 1})
        owners = session.scalars(select(FollowupPlan.patient_id)).all()
    assert sorted(owners) == sorted({people[0], *people[2:]})


def test_another_attending_doctor_takes_over_the_first_follow_up(hospital: Hospital) -> None:
    hospital.template([call("d7", 7, role=TaskRole.ATTENDING_DOCTOR)])
    person = hospital.add_person()
    operation = hospital.at("2025-03-01").operate(person, "2025-03-01")
    hospital.sweep()
    assert hospital.tasks()[0].assignee == "dora"
    hospital.set(Operation, operation, doctor="丹")
    hospital.sweep()
    assert hospital.tasks()[0].assignee == "dan"
    hospital.set(Operation, operation, doctor="没有账号的医生")
    hospital.sweep()
    assert hospital.tasks()[0].assignee is None
