"""What is counted of evaluations and compared in calibrations, who reads it, and the demo hospital."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.access import service as access
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls.models import Call
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.parts import Parts
from app.quality import service, tasks
from app.quality.models import (
    Evaluation,
    EvaluationVersion,
    Scorecard,
)
from app.quality.rules import Answer, Applies, Card, GroupBy, Item, ItemKind, QualityFigure, Section, Who
from app.quality.service import EvaluationFilters, SessionData
from app.recordings.models import Recording
from recordings.pickup import process_recording
from tests.db.graded_calls import (
    ADAM,
    ALICE,
    BOB,
    LAST_WEEK,
    NOW,
    QUINN,
    add_call,
    begin,
    begin_of,
    do,
    graded,
    open_floor,
    submit,
)


@pytest.fixture
def floor(parts: Parts) -> Parts:
    return open_floor(parts)


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
    with pytest.raises(NotAllowed):
        do(floor, service.close_session, made, QUINN, is_supervisor=False)
    do(floor, service.close_session, made, ALICE, is_supervisor=False)
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


def calibrate(parts: Parts, graders: tuple[str, ...], card_id: int | None = None) -> int:
    with parts.database.writing() as session:
        card_id = card_id or session.scalars(select(Scorecard.id).where(Scorecard.code == "hotline_call")).one()
        data = SessionData(
            name="N", scorecard_id=card_id, recording_ids=("r1", "r2"), graders=graders, due_on=NOW.date()
        )
        return service.create_session(session, parts.bus, data, ALICE, now=NOW).id


def do_judge(parts: Parts, made: int, recording: str, who: Who) -> Evaluation:
    with parts.database.writing() as session:
        return service.judge(session, made, recording, who, now=NOW)


def judged(parts: Parts, made: int, recording: str, who: Who, **changes: Answer) -> int:
    evaluation = do_judge(parts, made, recording, who)
    submit(parts, evaluation, who, **changes)
    return evaluation.id


def test_a_supervisor_closes_what_somebody_else_began(floor: Parts) -> None:
    for recording in ("r1", "r2"):
        add_call(floor, recording)
    made = calibrate(floor, ("quinn", "alice"))
    with floor.database.reading() as session:
        found = service.get_session(session, made)
        assert [
            service.may_close(found, who, is_supervisor=who is ADAM) for who in (ALICE, QUINN, ADAM)
        ] == [True, False, True]  # fmt: skip
    do(floor, service.close_session, made, ADAM, is_supervisor=True)
    with floor.database.reading() as session:
        assert service.get_session(session, made).closed_by == "adam"


def test_drift_and_consensus_are_those_worked_out_by_hand(floor: Parts) -> None:
    """Of one item of 100 points: quinn says 80 and 70, alice 90 and 100, adam 60 and 75. The medians are 80 and 75."""
    for recording in ("r1", "r2"):
        add_call(floor, recording)
    said = {QUINN: (80, 70), ALICE: (90, 100), ADAM: (60, 75)}
    made = calibrate(floor, ("quinn", "alice", "adam"), hundred_points(floor))
    for who, points in said.items():
        for recording, value in zip(("r1", "r2"), points, strict=True):
            judged(floor, made, recording, who, points=Answer(value=value))
    with floor.database.reading() as session:
        assert service.drift_over_time(session) == {}
    do(floor, service.close_session, made, ALICE, is_supervisor=False)
    with floor.database.reading() as session:
        found = service.compare(session, made)
        assert found.consensus == {"r1": 80, "r2": 75}
        assert found.drift == {"quinn": -2.5, "alice": 17.5, "adam": -10}
        over_time = {
            grader: [points for _each, points in each] for grader, each in service.drift_over_time(session).items()
        }
        assert over_time == {"quinn": [-2.5], "alice": [17.5], "adam": [-10]}


def hundred_points(parts: Parts) -> int:
    """A scorecard in use with one item of 100 points, whose total is what the grader said."""
    item = Item(key="points", kind=ItemKind.POINTS, texts={"en": "How good?"}, weight=1, high=100)
    section = Section(key="all", titles={"en": "All"}, weight=1, items=(item,))
    data = service.CardData(name="Points", applies=Applies(), card=Card(sections=(section,), fatal_cap=0))
    with parts.database.writing() as session:
        made = service.create_card(session, data, by="alice", now=NOW).id
        service.submit_card(session, made, by="alice", now=NOW)
        service.approve_card(session, parts.bus, made, by="adam", is_supervisor=True, now=NOW)
        return made


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
            agents = {"bob": ["bob"], "carol": ["carol"], "quinn": ["bob", "carol"]}
            assert [agent for agent, _name in service.agents_graded(session)] == agents[username]


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
