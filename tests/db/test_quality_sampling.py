"""Sampling plans and the work list of graders on both databases: what is drawn, once, and who takes it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access import service as access
from app.access.models import RoleGrant
from app.accounts.models import User
from app.calls.models import Call
from app.errors import Conflict, NotAllowed
from app.organisation import service as organisation
from app.organisation.rules import DepartmentKind
from app.parts import Parts
from app.patients.models import Patient
from app.quality import service, tasks
from app.quality.models import (
    GradingTask,
    SampleDraw,
    SamplingPlan,
)
from app.quality.rules import Conditions, PeriodKind, Who
from app.quality.service import PlanData
from app.questionnaires.models import Questionnaire, QuestionnaireResponse, QuestionnaireVersion
from tests.db.graded_calls import (
    ADAM,
    ALICE,
    LAST_WEEK,
    NOW,
    PEAKS,
    QUINN,
    add_call,
    begin,
    do,
    graded,
    open_floor,
    submit,
)


@pytest.fixture
def floor(parts: Parts) -> Parts:
    return open_floor(parts)


def plan(parts: Parts, **changes: Any) -> int:
    data = PlanData(
        name="Weekly", scorecard_id=changes.pop("card_id", None), period=PeriodKind.WEEK,
        per_agent=changes.pop("per_agent", 2), grade_days=5, conditions=Conditions(**changes),
    )  # fmt: skip
    with parts.database.writing() as session:
        return service.create_plan(session, data, by="alice", now=LAST_WEEK, zone=parts.settings.timezone).id


def drawn(parts: Parts, plan_id: int) -> list[str]:
    with parts.database.reading() as session:
        query = select(GradingTask.recording_id).where(GradingTask.plan_id == plan_id)
        return list(session.scalars(query.order_by(GradingTask.recording_id)))


def test_a_draw_takes_so_many_of_each_agent_once_and_can_be_shown(floor: Parts) -> None:
    for number in range(6):
        add_call(floor, f"b{number}", LAST_WEEK + timedelta(minutes=number))
        add_call(floor, f"c{number}", LAST_WEEK + timedelta(minutes=number), agent="carol")
    add_call(floor, "now", NOW - timedelta(days=1))
    add_call(floor, "old", NOW - timedelta(days=14))
    add_call(floor, "bad", LAST_WEEK, state="missing")
    id = plan(floor)
    assert tasks.due_plans(floor) == [id]
    threads = [threading.Thread(target=tasks.draw_plan, args=(floor, id)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = drawn(floor, id)
    assert [each[0] for each in found] == ["b", "b", "c", "c"]
    assert tasks.due_plans(floor) == []
    with floor.database.reading() as session:
        [draw_id] = session.scalars(select(SampleDraw.id)).all()
        again = service.drawn_again(session, draw_id)
        assert again.is_same
        assert (again.draw.considered, again.draw.drawn, again.draw.first_day) == (12, 4, date(2026, 11, 16))
        assert again.draw.left_out == {}
        assert [(line.agent, line.candidates) for line in again.lines] == [("bob", 6), ("carol", 6)]
        assert sorted(one for line in again.lines for one in line.recording_ids) == found
    with floor.database.writing() as session:
        session.delete(session.scalars(select(GradingTask)).first())
    with floor.database.reading() as session:
        assert not service.drawn_again(session, draw_id).is_same


def test_a_draw_shows_the_agents_of_the_viewers_scope_only(floor: Parts) -> None:
    add_call(floor, "b1")
    add_call(floor, "c1", agent="carol")
    id = plan(floor)
    tasks.draw_plan(floor, id)
    with floor.database.writing() as session:
        session.add(RoleGrant(role="qa", module="calls", reach="own"))
        session.get_one(Call, "b1").agent = "quinn"
    with floor.database.reading() as session:
        viewer = access.viewer_for(session, "quinn", NOW)
        access.bind(session, viewer, now=NOW, zone=floor.settings.timezone)
        again = service.drawn_again(session, 1)
        assert again.is_same
        assert [(line.agent, line.candidates, line.recording_ids) for line in again.lines] == [("bob", 1, ("b1",))]


@pytest.mark.parametrize("is_named", [True, False])
def test_what_was_graded_by_the_same_scorecard_is_left_out_and_told(floor: Parts, is_named: bool) -> None:
    with floor.database.reading() as session:
        cards = {card.code: card.id for card in service.list_cards(session)}
    for number in range(5):
        add_call(floor, f"b{number}")
    graded(floor, "b0")
    submit(floor, begin(floor, "b1", card_id=cards["followup_call"]))
    begin(floor, "b2")
    do(floor, service.discard, begin(floor, "b3").id, QUINN)
    id = plan(floor, per_agent=50, card_id=cards["hotline_call"] if is_named else None)
    tasks.draw_plan(floor, id)
    assert drawn(floor, id) == ["b1", "b2", "b3", "b4"]
    with floor.database.reading() as session:
        [made] = service.draws_of(session, id)
        assert (made.considered, made.drawn, made.left_out) == (4, 4, {"graded": 1})


def test_a_plan_never_draws_a_call_twice_and_makes_up_for_no_week_that_it_missed(floor: Parts) -> None:
    for number in range(5):
        add_call(floor, f"b{number}", LAST_WEEK)
    id = plan(floor, per_agent=3)
    tasks.draw_plan(floor, id)
    first = drawn(floor, id)
    # The same week once more, as if its row had been lost: what was drawn is not among the candidates.
    with floor.database.writing() as session:
        session.query(SampleDraw).update({"first_day": date(2020, 1, 6)})
        session.get_one(SamplingPlan, id).next_draw_at = NOW
    tasks.draw_plan(floor, id)
    assert len(drawn(floor, id)) == len(set(drawn(floor, id))) == 5
    assert set(first) <= set(drawn(floor, id))
    with floor.database.reading() as session:
        assert [each.left_out for each in service.draws_of(session, id)] == [{"drawn_before": 3}, {}]
    later = replace(floor, now=lambda: NOW + timedelta(days=30))
    tasks.draw_plan(later, id)
    with floor.database.reading() as session:
        days = set(session.scalars(select(SampleDraw.first_day)))
    assert days == {date(2020, 1, 6), date(2026, 11, 16), date(2026, 12, 14)}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["long", "out", "short", "silent", "sold"]),
        ({"direction": "outbound"}, ["out"]),
        ({"queues": ("sales",)}, ["sold"]),
        ({"dispositions": ("complaint",)}, ["silent"]),
        ({"shortest": 61}, ["long"]),
        ({"longest": 20}, ["short"]),
        ({"silence": 5}, ["silent"]),
        ({"silence": 6}, []),
        ({"low_satisfaction": True}, ["long"]),
        ({"agents": ("carol",)}, ["sold"]),
        ({"department_id": 1}, ["sold"]),
    ],
)
def test_a_plan_draws_from_the_calls_that_fit(floor: Parts, conditions: dict[str, Any], expected: list[str]) -> None:
    with floor.database.writing() as session:
        made = organisation.create_department(
            session, code="x", name="X", kind=DepartmentKind.OFFICE, now=NOW
        )  # fmt: skip
        session.scalars(select(User).where(User.username == "carol")).one().department_id = made.id
        patient, other = (Patient(name=name, created_at=NOW, updated_at=NOW) for name in ("P", "Q"))
        asked = Questionnaire(code="q", name="Q", purpose="satisfaction", created_at=NOW)
        asked.versions = [QuestionnaireVersion(number=1, state="approved", questions=[], changed_at=NOW)]
        session.add_all([patient, other, asked])
        session.flush()
        for whose, score, days in ((patient, 3, 2), (other, 9, 2), (other, 1, 40)):
            session.add(
                QuestionnaireResponse(
                    version_id=asked.versions[0].id,
                    patient_id=whose.id,
                    way="phone",
                    score=score,
                    highest_score=10,
                    started_at=LAST_WEEK,
                    completed_at=LAST_WEEK + timedelta(days=days),
                )
            )
        ids, department_id = (patient.id, other.id), made.id
    add_call(floor, "long", seconds=600.0, patient_id=ids[0])
    add_call(floor, "short", seconds=10.0, patient_id=ids[1])
    add_call(floor, "out", direction="outbound", queue=None)
    add_call(floor, "sold", queue="sales", agent="carol")
    add_call(floor, "silent", peaks=PEAKS, disposition="complaint")
    if "department_id" in conditions:
        conditions = {"department_id": department_id}
    id = plan(floor, per_agent=50, **conditions)
    tasks.draw_plan(floor, id)
    assert drawn(floor, id) == expected


def test_of_two_graders_who_take_a_call_one_has_it(floor: Parts) -> None:
    add_call(floor, "r1")
    tasks.draw_plan(floor, plan(floor))
    got: list[str] = []

    def take(who: Who) -> None:
        try:
            with floor.database.writing() as session:
                service.claim(session, 1, who, now=NOW)
            got.append(who.username)
        except Conflict:
            pass

    threads = [threading.Thread(target=take, args=(who,)) for who in (QUINN, ALICE, ADAM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    with floor.database.reading() as session:
        task = session.get_one(GradingTask, 1)
        assert (task.state, task.claimed_by) == ("claimed", got[0])


def test_a_drawn_call_is_done_with_its_evaluation_and_free_again_without(floor: Parts) -> None:
    add_call(floor, "r1")
    add_call(floor, "mine", agent="alice")
    tasks.draw_plan(floor, plan(floor))
    with floor.database.writing() as session:
        rows = service.list_tasks(session, ALICE, state=None, today=NOW.date())
        assert [row.task.recording_id for row in rows] == ["r1"]
        own = session.scalars(select(GradingTask.id).where(GradingTask.agent == "alice")).one()
        with pytest.raises(NotAllowed):
            service.claim(session, own, ALICE, now=NOW)
        id = rows[0].task.id
    for is_finished in (False, True):
        with floor.database.writing() as session:
            evaluation = service.claim(session, id, QUINN, now=NOW)
        if is_finished:
            submit(floor, evaluation)
        else:
            do(floor, service.discard, evaluation.id, QUINN)
        with floor.database.reading() as session:
            assert session.get_one(GradingTask, id).state == ("done" if is_finished else "open")


def test_whoever_leaves_gives_claimed_calls_back(floor: Parts) -> None:
    add_call(floor, "r1")
    tasks.draw_plan(floor, plan(floor))
    with floor.database.writing() as session:
        service.claim(session, 1, QUINN, now=NOW)
    with floor.database.writing() as session:
        moved = organisation.hand_over(session, "quinn", organisation.Receiver(username="alice"), NOW)
        assert moved["grading"] == 1
    with floor.database.writing() as session:
        assert service.claim(session, 1, ALICE, now=NOW).grader == "alice"
