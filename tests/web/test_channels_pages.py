"""The public contact page, the inbox and the API of contacts, in the browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.channels import service
from app.channels.models import Interaction
from app.channels.rules import Channel, Incoming
from app.parts import Parts
from app.patients.models import Patient
from tests.web.conftest import Browser

Headers = Callable[[str], dict[str, str]]
Open = Callable[[str], Browser]


@pytest.fixture
def bob(browser_of: Open) -> Browser:
    return browser_of("bob")


def write(browser: Browser, **fields: str) -> Any:
    form = {"name": "王明", "phone": "138 0013 8000", "text": "想约周三的复查", "agreed": "1", "id": "f1", **fields}
    return browser.client.post("/contact", data={"csrf_token": browser.token("/contact"), **form})


def receive(parts: Parts, **fields: Any) -> int:
    given = {
        "channel": Channel.EMAIL,
        "key": "k",
        "address": "wang@example.com",
        "name": "W",
        "text": "Hello",
        **fields,
    }
    with parts.database.writing() as session:
        incoming = Incoming(**given)
        return service.receive(session, parts.bus, incoming, settings=parts.settings, now=parts.now())[0].id


def submit(bob: Browser, path: str, **fields: str) -> Any:
    return bob.client.post(path, data={"csrf_token": bob.token("/inbox"), **fields})


def count(parts: Parts, table: type[Any] = Interaction) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_anybody_may_write_and_gets_a_reference_number(browser: Browser, parts: Parts) -> None:
    answer = write(browser)
    assert (answer.status_code, answer.location) == (303, "/contact/thanks")
    assert "W000001" in browser.client.get("/contact/thanks").text
    with parts.database.reading() as session:
        [row] = session.scalars(select(Interaction))
        patient = session.get_one(Patient, row.patient_id)
    assert (row.channel, row.number, row.text) == ("web", "+8613800138000", "想约周三的复查")
    assert (patient.name, patient.is_provisional) == ("王明", True)


def test_form_that_is_sent_twice_is_one_message(browser: Browser, parts: Parts) -> None:
    write(browser)
    write(browser)
    assert count(parts) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"phone": ""},
        {"phone": "12"},
        {"email": "no"},
        {"text": " "},
        {"text": "x" * 3000},
        {"agreed": ""},
    ],
)
def test_form_says_what_is_missing_and_keeps_what_was_typed(
    browser: Browser, parts: Parts, fields: dict[str, str]
) -> None:
    answer = write(browser, **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert count(parts) == 0


def test_program_that_fills_in_every_field_is_thanked_and_nothing_is_kept(browser: Browser, parts: Parts) -> None:
    assert write(browser, website="http://spam.example").status_code == 303
    assert count(parts) == 0


def test_message_without_the_forms_token_is_refused(browser: Browser, parts: Parts) -> None:
    assert browser.client.post("/contact", data={"name": "x"}).status_code == 400
    assert count(parts) == 0


def test_one_place_may_not_fill_the_inbox(browser: Browser, parts: Parts) -> None:
    now = parts.now()
    with parts.database.writing() as session:
        for each in range(20):
            incoming = Incoming(channel=Channel.WEB, key=f"k{each}", address="", text="x")
            service.receive(session, parts.bus, incoming, settings=parts.settings, now=now, origin="127.0.0.1")
    assert write(browser).status_code == 429
    assert count(parts) == 20


def test_inbox_shows_what_waits_without_running_what_a_stranger_wrote(bob: Browser, parts: Parts) -> None:
    receive(parts, subject="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")
    page = bob.client.get("/inbox").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page and "<img src=x" not in page


def test_inbox_is_polled_and_silent_while_nothing_is_new(bob: Browser, parts: Parts) -> None:
    receive(parts)
    page = bob.client.get("/inbox", headers={"HX-Request": "true"}).text
    seen = page.split("seen=")[1].split("&")[0].split('"')[0]
    again = bob.client.get(f"/inbox?seen={seen}", headers={"HX-Request": "true"})
    assert again.status_code == 204


def test_message_is_read_answered_by_mail_and_leaves_the_list(bob: Browser, parts: Parts) -> None:
    interaction_id = receive(parts, subject="Fasting")
    assert 'value="Re: Fasting"' in bob.client.get(f"/inbox/{interaction_id}").text
    sent = submit(
        bob, "/inbox/new", answers=str(interaction_id), channel="email", to="email", text="No.", action="send"
    )
    assert sent.status_code == 303
    with parts.database.reading() as session:
        assert service.count_open(session) == 0
        out = session.scalars(select(Interaction).where(Interaction.direction == "out")).one()
    assert (out.address, out.text, out.reply_to_id) == ("wang@example.com", "No.", interaction_id)


def test_switching_the_channel_keeps_the_text_and_the_person(bob: Browser, parts: Parts) -> None:
    write(bob)
    page = submit(bob, "/inbox/new", answers="1", channel="sms", text="约好了 <b>", subject="S", action="switch").text
    assert "约好了 &lt;b&gt;</textarea>" in page
    assert '<option value="sms" selected>' in page
    assert 'value="S"' in page and "138****8000" in page


def test_refusal_is_told_beside_the_form_with_the_text_kept(bob: Browser, parts: Parts) -> None:
    answer = submit(bob, "/inbox/new", channel="email", to="typed", typed="nobody", text="Hello", action="send")
    assert answer.status_code == 422
    assert "This is not an e-mail address." in answer.text and "Hello</textarea>" in answer.text


def test_unknown_contacts_and_people_are_not_found(bob: Browser) -> None:
    paths = ("/inbox/99", "/inbox/99999999999999", "/inbox/new?patient_id=99", "/inbox/new?answers=99")
    assert {bob.client.get(path).status_code for path in paths} == {404}
    assert submit(bob, "/inbox/99/take").status_code == 404


def test_filters_that_mean_nothing_change_nothing(bob: Browser, parts: Parts) -> None:
    receive(parts)
    assert "Hello" in bob.client.get("/inbox?channel=pigeon&state=lost&box=attic").text
    assert "Hello" not in bob.client.get("/inbox?reference=W000009").text
    assert bob.client.get("/inbox?cursor=damaged").status_code == 422


def test_contact_is_on_the_patients_page(bob: Browser, parts: Parts) -> None:
    write(bob)
    page = bob.client.get("/patients/1").text
    assert "Web message, incoming" in page and "想约周三的复查" in page


def test_open_contacts_are_on_the_work_list(bob: Browser, parts: Parts) -> None:
    receive(parts)
    assert "Emails and web messages" in bob.client.get("/work").text


def test_program_writes_once_for_each_key_and_moves_states(app: APIFlask, parts: Parts, bearer_of: Headers) -> None:
    client, headers = app.test_client(), bearer_of("bob")
    given = {"channel": "email", "to": "wang@example.com", "text": "Hello", "dedup_key": "k", "is_draft": True}
    first = client.post("/api/v1/interactions", json=given, headers=headers)
    again = client.post("/api/v1/interactions", json=given, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"] and first.json["state"] == "draft"
    assert first.json["address"] == "w****@example.com"
    path = f"/api/v1/interactions/{first.json['id']}"
    assert client.patch(path, json={"state": "queued"}, headers=headers).json["state"] == "queued"
    assert client.patch(path, json={"state": "sent"}, headers=headers).status_code == 409
    listed = client.get("/api/v1/interactions?channel=email&state=queued", headers=headers).json
    assert [each["id"] for each in listed["items"]] == [first.json["id"]]


def test_stand_in_takes_a_document_and_refuses_anything_else(app: APIFlask, parts: Parts, bearer_of: Headers) -> None:
    client, headers = app.test_client(), bearer_of("adam")
    good = json.dumps({"id": "m1", "address": "wx-1", "text": "在吗"}).encode()
    path = "/api/v1/interactions/received/wechat"
    assert [client.post(path, data=good, headers=headers).status_code for _ in range(2)] == [201, 200]
    assert {client.post(path, data=each, headers=headers).status_code for each in (b"[" * 9999, b"{}", b"")} == {422}
    assert client.post("/api/v1/interactions/received/pigeon", data=good, headers=headers).status_code == 503
