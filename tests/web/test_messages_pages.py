"""Messages in the browser and through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.messages import service
from app.messages.models import Message
from app.parts import Parts
from tests.web.conftest import Browser

Headers = Callable[[str], dict[str, str]]
Open = Callable[[str], Browser]


@pytest.fixture
def bob(browser_of: Open) -> Browser:
    return browser_of("bob")


def post(app: APIFlask, headers: dict[str, str], **body: Any) -> Any:
    given = {"to": "138-0013-8000", "text": "您好", "kind": "care", **body}
    return app.test_client().post("/api/v1/messages", json=given, headers=headers)


def receive(parts: Parts, text: str = "复查需要空腹吗", number: str = "8613800138000") -> int:
    with parts.database.writing() as session:
        return service.receive_message(
            session,
            parts.bus,
            number=number,
            service_number="1069001",
            text=text,
            settings=parts.settings,
            now=parts.now(),
        ).id


def count(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(Message.id))) or 0


def submit(bob: Browser, path: str, **fields: str) -> Any:
    return bob.client.post(path, data={"csrf_token": bob.token("/messages"), **fields})


def test_a_message_is_made_once_for_each_key(app: APIFlask, parts: Parts, bearer_of: Headers) -> None:
    first = post(app, bearer_of("bob"), dedup_key="k")
    second = post(app, bearer_of("bob"), dedup_key="k")
    assert (first.status_code, second.status_code, count(parts)) == (201, 200, 1)
    assert first.json == second.json
    assert {name: first.json[name] for name in ("direction", "number", "text", "kind", "state", "parts")} == {
        "direction": "out",
        "number": "138****8000",
        "text": "【示范医院】您好",
        "kind": "care",
        "state": "queued",
        "parts": 1,
    }


def test_a_refusal_is_a_conflict_with_its_reason(app: APIFlask, bearer_of: Headers) -> None:
    answer = post(app, bearer_of("bob"), kind="marketing")
    assert (answer.status_code, answer.json["code"], answer.json["reason"]) == (409, "refused", "no_consent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "95588"},
        {"to": "0571-88886666"},
        {"to": None},
        {"to": ""},
        {"text": ""},
        {"text": "长" * 5000},
        {"text": "\ud800"},
        {"text": "\x00"},
        {"kind": "advert"},
        {"dedup_key": ""},
        {"dedup_key": "k" * 101},
        {"patient_id": -1},
        {"text": 7},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_request_is_refused_and_nothing_is_sent(
    app: APIFlask, parts: Parts, bearer_of: Headers, wrong: dict[str, Any]
) -> None:
    assert post(app, bearer_of("bob"), **wrong).status_code == 422
    assert count(parts) == 0


def test_the_list_is_filtered_by_direction_state_and_number(app: APIFlask, parts: Parts, bearer_of: Headers) -> None:
    headers = bearer_of("bob")
    post(app, headers)
    post(app, headers, to="13900139000")
    receive(parts)

    def found(query: str) -> list[tuple[str, str]]:
        answer = app.test_client().get(f"/api/v1/messages?{query}", headers=headers)
        return [(item["direction"], item["number"]) for item in answer.json["items"]]

    assert len(found("")) == 3
    assert found("direction=in") == [("in", "138****8000")]
    assert found("number=138 0013 8000&direction=out") == [("out", "138****8000")]
    assert found("state=queued&number=%2B8613900139000") == [("out", "139****9000")]
    assert found("state=delivered") == []


def test_who_is_not_at_the_desk_sees_no_messages(app: APIFlask, bearer_of: Headers) -> None:
    client = app.test_client()
    assert client.get("/api/v1/messages").status_code == 401
    assert client.get("/api/v1/messages", headers=bearer_of("dora")).status_code == 403
    assert client.get("/api/v1/messages/1", headers=bearer_of("bob")).status_code == 404


def test_a_text_is_written_sent_and_seen_in_the_outbox(bob: Browser, parts: Parts) -> None:
    form = {"to": "138 0013 8000", "text": "您好", "id": "1f0c2a0e-8a50-4f0e-9f2e-000000000001"}
    for _ in range(2):
        assert submit(bob, "/messages/new", **form).status_code == 303
    assert count(parts) == 1
    page = bob.client.get("/messages?box=outbox").text
    assert "138****8000" in page
    assert "Waiting to be sent" in page


def test_a_text_that_cannot_be_sent_stays_in_the_form(bob: Browser, parts: Parts) -> None:
    answer = submit(bob, "/messages/new", to="0571-88886666", text="typed long ago")
    assert answer.status_code == 422
    assert "A text can only go to a mobile number." in answer.text
    assert "typed long ago" in answer.text
    assert count(parts) == 0


def test_a_reply_takes_the_text_off_the_open_list(bob: Browser, parts: Parts) -> None:
    message_id = receive(parts)
    assert "复查需要空腹吗" in bob.client.get("/messages?box=inbox&open=1").text
    assert submit(bob, f"/messages/{message_id}/reply", text="需要").status_code == 303
    assert "复查需要空腹吗" not in bob.client.get("/messages?box=inbox&open=1").text
    thread = bob.client.get(f"/messages/{message_id}").text
    assert "Replied" in thread
    assert "【示范医院】需要" in thread


def test_a_hostile_text_is_shown_as_text(bob: Browser, parts: Parts) -> None:
    message_id = receive(parts, "<script>alert(1)</script>{{ 7*7 }}\nsecond line", number="<b>x")
    for path in ("/messages", f"/messages/{message_id}"):
        page = bob.client.get(path).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page
        assert "<script>alert" not in page
        assert "<b>x" not in page


def test_a_list_that_has_not_changed_is_not_sent_again(bob: Browser, parts: Parts) -> None:
    receive(parts)
    first = bob.client.get("/messages?box=inbox", headers={"HX-Request": "true"})
    version = first.text.split("seen=")[1].split("&")[0].split('"')[0]
    again = f"/messages?box=inbox&seen={version}"
    assert bob.client.get(again, headers={"HX-Request": "true"}).status_code == 204
    receive(parts, "another")
    assert bob.client.get(again, headers={"HX-Request": "true"}).status_code == 200


def test_the_length_is_counted_with_the_signature(bob: Browser) -> None:
    assert "11 of 500 characters" in bob.client.get("/messages/length?text=hello").text
    assert "too long" in bob.client.get("/messages/length", query_string={"text": "长" * 600}).text


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("path", ["?box=inbox", "?box=outbox", "?box=sent", "/new", "?state=x&number=y&box=z"])
def test_every_page_opens_when_there_is_nothing(bob: Browser, path: str, lang: str) -> None:
    separator = "&" if "?" in path else "?"
    assert bob.client.get(f"/messages{path}{separator}lang={lang}").status_code == 200
