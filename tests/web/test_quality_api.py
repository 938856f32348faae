"""Evaluations and scorecards as programs read them: who gets which, page by page, and what is blind stays so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from app.access.models import RoleGrant
from app.parts import Parts
from app.quality import service
from app.quality.models import Evaluation
from app.quality.rules import Answer, Moment, Sheet, Who
from app.quality.service import SessionData
from recordings.pickup import process_recording
from tests.db.graded_calls import best
from tests.two_sided import add_ended_call, write_raw

Ask = Callable[..., Any]
QUINN, ALICE = Who(username="quinn", grades=True), Who(username="alice", grades=True)


@pytest.fixture
def ask(app: APIFlask, bearer_of: Callable[[str], dict[str, str]]) -> Ask:
    """What a program of this person gets."""

    def get(username: str, path: str, **query: Any) -> Any:
        return app.test_client().get(f"/api/v1/{path}", headers=bearer_of(username), query_string=query)

    return get


@pytest.fixture
def graded(parts: Parts, people: None) -> dict[str, int]:
    """The ids of evaluations: two of bob's calls, one of carol's, and one that quinn has not submitted."""
    with parts.database.writing() as session:
        service.install_shipped(session, parts.now())
        service.approve_for_demo(session, parts.bus, parts.now())
    found = {}
    for days, (name, agent) in enumerate(
        (("first", "bob"), ("second", "bob"), ("other", "carol"), ("draft", "bob")), 1
    ):
        evaluation = begin(parts, add_recording(parts, name, agent=agent, days=days))
        if name != "draft":
            submit(parts, evaluation, QUINN, verifies=0 if name == "second" else 1)
        found[name] = evaluation.id
    return found


def add_recording(parts: Parts, stem: str, *, agent: str, days: int) -> str:
    at = parts.now() - timedelta(days=days)
    write_raw(parts.settings.spool_dir, stem, written_at=at)
    recording_id = add_ended_call(parts, stem, answered_at=at, agent=agent)[1]
    process_recording(parts, recording_id)
    return recording_id


def begin(parts: Parts, recording: str, who: Who = QUINN) -> Evaluation:
    with parts.database.writing() as session:
        return service.start(session, recording, who, now=parts.now())


def submit(parts: Parts, evaluation: Evaluation, who: Who, *, verifies: int = 1) -> None:
    changes = {"verifies": Answer(value=verifies, note="asked for the name only")}
    moments = (Moment(at=1.2, item="verifies", text="here"),)
    sheet = Sheet(answers=best(parts, evaluation, **changes).answers, moments=moments, summary="Good, and one thing")
    with parts.database.writing() as session:
        service.save_draft(session, evaluation.id, sheet, who, seen=0, now=parts.now())
        service.finish(session, parts.bus, evaluation.id, who, now=parts.now())


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200
    return [each["id"] for each in answer.json["items"]]


def test_graders_get_every_evaluation_and_agents_their_own(ask: Ask, graded: dict[str, int]) -> None:
    everyone = [graded["first"], graded["second"], graded["other"]]
    assert [ids(ask(name, "evaluations")) for name in ("quinn", "alice", "adam")] == [everyone] * 3
    assert ids(ask("bob", "evaluations")) == everyone[:2]
    assert ids(ask("carol", "evaluations")) == everyone[2:]
    assert ids(ask("bob", "evaluations", agent="carol")) == []
    assert ask("dora", "evaluations").status_code == 403
    assert ask("bob", f"evaluations/{graded['first']}").status_code == 200
    assert ask("bob", f"evaluations/{graded['other']}").status_code == 404
    assert ask("bob", f"evaluations/{graded['draft']}").status_code == 404
    assert ask("alice", f"evaluations/{graded['draft']}").status_code == 404
    assert ask("quinn", f"evaluations/{graded['draft']}").json["state"] == "draft"


def test_the_list_is_narrowed_and_paged_without_missing_a_row(ask: Ask, graded: dict[str, int], parts: Parts) -> None:
    day = (parts.now().astimezone(parts.settings.timezone) - timedelta(days=2)).date().isoformat()
    assert ids(ask("quinn", "evaluations", **{"from": day, "to": day})) == [graded["second"]]
    assert ids(ask("quinn", "evaluations", agent="carol")) == [graded["other"]]
    assert ids(ask("quinn", "evaluations", state="acknowledged")) == []
    assert ids(ask("quinn", "evaluations", scorecard=1)) == []
    seen: list[int] = []
    cursor: str | None = None
    for _page in range(3):
        answer = ask("quinn", "evaluations", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        cursor = answer.json["next_cursor"]
    assert (seen, cursor) == ([graded["first"], graded["second"], graded["other"]], None)


@pytest.mark.parametrize(
    "query", [{"state": "draft"}, {"from": "x"}, {"limit": 0}, {"limit": 201}, {"scorecard": 0}, {"cursor": "x"}]
)
def test_what_makes_no_sense_is_refused_with_its_field(ask: Ask, graded: dict[str, int], query: dict[str, Any]) -> None:
    answer = ask("quinn", "evaluations", **query)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert next(iter(query)) in answer.text


def test_one_evaluation_has_each_answer_and_its_moments(ask: Ask, graded: dict[str, int]) -> None:
    found = ask("bob", f"evaluations/{graded['second']}").json
    assert (found["agent"], found["grader"], found["total"], found["is_fatal"]) == ("bob", "quinn", 40, True)
    answers = {each["item"]: each for each in found["answers"]}
    assert answers["verifies"] == {
        "item": "verifies",
        "text": "查询病历前核对身份",
        "kind": "yes_no",
        "is_fatal": True,
        "value": 0,
        "does_not_apply": False,
        "share": 0.0,
        "note": "asked for the name only",
    }
    assert found["moments"] == [{"at": 1.2, "item": "verifies", "text": "here"}]
    assert (found["summary"], found["appeal"]) == ("Good, and one thing", None)
    card = ask("quinn", f"scorecards/{found['scorecard_id']}").json
    assert [item["key"] for section in card["sections"] for item in section["items"]] == list(answers)


def test_scorecards_are_for_graders(ask: Ask, graded: dict[str, int]) -> None:
    cards = ask("quinn", "scorecards").json["items"]
    assert [each["version"] for each in cards] == [1] * len(cards)
    assert ask("bob", "scorecards").status_code == 403
    assert ask("quinn", "scorecards/999").status_code == 404


def test_before_its_close_a_calibration_is_in_no_answer(ask: Ask, graded: dict[str, int], parts: Parts) -> None:
    recording = add_recording(parts, "blind", agent="bob", days=3)
    with parts.database.writing() as session:
        data = SessionData(
            name="N", scorecard_id=2, recording_ids=(recording,), graders=("alice", "quinn"),
            due_on=parts.now().date(),
        )  # fmt: skip
        made = service.create_session(session, parts.bus, data, ALICE, now=parts.now()).id
        judged = service.judge(session, made, recording, QUINN, now=parts.now())
    submit(parts, judged, QUINN)
    address = f"evaluations/{judged.id}"
    assert [ask(name, address).status_code for name in ("quinn", "alice", "adam", "bob")] == [200, 404, 404, 404]
    with parts.database.writing() as session:
        service.close_session(session, parts.bus, made, ALICE, is_supervisor=True, now=parts.now())
    assert [ask(name, address).status_code for name in ("quinn", "alice", "adam", "bob")] == [200, 200, 200, 404]
    assert all(judged.id not in ids(ask(name, "evaluations")) for name in ("quinn", "alice", "bob"))


def test_the_scope_cuts_what_a_program_gets_as_it_cuts_the_pages(
    ask: Ask, graded: dict[str, int], parts: Parts
) -> None:
    with parts.database.writing() as session:
        session.add(RoleGrant(role="supervisor", module="recordings", days=1))
        session.add(RoleGrant(role="agent", module="recordings", can_view=False))
        session.add(RoleGrant(role="qa", module="quality", can_view=False))
    assert ids(ask("alice", "evaluations")) == [graded["first"]]
    assert ask("alice", f"evaluations/{graded['other']}").status_code == 404
    assert ids(ask("bob", "evaluations")) == [graded["first"], graded["second"]], "read without the audio"
    assert ask("quinn", "evaluations").status_code == 404
