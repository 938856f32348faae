"""What is done with messages that are there: forward, send again, delete, take back, send later, find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app.messages import service
from app.messages.models import Message
from app.messages.rules import MessageKind
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.web.conftest import Browser

Open = Callable[[str], Browser]
FIRST, SECOND = "+8613800138000", "+8613900139000"


@pytest.fixture
def bob(browser_of: Open) -> Browser:
    return browser_of("bob")


def submit(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token("/messages"), **fields}, follow_redirects=True)


def receive(parts: Parts, text: str, number: str = FIRST) -> int:
    with parts.database.writing() as session:
        return service.receive_message(
            session, parts.bus, number=number, service_number="1", text=text, settings=parts.settings, now=parts.now()
        ).id


def send(parts: Parts, text: str, state: str = "sent", number: str = FIRST) -> int:
    with parts.database.writing() as session:
        message = service.send_message(
            session, parts.bus, settings=parts.settings, text=text, kind=MessageKind.CARE, created_by="bob",
            now=parts.now(), number=number,
        )  # fmt: skip
        message.state = state
        return message.id


def messages(parts: Parts) -> list[Message]:
    with parts.database.reading() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def test_a_text_is_forwarded_with_other_words_and_stays_linked_to_the_first(bob: Browser, parts: Parts) -> None:
    first = receive(parts, "请问几点复查")
    assert "请问几点复查" in bob.client.get(f"/messages/{first}/forward").text
    page = submit(bob, f"/messages/{first}/forward", to="13900139000，13700137000", text="有人问几点复查")
    assert "Forwarded to 2 numbers." in page.text
    sent = messages(parts)[1:]
    assert [(each.number, each.forwarded_from_id) for each in sent] == [(SECOND, first), ("+8613700137000", first)]
    assert {each.text for each in sent} == {"【示范医院】有人问几点复查"}


def test_a_number_that_is_refused_stays_in_the_form_with_its_reason_and_the_others_are_sent_once(
    bob: Browser, parts: Parts
) -> None:
    first = receive(parts, "您好")
    page = submit(bob, f"/messages/{first}/forward", to="0571-88886666, 13900139000", text="您好")
    assert page.status_code == 422
    assert "0571-88886666: A text can only go to a mobile number." in page.text
    assert [each.number for each in messages(parts)[1:]] == [SECOND]


def test_nothing_is_forwarded_without_a_text_or_a_number(bob: Browser, parts: Parts) -> None:
    first = receive(parts, "您好")
    assert "Write a text first." in submit(bob, f"/messages/{first}/forward", to="13900139000", text=" ").text
    assert "Give 1 to 50 numbers." in submit(bob, f"/messages/{first}/forward", to=" , ", text="您好").text
    assert len(messages(parts)) == 1


def test_ticked_messages_are_sent_again_once_and_each_is_linked_to_its_first(bob: Browser, parts: Parts) -> None:
    failed, waiting = send(parts, "一", "failed"), send(parts, "二", "queued")
    for _press in range(2):
        page = submit(bob, "/messages/bulk", action="resend", box="outbox", ids=[failed, waiting])
        assert "One message is on its way again." in page.text
        assert "One message was left as it is: This message still waits to be sent." in page.text
    assert [each.resent_from_id for each in messages(parts)] == [None, None, failed]


def test_a_deleted_message_is_out_of_the_box_and_comes_back_where_it_was(
    bob: Browser, browser_of: Open, parts: Parts
) -> None:
    kept, deleted = receive(parts, "留下的"), receive(parts, "删掉的", SECOND)
    page = submit(bob, "/messages/bulk", action="delete", box="inbox", ids=[deleted])
    assert "One message was deleted." in page.text
    assert "留下的" in page.text
    assert "删掉的" not in page.text
    [row] = [each for each in messages(parts) if each.id == deleted]
    assert (row.hidden_by, row.handled_by, row.text) == ("bob", "bob", "删掉的")
    assert "删掉的" not in bob.client.get("/messages?box=deleted").text
    assert "删掉的" in browser_of("adam").client.get("/messages?box=deleted").text
    assert "One message is back." in submit(bob, "/messages/bulk", action="restore", box="inbox", ids=[deleted]).text
    with parts.database.reading() as session:
        assert [each.id for each in service.inbox(session)[1]] == [deleted, kept]


def test_only_who_deleted_it_or_an_administrator_brings_a_message_back(
    bob: Browser, browser_of: Open, parts: Parts
) -> None:
    deleted = send(parts, "您好")
    submit(bob, "/messages/bulk", action="delete", box="sent", ids=[deleted])
    submit(browser_of("alice"), "/messages/bulk", action="restore", box="sent", ids=[deleted])
    assert messages(parts)[0].hidden_at is not None
    submit(browser_of("adam"), "/messages/bulk", action="restore", box="deleted", ids=[deleted])
    assert messages(parts)[0].hidden_at is None


def test_what_waits_to_be_sent_is_stopped_and_not_hidden(bob: Browser, parts: Parts) -> None:
    waiting = send(parts, "您好", "queued")
    assert "still waits" in submit(bob, "/messages/bulk", action="delete", box="outbox", ids=[waiting]).text
    assert messages(parts)[0].hidden_at is None


def test_several_texts_are_taken_off_the_list_at_once(bob: Browser, parts: Parts) -> None:
    ids = [receive(parts, "一"), receive(parts, "二", SECOND)]
    assert "2 messages are off the list." in submit(bob, "/messages/bulk", action="handle", box="inbox", ids=ids).text
    assert {each.handled_by for each in messages(parts)} == {"bob"}
    assert "Tick the messages first." in submit(bob, "/messages/bulk", action="handle", box="inbox").text
    assert submit(bob, "/messages/bulk", action="burn", box="inbox", ids=ids).status_code == 404


def test_a_text_leaves_at_the_time_that_was_set_on_the_hospitals_clock(bob: Browser, parts: Parts) -> None:
    day = (parts.now() + timedelta(days=3)).date().isoformat()
    page = submit(bob, "/messages/new", to="13800138000", text="您好", at=f"{day}T09:30")
    assert f"The message leaves at {day} 09:30." in page.text
    [message] = messages(parts)
    assert message.due_at is not None
    assert message.due_at.isoformat() == f"{day}T01:30:00+00:00"
    assert message.expires_at == message.due_at + timedelta(hours=24)


@pytest.mark.parametrize("at", ["2020-01-01T09:30", "9999-12-31T23:59", "tomorrow"])
def test_a_time_that_is_past_too_far_or_none_is_refused(bob: Browser, parts: Parts, at: str) -> None:
    page = submit(bob, "/messages/new", to="13800138000", text="您好", at=at)
    assert page.status_code == 422
    assert messages(parts) == []


def test_the_api_takes_a_time_and_says_why_a_message_was_written(
    app: APIFlask, parts: Parts, bearer_of: Callable[[str], dict[str, str]]
) -> None:
    due_at = (parts.now() + timedelta(days=2)).replace(microsecond=0)
    body = {"to": "13800138000", "text": "您好", "kind": "care", "due_at": due_at.isoformat()}
    answer = app.test_client().post("/api/v1/messages", json=body, headers=bearer_of("bob"))
    assert answer.status_code == 201
    assert (answer.json["origin"], answer.json["forwarded_from_id"]) == ("program", None)
    assert messages(parts)[0].due_at == due_at
    body["due_at"] = "9999-12-31T23:59:59+00:00"
    assert app.test_client().post("/api/v1/messages", json=body, headers=bearer_of("bob")).status_code == 422


def test_a_thread_holds_all_numbers_of_the_person_and_nothing_of_who_shares_one(bob: Browser, parts: Parts) -> None:
    with parts.database.writing() as session:
        phones = [PatientPhone(number=number, kind="mobile", as_entered="") for number in (FIRST, SECOND)]
        session.add(Patient(name="王芳", created_at=parts.now(), updated_at=parts.now(), phones=phones))
    first = receive(parts, "第一个号码")
    receive(parts, "第二个号码", SECOND)
    other = receive(parts, "别人的", SECOND)
    with parts.database.writing() as session:
        stranger = Patient(name="李明", created_at=parts.now(), updated_at=parts.now())
        session.add(stranger)
        session.flush()
        session.execute(update(Message).where(Message.id == other).values(patient_id=stranger.id))
    page = bob.client.get(f"/messages/{first}").text
    assert "第一个号码" in page
    assert "第二个号码" in page
    assert "别人的" not in page


def test_texts_are_found_by_their_words_by_the_persons_name_and_by_number(bob: Browser, parts: Parts) -> None:
    with parts.database.writing() as session:
        phone = PatientPhone(number=FIRST, kind="mobile", as_entered="")
        session.add(Patient(name="王芳", created_at=parts.now(), updated_at=parts.now(), phones=[phone]))
    receive(parts, "复查需要空腹吗")
    receive(parts, "100%_谢谢", SECOND)
    for query, found, left in (
        ("q=空腹", "空腹", "谢谢"),
        ("q=王", "空腹", "谢谢"),
        ("q=%25_", "谢谢", "空腹"),
        ("number=13900139000", "谢谢", "空腹"),
    ):
        page = bob.client.get(f"/messages?box=inbox&{query}").text
        assert found in page
        assert left not in page
    assert "Nothing matches these filters." in bob.client.get("/messages?q=%25%25").text


def test_who_has_written_while_the_user_was_away_is_told_until_somebody_handles_it(
    browser_of: Open, parts: Parts
) -> None:
    with parts.database.writing() as session:
        phone = PatientPhone(number=FIRST, kind="mobile", as_entered="")
        session.add(Patient(name="王芳", created_at=parts.now(), updated_at=parts.now(), phones=[phone]))
    long_ago = receive(parts, "上次之前", SECOND)
    with parts.database.writing() as session:
        written_at = parts.now() - timedelta(days=1)
        session.execute(update(Message).where(Message.id == long_ago).values(created_at=written_at))
    browser_of("alice").client.get("/work")
    first, newest = receive(parts, "早一点"), receive(parts, "请问几点")
    alice = browser_of("alice")
    assert "/messages/replies" in alice.client.get("/work").text
    page = alice.client.get("/messages/replies").text
    assert "One patient has written since you were last here" in page
    assert "王芳" in page
    assert "请问几点" in page
    assert "/patients/" in page
    assert "上次之前" not in page
    seen = page.split("seen=")[1].split('"')[0]
    assert alice.client.get(f"/messages/replies?seen={seen}").status_code == 204
    submit(alice, "/messages/bulk", action="handle", box="inbox", ids=[first, newest])
    assert "请问几点" not in alice.client.get("/messages/replies").text
    assert '"away_since": "' in alice.client.get("/desk").text
