"""The day's follow-ups on their pages and through the API: taken, typed into, closed, asked about, counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.followups.models import FollowupQuestion, FollowupTask
from app.followups.rules import TaskKind, TaskState
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.web.browser import Browser

Headers = dict[str, str]


@pytest.fixture
def patient_id(parts: Parts) -> int:
    """Somebody with a name that is markup, and one number."""
    now = parts.now()
    with parts.database.writing() as session:
        person = Patient(
            name="王秀兰<b>",
            created_at=now,
            updated_at=now,
            phones=[PatientPhone(number="+8613800138000", kind="mobile", as_entered="")],
        )
        session.add(person)
        session.flush()
        return person.id


@pytest.fixture
def task_id(browser_of: Callable[[str], Browser], bearer_of: Callable[[str], Headers], patient_id: int) -> int:
    """A call that is to be made now."""
    made = browser_of("alice").client.post(
        "/api/v1/followups/tasks",
        json={"patient_id": patient_id, "title": "术后恢复", "text": "您好<script>"},
        headers=bearer_of("alice"),
    )
    assert made.status_code == 201
    return int(made.json["id"])


def post(browser: Browser, path: str, **form: object):  # type: ignore[no-untyped-def]
    return browser.client.post(path, data={"csrf_token": browser.token("/account"), **form})


def task_of(parts: Parts, task_id: int) -> FollowupTask:
    with parts.database.reading() as session:
        return session.get_one(FollowupTask, task_id)


def test_an_agent_takes_a_follow_up_types_and_closes_it(
    browser_of: Callable[[str], Browser], parts: Parts, task_id: int
) -> None:
    bob = browser_of("bob")
    listed = bob.client.get("/followups").text
    assert "王秀兰&lt;b&gt;" in listed
    assert "术后恢复" in listed
    assert post(bob, f"/followups/{task_id}/claim", then="desk").location.startswith(f"/desk?followup={task_id}&dial=")
    assert "您好&lt;script&gt;" in bob.client.get(f"/followups/{task_id}").text
    assert post(bob, f"/followups/{task_id}/draft", recovery="伤口愈合").status_code == 200
    assert "伤口愈合" in bob.client.get(f"/followups/{task_id}/panel?desk=1").text
    saved = post(
        bob, f"/followups/{task_id}/result", result="reached", effect="better", recovery="伤口愈合", wish="周末复查"
    )
    assert saved.status_code == 303
    done = task_of(parts, task_id)
    assert (done.state, done.effect, done.done_by) == (TaskState.DONE, "better", "bob")


def test_what_is_wrong_in_a_result_is_said_and_what_was_typed_stays(
    browser_of: Callable[[str], Browser], parts: Parts, task_id: int
) -> None:
    bob = browser_of("bob")
    post(bob, f"/followups/{task_id}/claim")
    post(bob, f"/followups/{task_id}/draft", result="call_again", opinion="再约时间")
    refused = post(bob, f"/followups/{task_id}/result", result="call_again", again_on="2020-01-01")
    assert refused.status_code == 422
    assert "a time that is still to come" in refused.text
    assert "再约时间" in refused.text
    assert task_of(parts, task_id).state == TaskState.IN_PROGRESS


def test_a_colleague_who_has_it_in_hand_is_named_and_nobody_else_closes_it(
    browser_of: Callable[[str], Browser], parts: Parts, task_id: int
) -> None:
    bob, carol = browser_of("bob"), browser_of("carol")
    post(bob, f"/followups/{task_id}/claim")
    assert "Bob has it in hand" in carol.client.get(f"/followups/{task_id}").text
    assert post(carol, f"/followups/{task_id}/result", result="reached").status_code == 422
    assert task_of(parts, task_id).claimed_by == "bob"


def test_a_question_goes_to_a_doctor_and_its_answer_back_to_the_patient(
    browser_of: Callable[[str], Browser], parts: Parts, task_id: int
) -> None:
    bob, dora = browser_of("bob"), browser_of("dora")
    post(bob, f"/followups/{task_id}/claim")
    asked = post(bob, f"/followups/{task_id}/question", text="伤口发红要紧吗?", whom="dora")
    assert "Waits for a doctor" in asked.text
    assert "伤口发红要紧吗?" in dora.client.get("/followups/questions").text
    with parts.database.reading() as session:
        question_id = session.scalars(select(FollowupQuestion.id)).one()
    assert post(bob, f"/followups/questions/{question_id}/answer", answer="x").status_code == 403
    assert post(dora, f"/followups/questions/{question_id}/answer", answer="请来院检查").status_code == 303
    with parts.database.reading() as session:
        back = session.scalars(select(FollowupTask).where(FollowupTask.kind == TaskKind.GIVE_BACK)).one()
    assert (back.assignee, back.text) == ("bob", "请来院检查")
    assert "请来院检查" in bob.client.get(f"/followups/{back.id}").text
    assert post(bob, f"/followups/questions/{question_id}/give-back").status_code == 303
    with parts.database.reading() as session:
        assert session.get_one(FollowupQuestion, question_id).state == "given"


def test_a_supervisor_gives_follow_ups_to_a_colleague(
    browser_of: Callable[[str], Browser], parts: Parts, task_id: int
) -> None:
    post(browser_of("alice"), "/followups/assign", ids=str(task_id), to="carol")
    assert task_of(parts, task_id).assignee == "carol"
    assert "王秀兰" not in browser_of("bob").client.get("/followups").text
    assert "王秀兰" in browser_of("carol").client.get("/followups").text


def test_the_api_lists_changes_and_refuses(
    app: object, browser: Browser, bearer_of: Callable[[str], Headers], parts: Parts, task_id: int, patient_id: int
) -> None:
    bob, carol, client = bearer_of("bob"), bearer_of("carol"), browser.client
    soon = (parts.now() + timedelta(minutes=1)).isoformat()
    listed = client.get("/api/v1/followups/tasks", query_string={"due_before": soon}, headers=bob).json
    assert [each["id"] for each in listed["items"]] == [task_id]
    assert client.get("/api/v1/followups/tasks?state=done", headers=bob).json["items"] == []
    address = f"/api/v1/followups/tasks/{task_id}"
    assert client.patch(address, json={"state": "in_progress"}, headers=bob).json["claimed_by"] == "bob"
    assert client.patch(address, json={"state": "done"}, headers=carol).status_code == 409
    done = client.patch(address, json={"state": "done", "result": "reached", "effect": "cured"}, headers=bob).json
    assert (done["state"], done["effect"], done["done_by"]) == ("done", "cured", "bob")
    assert client.patch(address, json={"state": "skipped", "reason": "x"}, headers=bob).status_code == 409
    assert client.patch(address, json={"state": "planned"}, headers=bob).status_code == 422
    assert client.post("/api/v1/followups/tasks", json={"patient_id": 999_999}, headers=bob).status_code == 404
    later = {"patient_id": patient_id, "mode": "sms", "due_on": "2031-05-01", "text": "请复查"}
    planned = client.post("/api/v1/followups/tasks", json=later, headers=bob).json
    assert (planned["state"], planned["due_on"], planned["role"]) == ("planned", "2031-05-01", "system")


def test_a_signed_link_opens_the_follow_up_for_whom_it_was_made(
    browser_of: Callable[[str], Browser], bearer_of: Callable[[str], Headers], task_id: int
) -> None:
    dora = browser_of("dora")
    link = dora.client.get(f"/api/v1/followups/tasks/{task_id}", headers=bearer_of("dora")).json["link"]
    assert dora.client.get(link).location == f"/followups/{task_id}"
    assert browser_of("bob").client.get(link).status_code == 403
    assert dora.client.get(link[:-3] + "xxx").status_code == 404


def test_each_figure_is_the_length_of_the_list_behind_it(
    browser_of: Callable[[str], Browser], bearer_of: Callable[[str], Headers], patient_id: int, task_id: int
) -> None:
    alice = browser_of("alice")
    for number in range(3):
        made = alice.client.post(
            "/api/v1/followups/tasks",
            json={"patient_id": patient_id, "title": f"T{number}"},
            headers=bearer_of("alice"),
        ).json
        if number:
            alice.client.patch(
                f"/api/v1/followups/tasks/{made['id']}",
                json={"result": "reached", "effect": "better"},
                headers=bearer_of("alice"),
            )
    page = alice.client.get("/followup-figures?from=2020-01-01&to=2100-01-01").text
    figures = re.findall(r'report-value"><a href="(/followups\?[^"]+)">([\d,]+)</a>', page)
    assert len(figures) > 8
    for address, shown in figures:
        listed = alice.client.get(address.replace("&amp;", "&")).text
        assert listed.count('<td class="wl-name">') == int(shown), address


def test_a_question_in_a_text_is_answered_by_a_doctor_and_the_answer_goes_back_as_a_text(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    with parts.database.writing() as session:
        message = Message(
            direction="in",
            kind="care",
            state="new",
            number="+8613800138000",
            patient_id=patient_id,
            text="药可以停吗",
            created_at=parts.now(),
        )
        session.add(message)
        session.flush()
        message_id = message.id
    bob, dora = browser_of("bob"), browser_of("dora")
    assert "药可以停吗" in bob.client.get(f"/followups/ask?message={message_id}").text
    form = {"patient": patient_id, "message": message_id, "text": "药可以停吗", "whom": "dora"}
    assert post(bob, "/followups/ask", **form).status_code == 303
    with parts.database.reading() as session:
        question_id = session.scalars(select(FollowupQuestion.id)).one()
    post(dora, f"/followups/questions/{question_id}/answer", answer="请继续服用")
    assert post(bob, f"/followups/questions/{question_id}/give-back", reply="请继续服用").status_code == 303
    with parts.database.reading() as session:
        reply = session.scalars(select(Message).where(Message.direction == "out")).one()
        assert (reply.reply_to_id, "请继续服用" in reply.text) == (message_id, True)
        assert session.get_one(FollowupQuestion, question_id).given_back_by_message_id == reply.id
