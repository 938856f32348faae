"""What a queue offers in wrap-up: kept by supervisors, asked for by desks, held by the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.calls.models import Call
from app.codes import service as codes
from app.codes.rules import CodeList
from app.codes.service.editing import ItemNames
from app.parts import Parts
from app.queues.models import Queue
from app.wrap_up import service
from tests.web.browser import Browser
from tests.web.live_page import PageOf, ring
from tests.web.test_desk_commands import Telephony

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def telephony(parts: Parts) -> Iterator[Telephony]:
    yield Telephony(parts)


@pytest.fixture
def ward(parts: Parts) -> str:
    with parts.database.writing() as session:
        session.add(Queue(name="ward", label="Ward", service_level_seconds=20, service_level_target=0.8))
    return "ward"


def post(browser: Browser, path: str, form: dict[str, Any]) -> Any:
    return browser.client.post(path, data=form | {"csrf_token": browser.token("/account")})


def offered(browser_of: BrowserOf, queue: str) -> dict[str, Any]:
    found: dict[str, Any] = browser_of("bob").client.get(f"/wrap-up/offered?queue={queue}").json
    return found


def test_a_queue_without_a_list_of_its_own_offers_all_dispositions_and_asks_for_one(
    browser_of: BrowserOf, ward: str
) -> None:
    found = offered(browser_of, ward)
    assert {"code": "complaint", "label": "Complaint"} in found["dispositions"]
    assert found["is_disposition_required"] is True


def test_a_queue_offers_what_its_supervisor_ticked_in_the_order_of_the_code_list(
    browser_of: BrowserOf, parts: Parts, ward: str
) -> None:
    alice = browser_of("alice")
    saved = post(alice, f"/wrap-up/queues/{ward}", {"code": ["complaint", "appointment"]})
    assert saved.status_code == 303
    found = offered(browser_of, ward)
    assert [each["code"] for each in found["dispositions"]] == ["appointment", "complaint"]
    assert found["is_disposition_required"] is False
    assert len(offered(browser_of, "")["dispositions"]) > 2


def test_a_disposition_that_the_hospital_added_is_offered_and_saved_and_named(
    browser_of: BrowserOf, page_of: PageOf, parts: Parts, telephony: Telephony
) -> None:
    with parts.database.writing() as session:
        codes.add_item(session, CodeList.DISPOSITION, "interpreter", ItemNames(name="需翻译", en="Interpreter wanted"))
    call_id = ring(parts, "bob")
    assert page_of("bob").order("save_wrap_up", call_id=call_id, disposition="interpreter", note="")["ok"] is True
    assert page_of("bob").order("save_wrap_up", call_id=call_id, disposition="none such", note="")["ok"] is False
    assert "Interpreter wanted" in browser_of("alice").client.get("/calls").text


def test_wrap_up_is_not_ended_without_a_disposition_where_the_queue_asks_for_one(
    page_of: PageOf, parts: Parts, telephony: Telephony, ward: str
) -> None:
    call_id = ring(parts, "bob")
    refused = page_of("bob").order("finish_wrap_up", call_id=call_id, disposition=None, note="")
    assert (refused["ok"], refused["code"]) == (False, "invalid_input")
    with parts.database.writing() as session:
        session.get_one(Call, call_id).queue = ward
        service.save_queue(session, ward, [], is_disposition_required=False)
    assert page_of("bob").order("finish_wrap_up", call_id=call_id, disposition=None, note="")["ok"] is True
    assert [kind for _, kind, _ in telephony.done] == ["finish_wrap_up"]


def test_texts_for_notes_are_offered_in_their_queue_and_common_ones_everywhere(
    browser_of: BrowserOf, parts: Parts, ward: str
) -> None:
    alice = browser_of("alice")
    for queue, title in ((ward, "Fasting"), ("", "Called back")):
        post(alice, "/wrap-up/templates", {"queue": queue, "title": title, "text": "…"})
    assert [each["title"] for each in offered(browser_of, ward)["templates"]] == ["Fasting", "Called back"]
    assert [each["title"] for each in offered(browser_of, "")["templates"]] == ["Called back"]
    with parts.database.reading() as session:
        first = service.templates_of(session, ward)[0]
    post(alice, f"/wrap-up/templates/{first.id}", {"title": "Before blood", "text": "Eat nothing."})
    assert offered(browser_of, ward)["templates"][0]["text"] == "Eat nothing."
    post(alice, f"/wrap-up/templates/{first.id}", {"act": "remove"})
    assert len(offered(browser_of, ward)["templates"]) == 1


@pytest.mark.parametrize(("title", "text"), [("", "x"), ("x" * 41, "x"), ("x", ""), ("x", "y" * 501), ("x", "\x07")])
def test_a_text_for_notes_that_is_empty_or_too_long_is_refused_in_words(
    browser_of: BrowserOf, title: str, text: str
) -> None:
    alice = browser_of("alice")
    answer = post(alice, "/wrap-up/templates", {"title": title, "text": text})
    assert "characters" in alice.client.get(answer.headers["Location"]).text
