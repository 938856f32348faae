"""Queues in the pages of a supervisor."""

from __future__ import annotations

from collections.abc import Callable

from app.parts import Parts
from app.queues import service
from tests.web.browser import Browser

FORM = {
    "label": "Key patients", "code": "vip", "service_level_seconds": "10", "target": "95", "strategy": "rrmemory",
    "wrap_up_seconds": "", "max_wait_seconds": "30", "overflow": "hotline", "member-bob": "0", "member-carol": "2",
}  # fmt: skip


def test_a_queue_is_made_and_changed_with_who_serves_it(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    token = {"csrf_token": alice.token("/account")}
    assert alice.client.post("/queues/manage/new", data=FORM | token).status_code == 303
    page = alice.client.get("/queues/manage").text
    assert "Key patients" in page and "95 % within 10 s" in page and "after 30 s to Patient service centre" in page
    with parts.database.reading() as session:
        assert service.memberships(session) == {"bob": {"hotline": 0, "vip": 0}, "carol": {"hotline": 0, "vip": 2}}
    page = alice.client.get("/queues/manage/vip").text
    assert 'value="Key patients"' in page
    changed = FORM | token | {"row_version": "1", "wrap_up_seconds": "20", "member-carol": ""}
    assert alice.client.post("/queues/manage/vip", data=changed).status_code == 303
    with parts.database.reading() as session:
        row = service.get_queue(session, "vip")
        assert (row.wrap_up_seconds, row.overflow, row.strategy) == (20, "hotline", "rrmemory")
        assert service.memberships(session) == {"bob": {"hotline": 0, "vip": 0}}


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    token = {"csrf_token": alice.token("/account")}
    answer = alice.client.post("/queues/manage/new", data=FORM | token | {"overflow": ""})
    assert answer.status_code == 422
    assert "Say both: after how long callers go on, and to which queue." in answer.text
    assert 'value="Key patients"' in answer.text


def test_a_queue_stands_in_the_api_beside_the_hotline(browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    assert (
        alice.client.post("/queues/manage/new", data=FORM | {"csrf_token": alice.token("/account")}).status_code == 303
    )
    names = [item["name"] for item in alice.client.get("/api/v1/queues").get_json()["items"]]
    assert names == ["hotline", "vip"]
