"""Grading on both databases: who wins a race, what a draw takes, what an appeal changes, and what figures count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.access import service as access
from app.accounts.models import User
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls.models import Call
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.followups.models import FollowupAttempt, FollowupTask
from app.organisation import service as organisation
from app.organisation.rules import DepartmentKind
from app.parts import Parts
from app.patients.models import Patient
from app.quality import service, tasks
from app.quality.models import (
    Evaluation,
    EvaluationAnswer,
    EvaluationVersion,
    GradingTask,
    SampleDraw,
    SamplingPlan,
    Scorecard,
    ScorecardVersion,
)
from app.quality.rules import Answer, Conditions, EvaluationState, PeriodKind, QualityFigure, Sheet, Who, read_applies
from app.quality.service import EvaluationFilters, GroupBy, PlanData, SessionData
from app.questionnaires.models import Questionnaire, QuestionnaireResponse, QuestionnaireVersion
from app.recordings.models import Recording
from recordings.pickup import process_recording

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # a Wednesday at noon in Shanghai
LAST_WEEK = NOW - timedelta(days=7)
QUINN, ALICE, ADAM = (Who(username=name, grades=True) for name in ("quinn", "alice", "adam"))
BOB, CAROL = (Who(username=name, grades=False) for name in ("bob", "carol"))
PEAKS = {"per_second": 1, "patient": [0.4, 0, 0, 0, 0, 0, 0.4], "agent": [0, 0, 0, 0, 0, 0, 0.3]}


@pytest.fixture
def floor(parts: Parts) -> Parts:
    """The people, the shipped scorecards in use, and a clock that stands still."""
    roles = {"alice": Role.SUPERVISOR, "bob": Role.AGENT, "carol": Role.AGENT, "quinn": Role.QA, "adam": Role.ADMIN}
    still = replace(parts, now=lambda: NOW)
    with still.database.writing() as session:
        for username, role in roles.items():
            create_user(
                session, username=username, display_name=username.title(), role=role, now=NOW,
                password="a shift of eight hours",
            )  # fmt: skip
        service.install_shipped(session, NOW)
        service.approve_for_demo(session, still.bus, NOW)
    return still


def add_call(parts: Parts, id: str, at: datetime = LAST_WEEK, *, agent: str | None = "bob", **changes: Any) -> str:
    """A recorded call; the recording has its id."""
    recorded = {"seconds": changes.pop("seconds", 60.0), "peaks": changes.pop("peaks", None)}
    state = changes.pop("state", "ready")
    given: dict[str, Any] = {
        "direction": "inbound", "number": "+8613800138000", "number_signalled": "1", "dialled": "4000",
        "queue": "hotline", "started_at": at, "answered_at": at, "ended_at": at, "outcome": "answered",
    }  # fmt: skip
    with parts.database.writing() as session:
        session.add(Call(id=id, linkedid=id, state="answered", agent=agent, **given | changes))
        session.flush()
        session.add(Recording(id=id, call_id=id, state=state, source_name=id, path="x", started_at=at, **recorded))
    return id


def best(parts: Parts, evaluation: Evaluation, **changes: Answer) -> Sheet:
    """The best answer to every item, but those that are named."""
    with parts.database.reading() as session:
        card = service.card_of(service.get_version(session, evaluation.card_version_id))
    return Sheet(answers={item.key: Answer(value=item.high) for item in card.items} | changes)


def begin(parts: Parts, recording: str, who: Who = QUINN, **changes: Any) -> Evaluation:
    with parts.database.writing() as session:
        return service.start(session, recording, who, now=NOW, **changes)


def submit(parts: Parts, evaluation: Evaluation, who: Who = QUINN, reason: str = "", **changes: Answer) -> None:
    sheet = best(parts, evaluation, **changes)
    with parts.database.writing() as session:
        seen = session.get_one(Evaluation, evaluation.id).draft_seen
        service.save_draft(session, evaluation.id, sheet, who, seen=seen, now=NOW)
        service.finish(session, parts.bus, evaluation.id, who, now=NOW, reason=reason)


def graded(parts: Parts, recording: str, who: Who = QUINN, **changes: Answer) -> int:
    evaluation = begin(parts, recording, who)
    submit(parts, evaluation, who, **changes)
    return evaluation.id


def do(parts: Parts, act: Callable[..., Any], *given: Any, **more: Any) -> Any:
    with parts.database.writing() as session:
        return act(session, parts.bus, *given, now=NOW, **more)


def plan(parts: Parts, **changes: Any) -> int:
    data = PlanData(
        name="Weekly", scorecard_id=None, period=PeriodKind.WEEK, per_agent=changes.pop("per_agent", 2), grade_days=5,
        conditions=Conditions(**changes),
    )  # fmt: skip
    with parts.database.writing() as session:
        return service.create_plan(session, data, by="alice", now=LAST_WEEK, zone=parts.settings.timezone).id


def drawn(parts: Parts, plan_id: int) -> list[str]:
    with parts.database.reading() as session:
        query = select(GradingTask.recording_id).where(GradingTask.plan_id == plan_id)
        return list(session.scalars(query.order_by(GradingTask.recording_id)))


def test_scorecards_of_the_product_come_once_and_are_approved_by_somebody_else(floor: Parts) -> None:
    with floor.database.writing() as session:
        assert service.install_shipped(session, NOW) == 0
        assert set(session.scalars(select(ScorecardVersion.state))) == {"approved"}
        assert {card.code for card in service.list_cards(session)} == {"followup_call", "hotline_call"}


def test_the_card_of_a_call_is_the_one_that_is_meant_most_closely(floor: Parts) -> None:
    add_call(floor, "in")
    add_call(floor, "out", direction="outbound", queue=None)
    with floor.database.writing() as session:
        patient = Patient(name="P", created_at=NOW, updated_at=NOW)
        session.add(patient)
        session.flush()
        task = FollowupTask(
            patient_id=patient.id, kind="recovery", mode="phone", title="t", role="service_centre", state="done",
            due_on=NOW.date(), due_at=NOW, late_at=NOW, work_at=NOW, created_at=NOW, changed_at=NOW,
        )  # fmt: skip
        session.add(task)
        session.flush()
        attempt = FollowupAttempt(
            id="a", task_id=task.id, patient_id=patient.id, dialling="preview", number="+86", started_at=NOW,
            call_id="out",
        )  # fmt: skip
        session.add(attempt)
        own = session.scalars(select(Scorecard).where(Scorecard.code == "followup_call")).one()
        copy = Scorecard(code="own", name="Own", applies={"followup_kinds": ["recovery"]}, created_at=NOW)
        copy.versions = [
            ScorecardVersion(number=1, state="approved", changed_at=NOW, sections=own.versions[0].sections)
        ]
        copy.applies = {"direction": "outbound", "followup_kinds": ["recovery"]}
        session.add(copy)
        session.flush()
        codes = {
            id: [card.code for card, _version in service.cards_for(session, session.get_one(Call, id))]
            for id in ("in", "out")
        }
        assert codes == {"in": ["hotline_call"], "out": ["own", "followup_call"]}


def test_an_evaluation_keeps_the_version_it_was_made_with(floor: Parts) -> None:
    first = begin(floor, add_call(floor, "r1"))
    with floor.database.writing() as session:
        card = session.scalars(select(Scorecard).where(Scorecard.code == "hotline_call")).one()
        said = service.card_of(card.versions[0])
        assert card.versions[0].used_at == NOW
        data = service.CardData(name="New", applies=read_applies(card.applies), card=said)
        version = service.change_card(
            session, card.id, replace(data, card=replace(said, fatal_cap=7)), by="quinn", now=NOW,
            row_version=card.versions[0].row_version,
        )  # fmt: skip
        assert version.number == 2
        service.submit_card(session, card.id, by="quinn", now=NOW)
        with pytest.raises(NotAllowed):
            service.approve_card(session, floor.bus, card.id, by="quinn", is_supervisor=True, now=NOW)
        with pytest.raises(NotAllowed):
            service.approve_card(session, floor.bus, card.id, by="adam", is_supervisor=False, now=NOW)
        service.approve_card(session, floor.bus, card.id, by="alice", is_supervisor=True, now=NOW)
    second = begin(floor, add_call(floor, "r2"))
    assert first.card_version_id != second.card_version_id
    submit(floor, first, verifies=Answer(value=0))
    submit(floor, second, verifies=Answer(value=0))
    with floor.database.reading() as session:
        assert list(session.scalars(select(Evaluation.total).order_by(Evaluation.id))) == [40, 7]


def test_a_draft_is_one_however_often_it_is_begun(floor: Parts) -> None:
    add_call(floor, "r1")
    found: list[int] = []

    def press() -> None:
        try:
            found.append(begin(floor, "r1").id)
        except Conflict:
            found.append(0)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found) - {0}) == 1
    with floor.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Evaluation)) == 1


def test_whose_call_it_was_and_what_cannot_be_heard_is_not_graded(floor: Parts) -> None:
    add_call(floor, "own", agent="alice")
    add_call(floor, "nobody", agent=None)
    add_call(floor, "waiting", state="waiting")
    add_call(floor, "r1")
    with pytest.raises(NotAllowed):
        begin(floor, "own", ALICE)
    with pytest.raises(NotAllowed):
        begin(floor, "r1", BOB)
    for recording in ("nobody", "waiting"):
        with pytest.raises(InvalidInput):
            begin(floor, recording)
    with pytest.raises(NotFound):
        begin(floor, "missing")


def test_a_correction_and_a_decision_are_versions_and_the_first_one_stays(floor: Parts) -> None:
    id = graded(floor, add_call(floor, "r1"), greeting=Answer(value=0))
    with floor.database.writing() as session:
        service.begin_edit(session, id, QUINN, now=NOW)
    with floor.database.writing() as session, pytest.raises(InvalidInput):
        service.finish(session, floor.bus, id, QUINN, now=NOW)
    submit(floor, begin_of(floor, id), QUINN, "heard again", note=Answer(value=3))
    do(floor, service.appeal, id, BOB, "no")
    with floor.database.writing() as session:
        service.begin_edit(session, id, ALICE, now=NOW)
    with floor.database.writing() as session, pytest.raises(Conflict):
        service.begin_edit(session, id, ADAM, now=NOW)
    submit(floor, begin_of(floor, id), ALICE, "he is right")
    with floor.database.reading() as session:
        found = session.scalars(select(EvaluationVersion).order_by(EvaluationVersion.number)).all()
        assert [(each.number, each.by, each.reason) for each in found] == [
            (1, "quinn", ""), (2, "quinn", "heard again"), (3, "alice", "he is right"),
        ]  # fmt: skip
        assert found[0].sheet["answers"]["greeting"]["value"] == 0
        newest = session.get_one(Evaluation, id)
        assert (newest.state, newest.number, newest.total) == ("changed", 3, 100)
        query = select(EvaluationAnswer.value).where(EvaluationAnswer.item == "greeting")
        assert list(session.scalars(query.order_by(EvaluationAnswer.number))) == [0, 1, 1]
        decided = service.appeal_of(session, id)
        assert decided is not None
        assert (decided.decision, decided.decided_by) == ("changed", "alice")


def begin_of(parts: Parts, id: int) -> Evaluation:
    with parts.database.reading() as session:
        return session.get_one(Evaluation, id)


def test_an_appeal_and_an_acknowledgement_at_once_leave_one_of_them(floor: Parts) -> None:
    id = graded(floor, add_call(floor, "r1"))
    told: list[str] = []

    def press(name: str, act: Callable[[], Any]) -> None:
        try:
            act()
            told.append(name)
        except (Conflict, NotAllowed):
            pass

    threads = [
        threading.Thread(target=press, args=("appeal", lambda: do(floor, service.appeal, id, BOB, "no"))),
        threading.Thread(target=press, args=("read", lambda: do(floor, service.acknowledge, id, BOB))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with floor.database.reading() as session:
        state = session.get_one(Evaluation, id).state
    assert [state] == [{"appeal": "appealed", "read": "acknowledged"}[name] for name in told]


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
        shown, again, is_same = service.drawn_again(session, draw_id)
        assert is_same
        assert (shown.considered, shown.drawn, shown.first_day) == (12, 4, date(2026, 11, 16))
        assert sorted(one for ids in again.values() for one in ids) == found
    with floor.database.writing() as session:
        session.delete(session.scalars(select(GradingTask)).first())
    with floor.database.reading() as session:
        assert not service.drawn_again(session, draw_id)[2]


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


def test_a_calibration_is_blind_at_every_door_until_it_is_closed(floor: Parts) -> None:
    for recording in ("r1", "r2"):
        add_call(floor, recording)
    made = calibrate(floor, ("quinn", "alice"))
    theirs = judged(floor, made, "r1", QUINN, greeting=Answer(value=0))
    judged(floor, made, "r1", ALICE)
    judged(floor, made, "r2", QUINN)
    with floor.database.reading() as session:
        with pytest.raises(NotFound):
            service.get_evaluation(session, theirs, ALICE)
        with pytest.raises(Conflict):
            service.compare(session, made)
        assert service.list_evaluations(session, EvaluationFilters(), zone=floor.settings.timezone).items == []
        assert service.evaluations_of_recording(session, "r1", ALICE) == []
        assert service.count_to_judge(session, "alice") == 1
        assert service.count_unread(session, "bob") == 0
        with pytest.raises(NotFound):
            service.get_evaluation(session, theirs, BOB)
    draft = do_judge(floor, made, "r2", ALICE)
    do(floor, service.close_session, made, QUINN)
    with floor.database.writing() as session, pytest.raises((Conflict, NotFound)):
        service.finish(session, floor.bus, draft.id, ALICE, now=NOW)
    with floor.database.reading() as session:
        found = service.compare(session, made)
        assert found.cells["greeting", "r1", "quinn"].value == 0
        assert ("greeting", "r2", "alice") not in found.cells
        assert found.by_item["greeting"].problem == "one_unit"
        assert found.items_together.values == 2 * len(found.card.items)
        assert found.drift["quinn"] == -found.drift["alice"] != 0
        with pytest.raises(NotFound):
            service.get_evaluation(session, theirs, BOB)
        assert service.get_evaluation(session, theirs, ALICE).id == theirs
    with pytest.raises(Conflict):
        do(floor, service.acknowledge, theirs, QUINN)


def calibrate(parts: Parts, graders: tuple[str, ...]) -> int:
    with parts.database.writing() as session:
        card = session.scalars(select(Scorecard).where(Scorecard.code == "hotline_call")).one()
        data = SessionData(
            name="N", scorecard_id=card.id, recording_ids=("r1", "r2"), graders=graders, due_on=NOW.date()
        )
        return service.create_session(session, parts.bus, data, ALICE, now=NOW).id


def do_judge(parts: Parts, made: int, recording: str, who: Who) -> Evaluation:
    with parts.database.writing() as session:
        return service.judge(session, made, recording, who, now=NOW)


def judged(parts: Parts, made: int, recording: str, who: Who, **changes: Answer) -> int:
    evaluation = do_judge(parts, made, recording, who)
    submit(parts, evaluation, who, **changes)
    return evaluation.id


def test_nobody_calibrates_by_their_own_call_or_uninvited(floor: Parts) -> None:
    add_call(floor, "r1", agent="alice")
    add_call(floor, "r2")
    with pytest.raises(InvalidInput):
        calibrate(floor, ("quinn", "alice"))
    with pytest.raises(InvalidInput):
        calibrate(floor, ("quinn", "bob"))
    made = calibrate(floor, ("quinn", "adam"))
    with pytest.raises(NotAllowed):
        do_judge(floor, made, "r2", ALICE)


def test_figures_are_those_of_the_newest_versions_and_of_the_list_behind_them(floor: Parts) -> None:
    days = [LAST_WEEK - timedelta(days=7 * n) for n in range(4)]
    for number, (agent, day) in enumerate([("bob", 0), ("bob", 1), ("carol", 0), ("carol", 3), ("bob", 0)]):
        add_call(floor, f"r{number}", days[day], agent=agent)
    fatal = graded(floor, "r0", verifies=Answer(value=0))
    graded(floor, "r1", correct=Answer(value=3))
    graded(floor, "r2", ALICE)
    graded(floor, "r3")
    begin(floor, "r4")
    do(floor, service.appeal, fatal, BOB, "no")
    with floor.database.writing() as session:
        service.begin_edit(session, fatal, ALICE, now=NOW)
    submit(floor, begin_of(floor, fatal), ALICE, "he is right", note=Answer(value=0))
    zone, first, last = floor.settings.timezone, date(2026, 11, 1), date(2026, 11, 20)
    with floor.database.reading() as session:
        report = service.quality_report(
            session, EvaluationFilters(), by=GroupBy.AGENT, first=first, last=last, zone=zone
        )
        counts = report.now.counts
        assert [counts[figure] for figure in QualityFigure] == [3, 0, 1, 1]
        assert report.before.counts[QualityFigure.GRADED] == 1
        assert [(line.key, line.figures.counts[QualityFigure.GRADED]) for line in report.groups] == [
            ("bob", 2), ("carol", 1),
        ]  # fmt: skip
        assert report.groups[1].before == 100
        assert report.steps == (date(2026, 11, 1), date(2026, 11, 8), date(2026, 11, 15))
        assert report.graded_over_time == (0, 1, 2)
        for line in (None, *report.groups):
            for figure in QualityFigure:
                filters = EvaluationFilters(first=first, last=last, figure=figure, agent=line.key if line else None)
                listed = service.list_evaluations(session, filters, zone=zone).items
                assert len(listed) == (line.figures if line else report.now).counts[figure]
        everybody = EvaluationFilters(first=first, last=last)
        card = service.list_cards(session)
        hotline = next(each.id for each in card if each.code == "hotline_call")
        items = {line.key: line for line in service.item_lines(session, everybody, hotline, zone=zone)}
        assert (items["note"].answered, items["note"].failed) == (3, 1)
        assert items["correct"].share == pytest.approx((1 + 0.5 + 1) / 3)
        for by in GroupBy:
            found = service.quality_report(session, EvaluationFilters(), by=by, first=first, last=last, zone=zone)
            assert sum(line.figures.counts[QualityFigure.GRADED] for line in found.groups) == 3


def test_an_agent_reads_through_the_own_scope_and_nobody_elses(floor: Parts) -> None:
    mine = graded(floor, add_call(floor, "r1"))
    theirs = graded(floor, add_call(floor, "r2", agent="carol"))
    for username, expected in (("bob", [mine]), ("carol", [theirs]), ("quinn", [mine, theirs])):
        with floor.database.reading() as session:
            viewer = access.viewer_for(session, username, NOW)
            access.bind(session, viewer, now=NOW, zone=floor.settings.timezone)
            assert list(session.scalars(select(Evaluation.id).order_by(Evaluation.id))) == expected
            versions = select(EvaluationVersion.evaluation_id).order_by(EvaluationVersion.evaluation_id)
            assert list(session.scalars(versions)) == expected


def test_pages_of_the_list_repeat_nothing_and_miss_nothing(floor: Parts) -> None:
    ids = [graded(floor, add_call(floor, f"r{number}", LAST_WEEK)) for number in range(5)]
    seen: list[int] = []
    cursor: str | None = None
    with floor.database.reading() as session:
        while True:
            page = service.list_evaluations(
                session, EvaluationFilters(), zone=floor.settings.timezone, cursor=cursor, limit=2
            )
            seen += [row.evaluation.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == sorted(ids, reverse=True)


def test_a_draft_that_was_given_up_counts_nowhere(floor: Parts) -> None:
    evaluation = begin(floor, add_call(floor, "r1"))
    do(floor, service.discard, evaluation.id, QUINN)
    with floor.database.reading() as session:
        assert service.own_drafts(session, "quinn") == []
        found = service.evaluations_of_recording(session, "r1", ALICE)
        assert list(found) == []
        assert session.get_one(Evaluation, evaluation.id).state == EvaluationState.DISCARDED


def test_the_demo_hospital_has_graded_calls_and_is_filled_once(floor: Parts) -> None:
    with floor.database.writing() as session:
        for number in range(10):
            at = NOW - timedelta(days=4 + number)
            ended_at = at + timedelta(seconds=31 + number)
            session.add(
                Call(
                    id=f"d{number}",
                    linkedid=f"d{number}",
                    direction="inbound",
                    state="wrapped_up",
                    outcome="answered",
                    number="+8613800138000",
                    number_signalled="1",
                    dialled="4000",
                    queue="hotline",
                    agent=("bob", "carol")[number % 2],
                    started_at=at,
                    answered_at=at,
                    ended_at=ended_at,
                )
            )
        for username, role in (("qa", Role.QA), ("supervisor", Role.SUPERVISOR)):
            create_user(
                session, username=username, display_name=username, role=role, now=NOW,
                password="a shift of eight hours",
            )  # fmt: skip
    with floor.database.writing() as session:
        made = service.seed_demo_recordings(session, floor.bus, floor.settings, NOW)
    for recording_id in made:
        process_recording(floor, recording_id)
    for expected in (6, 0):
        with floor.database.writing() as session:
            assert service.seed_demo_recordings(session, floor.bus, floor.settings, NOW) == []
            assert service.seed_demo_quality(session, floor.bus, floor.settings, NOW) == expected
    with floor.database.reading() as session:
        assert set(session.scalars(select(Recording.state))) == {"ready"}
        states = list(session.scalars(select(Evaluation.state)))
        assert states.count("appealed") == 1
        assert len(service.list_sessions(session)) == 1
    assert tasks.due_plans(floor) == [1]
