"""What a template means for an event: which steps on which days, what is late, what another event takes away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.followup_templates.rules import (
    LateEnrolment,
    Objection,
    Occurrence,
    Programme,
    Step,
    Stop,
    StopOn,
    Subject,
    add_months,
    check_programme,
    check_texts,
    ends_plan,
    has_passed,
    late_days,
    named_diseases,
    next_round,
    object_to,
    plan_steps,
    read_step,
    read_stop,
    stopped_steps,
    write_step,
    write_stop,
)
from app.followup_templates.service.shipping import programme_in, shipped_rows
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.questionnaires.service.shipping import shipped_questionnaires

MARCH = date(2025, 3, 1)


def shipped(code: str) -> Programme:
    return programme_in(next(row for row in shipped_rows() if row["code"] == code))


def step(key: str, days: int, mode: TaskMode = TaskMode.PHONE, **more: object) -> Step:
    role = TaskRole.SYSTEM if mode is TaskMode.SMS else TaskRole.SERVICE_CENTRE
    given = {"kind": TaskKind.RECHECK, "mode": mode, "role": role, "titles": {"en": key}, **more}
    return Step(key=key, days=days, **given)  # type: ignore[arg-type]


def test_leep_on_1_march_gives_its_dressings_and_its_recheck() -> None:
    leep = shipped("leep")
    planned = plan_steps(leep, MARCH, MARCH)
    days = [each.step.day(MARCH).isoformat() for each in planned]
    assert days == ["2025-03-11", "2025-03-18", "2025-03-25", "2025-03-29", "2025-05-30"]
    assert all(each.due_on == each.step.day(MARCH) - timedelta(days=1) for each in planned)
    assert {each.step.kind for each in planned} == {TaskKind.DRESSING, TaskKind.RECHECK}


@pytest.mark.parametrize(
    ("code", "days"),
    [
        ("discharge_7_15_30", ["2025-06-08", "2025-06-16", "2025-07-01"]),
        ("discharge_7_30_90", ["2025-06-08", "2025-07-01", "2025-08-30"]),
    ],
)
def test_a_discharge_on_1_june_gives_the_named_days(code: str, days: list[str]) -> None:
    planned = plan_steps(shipped(code), date(2025, 6, 1), date(2025, 6, 1))
    assert [each.due_on.isoformat() for each in planned] == days


def test_first_step_of_7_30_90_is_the_doctors_and_frees_the_others_one_by_one() -> None:
    planned = plan_steps(shipped("discharge_7_30_90"), MARCH, MARCH)
    roles = [each.step.role for each in planned]
    assert roles == [TaskRole.ATTENDING_DOCTOR, TaskRole.SERVICE_CENTRE, TaskRole.SERVICE_CENTRE]
    assert [each.waits_for for each in planned] == [None, "d7", "d30"]


def test_satisfaction_is_asked_three_days_after_a_course() -> None:
    [planned] = plan_steps(shipped("satisfaction_after_course"), MARCH, MARCH)
    assert (planned.due_on, planned.step.kind) == (date(2025, 3, 4), TaskKind.SATISFACTION)


@pytest.mark.parametrize("code", ["hypertension", "diabetes_type_2"])
def test_chronic_programmes_have_four_visits_a_year_face_to_face(code: str) -> None:
    programme = shipped(code)
    visits = [each for each in programme.steps if each.mode is TaskMode.VISIT and each.days <= 365]
    assert len(visits) >= 4
    assert programme.repeat_months == 12


def test_ready_templates_are_many_for_many_specialties_and_sound() -> None:
    rows = shipped_rows()
    assert len(rows) >= 30 and len({row["specialty"] for row in rows}) >= 8
    assert {"gynaecology", "andrology", "plastic_surgery", "chronic"} <= {row["specialty"] for row in rows}
    anchors = {"visit", "operation", "discharge", "course_end", "exam", "register", "fixed_date"}
    for row in rows:
        programme = programme_in(row)
        assert check_programme(programme, anchors=anchors) == [], row["code"]
        codes = {each.questionnaire for each in programme.steps if each.questionnaire}
        assert check_texts(programme, questionnaires=codes) == [], row["code"]
        assert named_diseases(programme.steps) == [], row["code"]
        for name in ("name_zh_hans", "name_zh_hant", "name_en"):
            assert row[name]
        for each in programme.steps:
            assert set(each.titles) == set(each.texts) == {"zh_Hans", "zh_Hant", "en"}


def test_event_that_became_known_late_follows_the_late_enrolment() -> None:
    steps = (step("a", 1), step("b", 5), step("c", 20), step("r", 6, TaskMode.SMS, lead_days=1, window_days=1))
    programme = Programme(anchor="operation", steps=steps)
    known = MARCH + timedelta(days=15)
    by = {
        late: [
            (each.step.key, (each.due_on - MARCH).days)
            for each in plan_steps(replace(programme, late=late), MARCH, known)
        ]
        for late in LateEnrolment
    }
    assert by[LateEnrolment.SKIP] == [("c", 20)]
    assert by[LateEnrolment.LATEST] == [("b", 15), ("c", 20)]
    assert by[LateEnrolment.ALL] == [("a", 15), ("b", 15), ("c", 20)]  # never a reminder of a day that has gone


def test_step_is_made_while_it_is_in_time() -> None:
    programme = Programme(anchor="operation", steps=(step("a", 10, window_days=3),))
    assert [each.due_on for each in plan_steps(programme, MARCH, MARCH + timedelta(days=13))] == [date(2025, 3, 11)]
    assert plan_steps(programme, MARCH, MARCH + timedelta(days=14)) == []


def test_who_comes_on_day_85_needs_no_reminder_of_day_90_but_the_call_of_day_180() -> None:
    steps = (step("d90", 90, TaskMode.SMS, lead_days=1), step("d180", 180), step("d91", 91, kind=TaskKind.DRESSING))
    stop = Stop(on=StopOn.VISIT, kinds=frozenset({TaskKind.RECHECK}), within_days=7)
    programme = Programme(anchor="operation", steps=steps, stops=(stop,))
    came = Occurrence(on=StopOn.VISIT, day=MARCH + timedelta(days=85))
    assert stopped_steps(programme, MARCH, [came]) == {"d90": StopOn.VISIT}
    too_early = Occurrence(on=StopOn.VISIT, day=MARCH + timedelta(days=82))
    assert stopped_steps(programme, MARCH, [too_early, replace(came, on=StopOn.ADMISSION)]) == {}


def test_what_happened_on_the_events_own_day_stops_nothing() -> None:
    programme = Programme(anchor="operation", steps=(step("a", 5),), stops=(Stop(on=StopOn.VISIT, ends_plan=True),))
    assert stopped_steps(programme, MARCH, [Occurrence(on=StopOn.VISIT, day=MARCH)]) == {}
    assert ends_plan(programme, MARCH, [Occurrence(on=StopOn.VISIT, day=MARCH)]) is None
    later = Occurrence(on=StopOn.VISIT, day=MARCH + timedelta(days=1))
    assert ends_plan(programme, MARCH, [later]) is StopOn.VISIT


def test_next_round_is_the_next_with_a_step_left_until_the_times_are_used_up() -> None:
    programme = Programme(anchor="fixed_date", steps=(step("call", 0),), repeat_months=6, repeat_times=4)
    assert next_round(programme, date(2025, 8, 31), 1, date(2025, 9, 1)) == (2, date(2026, 2, 28))
    assert next_round(programme, date(2025, 1, 1), 1, date(2026, 2, 1)) == (4, date(2026, 7, 1))
    assert next_round(programme, date(2025, 1, 1), 4, date(2026, 2, 1)) is None
    assert next_round(replace(programme, repeat_months=None), MARCH, 1, MARCH) is None


def test_faults_of_a_template_name_their_step_and_field() -> None:
    bad = (step("A b", 5), step("x", 9000), step("x", 1, TaskMode.SMS, role=TaskRole.SERVICE_CENTRE))
    found = check_programme(Programme(anchor="moon", steps=bad), anchors={"visit"})
    assert {(fault.step, fault.field) for fault in found} == {
        (None, "anchor"), (0, "key"), (1, "days"), (2, "key"), (2, "role"),
    }  # fmt: skip
    silent = Programme(anchor="visit", steps=(step("s", 1, TaskMode.SMS), step("q", 2, questionnaire="none")))
    found = check_texts(silent, questionnaires={"some"})
    assert [(fault.step, fault.field) for fault in found] == [(0, "text"), (1, "questionnaire")]


def test_disease_counts_only_where_it_is_sent() -> None:
    spoken = step("a", 1, texts={"zh_Hans": "您的糖尿病怎么样了"})
    sent = step("b", 1, TaskMode.SMS, texts={"zh_Hans": "您的糖尿病复查"})
    assert named_diseases([spoken]) == []
    assert named_diseases([spoken, sent]) == ["糖尿病"]


@pytest.mark.parametrize(
    ("by", "is_clinician", "names_disease", "accepts", "expected"),
    [
        ("dora", True, False, False, None),
        ("bob", False, False, False, Objection.NOT_A_CLINICIAN),
        ("dan", True, False, False, Objection.OWN_TEMPLATE),
        ("alice", True, True, True, Objection.OWN_SUBMISSION),
        ("dora", True, True, False, Objection.DISEASE_NAMED),
        ("dora", True, True, True, None),
    ],
)
def test_only_another_doctor_approves_and_a_named_disease_needs_two(
    by: str, is_clinician: bool, names_disease: bool, accepts: bool, expected: Objection | None
) -> None:
    subject = Subject(author="dan", submitted_by="alice", names_disease=names_disease)
    assert object_to(subject, by=by, is_clinician=is_clinician, accepts_disease_names=accepts) is expected


_steps = st.lists(
    st.builds(
        step,
        st.from_regex(r"[a-z]{1,4}", fullmatch=True),
        st.integers(-20, 400),
        st.sampled_from([TaskMode.SMS, TaskMode.PHONE]),
        kind=st.sampled_from([TaskKind.RECHECK, TaskKind.DRESSING]),
        lead_days=st.integers(0, 10),
        window_days=st.integers(0, 20),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.key,
)
_days = st.integers(-60, 500)


@given(_steps, st.sampled_from(LateEnrolment), _days, st.booleans())
def test_planned_steps_are_the_templates_own_each_once_and_never_before_it_was_known(
    steps: list[Step], late: LateEnrolment, offset: int, is_sequential: bool
) -> None:
    programme = Programme(anchor="operation", steps=tuple(steps), late=late, is_sequential=is_sequential)
    known = MARCH + timedelta(days=offset)
    planned = plan_steps(programme, MARCH, known)
    keys = [each.step.key for each in planned]
    assert len(set(keys)) == len(keys)
    in_time = {each.key for each in steps if not has_passed(each, MARCH, known)}
    assert in_time <= set(keys)
    for each in planned:
        assert each.due_on + timedelta(days=late_days(each.step)) >= known
        assert each.step.key in in_time or each.due_on == known
    if late is LateEnrolment.SKIP:
        assert set(keys) == in_time
    if is_sequential:
        assert [each.waits_for for each in planned] == [None, *keys[:-1]][: len(keys)]


@given(_steps, _days, _days)
def test_event_known_later_has_no_more_steps_than_one_known_earlier(steps: list[Step], one: int, other: int) -> None:
    programme = Programme(anchor="operation", steps=tuple(steps))
    early, late = (MARCH + timedelta(days=days) for days in sorted((one, other)))
    earlier = {each.step.key for each in plan_steps(programme, MARCH, early)}
    assert {each.step.key for each in plan_steps(programme, MARCH, late)} <= earlier


@given(_steps)
def test_step_and_stop_survive_their_json_forms(steps: list[Step]) -> None:
    assert [read_step(write_step(each)) for each in steps] == steps
    for stop in (Stop(on=StopOn.VISIT), Stop(on=StopOn.ADMISSION, kinds=frozenset({TaskKind.FIRST}), within_days=3)):
        assert read_stop(write_stop(stop)) == stop


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 240))
def test_months_are_added_by_the_calendar(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved + timedelta(days=1)).day == 1


def test_ready_templates_ask_only_questionnaires_that_the_product_brings() -> None:
    known = {each["code"] for each in shipped_questionnaires()["questionnaires"]}
    asked = {each.questionnaire for row in shipped_rows() for each in programme_in(row).steps if each.questionnaire}
    assert asked and asked <= known
