"""Articles as pages: supervisors write, everybody finds, and a text is never more than a text."""

from __future__ import annotations

from collections.abc import Callable

from app.parts import Parts
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]


def send(browser: Browser, path: str, **form: str) -> int:
    return browser.client.post(path, data={**form, "csrf_token": browser.token("/wallboard")}).status_code


def test_a_supervisor_writes_and_an_agent_finds(parts: Parts, browser_of: BrowserOf) -> None:
    alice, bob = browser_of("alice"), browser_of("bob")
    assert send(alice, "/articles/new", title="彩超预约", text="<script>x</script>\n空腹", tags="检查") == 303
    page = bob.client.get("/articles?q=ccyy&lang=en").text
    assert "彩超预约" in page
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in bob.client.get("/articles/1").text
    assert bob.client.get("/articles/new").status_code == 403
    assert send(bob, "/articles/1/withdraw") == 403


def test_a_refused_form_keeps_what_was_typed(parts: Parts, browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    token = alice.token("/wallboard")
    answer = alice.client.post(
        "/articles/new", data={"title": "", "text": "kept", "valid_until": "x", "csrf_token": token}
    )
    assert answer.status_code == 422
    assert "kept" in answer.text
    assert "Write a date such as 2026-11-21." in answer.text


def test_a_lost_race_shows_the_form_again_with_what_was_typed(parts: Parts, browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    send(alice, "/articles/new", title="one", text="first")
    assert send(alice, "/articles/1/edit", title="one", text="second", base="1") == 303
    token = alice.token("/wallboard")
    late = alice.client.post(
        "/articles/1/edit", data={"title": "one", "text": "third", "base": "1", "csrf_token": token}
    )
    assert (late.status_code, "third" in late.text) == (409, True)
    assert send(alice, "/articles/1/versions/1/restore") == 303
    assert "first" in alice.client.get("/articles/1").text


def test_programs_find_articles(
    parts: Parts, browser_of: BrowserOf, bearer_of: Callable[[str], dict[str, str]]
) -> None:
    alice = browser_of("alice")
    send(alice, "/articles/new", title="停车", text="地下二层")
    items = alice.client.get("/api/v1/articles?q=tc", headers=bearer_of("bob")).json["items"]
    assert [(each["title"], each["text"]) for each in items] == [("停车", "地下二层")]


def test_the_desk_finds_articles_beside_a_call(parts: Parts, browser_of: BrowserOf) -> None:
    alice, bob = browser_of("alice"), browser_of("bob")
    send(alice, "/articles/new", title="停车", text="<b>地下二层</b>")
    assert "停车" in bob.client.get("/articles/panel?lang=en").text
    found = bob.client.get("/articles/found?q=tc").text
    assert "&lt;b&gt;地下二层" in found
    assert "No article fits." in bob.client.get("/articles/found?q=zzzz&lang=en").text
