"""The reports of the floor as pages: figures with their meaning, links to the calls behind them, no person."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest

from app.access.models import UserGrant
from app.accounts.models import User
from app.calls.models import Call, Leg
from app.journal.models import JournalEntry
from app.parts import Parts
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def busy(parts: Parts, people: None) -> Parts:
    """bob answered one call a minute ago and is ready since; one caller gave up."""
    now = parts.now() - timedelta(minutes=1)
    plain = {
        "direction": "inbound", "number": "+8613800138000", "number_signalled": "13800138000", "dialled": "4000",
        "queue": "hotline", "started_at": now, "queued_at": now, "ended_at": now + timedelta(seconds=40),
    }  # fmt: skip
    with parts.database.writing() as session:
        answered = {"state": "wrapped_up", "outcome": "answered", "agent": "bob"}
        at = now + timedelta(seconds=5)
        session.add(Call(id="c1", linkedid="c1", answered_at=at, **answered, **plain))
        session.add(Call(id="c2", linkedid="c2", state="abandoned", outcome="abandoned", **plain))
        session.flush()
        session.add(Leg(uniqueid="l1", call_id="c1", agent="bob", started_at=now, answered_at=at, cause="caller"))
        session.add(
            JournalEntry(
                at=at + timedelta(seconds=40),
                kind="agent.changed",
                agent="bob",
                payload={"state": "ready", "reason": None},
            )
        )
    return parts


def test_each_number_leads_to_exactly_its_calls(busy: Parts, browser_of: BrowserOf) -> None:
    alice = browser_of("alice").client
    page = alice.get("/reports/floor?lang=en").text
    assert "What the figures mean" in page
    links = {(unescape(link), int(count)) for link, count in re.findall(r'href="(/calls\?[^"]+)">(\d+)<', page)}
    assert {count for _, count in links} == {1, 2}
    for link, count in links:
        listed = alice.get(link).text
        assert "The calls behind a figure:" in listed
        assert listed.count('<td class="text-end">') == count


def test_an_agents_row_shows_time_and_calls(busy: Parts, browser_of: BrowserOf) -> None:
    alice = browser_of("alice").client
    page = alice.get("/reports/floor/agents?lang=en&agent=bob").text
    links = [unescape(link) for link in re.findall(r'href="(/calls\?[^"]+)"', page)]
    assert any("part=answered" in link and "part_of=bob" in link for link in links)
    listed = alice.get(links[0]).text
    assert "answered by Bob" in listed
    assert "13800138000" not in page.replace(" ", "")


@pytest.mark.parametrize("path", ["/reports/floor", "/reports/floor/agents"])
def test_reports_are_for_who_may_see_them(parts: Parts, browser_of: BrowserOf, path: str) -> None:
    supervisor = browser_of("alice").client
    assert supervisor.get(path).status_code == 200
    assert browser_of("bob").client.get(path).status_code == 403
    with parts.database.writing() as session:
        user_id = session.query(User.id).filter(User.username == "alice").scalar()
        session.add(UserGrant(user_id=user_id, module="reports", can_view=False))
    assert supervisor.get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["from=x&to=y&step=z", "from=2026-11-30&to=2025-01-01&step=day", "from=2100-12-31", "queue=<b>&agent=<b>"]
)
def test_any_period_in_the_address_is_answered(busy: Parts, browser_of: BrowserOf, query: str) -> None:
    alice = browser_of("alice").client
    for path in ("/reports/floor", "/reports/floor/agents"):
        answer = alice.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert "<b>" not in answer.text


def test_a_report_is_exported(busy: Parts, browser_of: BrowserOf) -> None:
    alice = browser_of("alice").client
    page = alice.get("/reports/floor?lang=en").text
    [link] = {unescape(link) for link in re.findall(r'href="(/exports/[^"]+)"', page)}
    assert "Report of the queues" in alice.get(link).text
