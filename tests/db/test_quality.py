"""Evaluations on both databases: who may make one, who wins a race, and what a correction or an appeal changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.calls.models import Call
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.followups.models import FollowupAttempt, FollowupTask
from app.parts import Parts
from app.patients.models import Patient
from app.quality import service
from app.quality.models import (
    Evaluation,
    EvaluationAnswer,
    EvaluationVersion,
    Scorecard,
    ScorecardVersion,
)
from app.quality.rules import Answer, EvaluationState, read_applies
from tests.db.graded_calls import (
    ADAM,
    ALICE,
    BOB,
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


def test_a_draft_that_was_given_up_counts_nowhere(floor: Parts) -> None:
    evaluation = begin(floor, add_call(floor, "r1"))
    do(floor, service.discard, evaluation.id, QUINN)
    with floor.database.reading() as session:
        assert service.own_drafts(session, "quinn") == []
        found = service.evaluations_of_recording(session, "r1", ALICE)
        assert list(found) == []
        assert session.get_one(Evaluation, evaluation.id).state == EvaluationState.DISCARDED
