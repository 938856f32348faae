"""The ways in as a supervisor writes them: a draft, its check, live, and an earlier version live again."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.test import TestResponse

from app.call_flows import service
from app.call_flows.models import CallFlow
from app.call_flows.rules import Flow
from app.parts import Parts
from tests.web.browser import Browser

FORM = {
    "name": "Ward",
    "hotlines": "4001, 4002",
    "language": "en",
    "greeting-en": "Hello, this call is recorded.",
    "day-1-from": "08:00",
    "day-1-until": "17:30",
    "dates": "2026-10-01\n2026-10-10 08:00-12:00",
    "opened": "menu:m1",
    "closed": "message:s1",
    "menu-0-code": "m1",
    "menu-0-en": "Press 1 for the ward.",
    "menu-0-key-1": "queue:hotline",
    "menu-0-otherwise": "urgent:hotline",
    "message-0-code": "s1",
    "message-0-en": "We are closed.",
    "message-0-records": "1",
}


def send(browser: Browser, path: str, form: dict[str, str]) -> TestResponse:
    return browser.client.post(path, data=form | {"csrf_token": browser.token("/account")})


def live(parts: Parts) -> dict[int, Flow]:
    with parts.database.reading() as session:
        return service.live_flows(session)


def draft_version(parts: Parts, flow_id: int) -> str:
    with parts.database.reading() as session:
        newest = service.versions_of(session, flow_id)[0]
        return str(newest.row_version if newest.is_draft else 1)


def begin(browser: Browser) -> str:
    answer = send(browser, "/call-flows/new", {"name": "Ward"})
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_a_way_in_is_written_checked_and_goes_live(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    draft = begin(alice)
    page = alice.client.get(draft).text
    assert "It cannot go live yet." in page and "Say which numbers this way in answers." in page
    assert send(alice, draft, FORM | {"row_version": "1", "act": "live"}).status_code == 303
    ((flow_id, flow),) = live(parts).items()
    assert flow.hotlines == ("4001", "4002") and flow.hours.days == {1: ("08:00", "17:30")}
    assert flow.hours.dates == {"2026-10-01": ("", ""), "2026-10-10": ("08:00", "12:00")}
    assert str(flow.menus[0].keys["1"]) == "queue:hotline" and flow.messages[0].records
    page = alice.client.get(f"/call-flows/{flow_id}").text
    assert "Version 1 is live" in page and "We are closed." in page and "alice" in page
    assert "4001, 4002" in alice.client.get("/call-flows").text


def test_what_is_not_whole_is_kept_and_named_and_does_not_go_live(
    parts: Parts, browser_of: Callable[[str], Browser]
) -> None:
    alice = browser_of("alice")
    draft = begin(alice)
    form = FORM | {"row_version": "1", "act": "live", "menu-0-otherwise": "menu:m1", "message-0-en": ""}
    assert send(alice, draft, form).status_code == 303
    page = alice.client.get(draft).text
    assert "Menu 1 leads back to a menu in which the caller has been" in page
    assert "Message 1: nothing is said yet in the usual language." in page
    assert "Press 1 for the ward." in page
    assert live(parts) == {}


def test_steps_are_added_and_taken_out_with_what_was_typed_kept(
    parts: Parts, browser_of: Callable[[str], Browser]
) -> None:
    alice = browser_of("alice")
    draft = begin(alice)
    flow_id = int(draft.split("/")[2])
    for act, menus in (("add-menu", ["m1", "m2"]), ("drop-menu:m1", [])):
        form = FORM | {"row_version": draft_version(parts, flow_id), "act": act}
        assert send(alice, draft, form).status_code == 303
        with parts.database.reading() as session:
            document = service.versions_of(session, flow_id)[0].document
        assert [menu["code"] for menu in document["menus"]] == menus
        assert document["messages"][0]["texts"]["en"] == "We are closed."


def test_two_supervisors_do_not_overwrite_each_other(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    draft = begin(alice)
    assert send(alice, draft, FORM | {"row_version": "1"}).status_code == 303
    late = send(browser_of("adam"), draft, FORM | {"row_version": "1", "greeting-en": "Mine"})
    assert late.status_code == 422
    assert "Somebody else has changed this draft." in late.text and "Mine" in late.text


def test_an_earlier_version_is_live_again_with_one_click(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    draft = begin(alice)
    flow_id = int(draft.split("/")[2])
    for words in ("First words.", "Second words."):
        form = FORM | {"greeting-en": words, "act": "live", "row_version": draft_version(parts, flow_id)}
        assert send(alice, draft, form).status_code == 303
    assert live(parts)[flow_id].greeting["en"] == "Second words."
    assert send(alice, f"/call-flows/{flow_id}/live", {"number": "1"}).status_code == 303
    assert live(parts)[flow_id].greeting["en"] == "First words."
    assert send(alice, f"/call-flows/{flow_id}/off", {}).status_code == 303
    with parts.database.reading() as session:
        row = session.get(CallFlow, flow_id)
        assert row is not None and row.live_number is None
