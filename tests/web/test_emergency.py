"""Opening a record outside one's scope: with a reason, for an hour, and looked at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from app.access.models import EmergencyOpening, UserGrant
from app.accounts.models import User
from app.audit.models import AuditEvent
from app.parts import Parts
from tests.web.browser import Browser
from tests.web.walk import Seeded, seed

REASON = "unconscious in the ambulance"


@pytest.fixture
def seeded(parts: Parts, people: None) -> Seeded:
    """bob sees his own records only, and this one is alice's."""
    made = seed(parts)
    with parts.database.writing() as session:
        bob = session.scalars(select(User).where(User.username == "bob")).one()
        session.add(UserGrant(user_id=bob.id, module="contact", reach="own"))
    return made


@pytest.fixture
def bob(browser_of: Callable[[str], Browser], seeded: Seeded) -> Browser:
    return browser_of("bob")


def ask(browser: Browser, **fields: str) -> Any:
    form = {"key": "13824681357", "name": "王秀兰", "reason": REASON, "csrf_token": browser.token("/emergency")}
    return browser.client.post("/emergency", data=form | fields)


def test_a_record_outside_the_scope_opens_for_an_hour(bob: Browser, parts: Parts, seeded: Seeded) -> None:
    address = f"/patients/{seeded.ids['patient_id']}"
    assert bob.client.get(address).status_code == 404
    answer = ask(bob)
    assert (answer.status_code, answer.location) == (303, address)
    assert "A record was found and opened for 60 minutes." in bob.client.get(address).text
    with parts.database.writing() as session:
        session.execute(update(EmergencyOpening).values(ends_at=parts.now()))
    assert bob.client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "王小明"}, 404),
        ({"key": "13800000000"}, 404),
        ({"key": "1382468"}, 404),
        ({"key": "=cmd()\x00"}, 404),
        ({"birth_date": "1972-03-02"}, 404),
        ({"name": ""}, 422),
        ({"key": ""}, 422),
        ({"reason": "urgent"}, 422),
        ({"birth_date": "soon"}, 422),
    ],
)
def test_nothing_opens_without_the_right_words(bob: Browser, parts: Parts, fields: dict[str, str], status: int) -> None:
    answer = ask(bob, **fields)
    assert answer.status_code == status
    assert "王秀兰" not in answer.text.replace('value="王秀兰"', "")
    with parts.database.reading() as session:
        assert session.scalars(select(EmergencyOpening)).all() == []


@pytest.mark.parametrize("key", ["110101197203010049", "ykt90817263", "138 2468 1357"])
def test_any_exact_number_with_the_birth_date_opens_it(bob: Browser, key: str) -> None:
    assert ask(bob, key=key, name="", birth_date="1972-03-01").status_code == 303


def test_five_tries_within_an_hour_are_enough(bob: Browser, parts: Parts) -> None:
    assert [ask(bob, name="王小明").status_code for _ in range(6)] == [404] * 5 + [429]
    assert ask(bob).status_code == 429
    with parts.database.reading() as session:
        tried = session.scalars(select(AuditEvent).where(AuditEvent.action == "open_in_emergency")).all()
    assert [(each.actor, each.reason) for each in tried] == [("bob", REASON)] * 5


def test_the_agent_of_the_call_needs_not_type_its_number(bob: Browser) -> None:
    assert ask(bob, key="", call="c1").status_code == 303


def test_the_number_of_anothers_call_opens_nothing(browser_of: Callable[[str], Browser], seeded: Seeded) -> None:
    assert ask(browser_of("carol"), key="", call="c1").status_code == 404


def test_every_opening_is_reviewed_by_somebody_else(
    bob: Browser, browser_of: Callable[[str], Browser], parts: Parts
) -> None:
    ask(bob)
    alice = browser_of("alice")
    page = alice.client.get("/emergency/review").text
    assert REASON in page
    assert '<span class="badge text-bg-danger">1</span>' in page
    form = {"csrf_token": alice.token("/emergency/review"), "verdict": "questioned"}
    alice.client.post("/emergency/review/1", data=form)
    alice.client.post("/emergency/review/1", data=form | {"note": "no ambulance that day"})
    assert "no ambulance that day" in alice.client.get("/emergency/review?all=1").text
    assert alice.client.post("/emergency/review/1", data=form | {"verdict": "justified"}).status_code == 409
    with parts.database.reading() as session:
        [review] = session.scalars(select(AuditEvent).where(AuditEvent.action == "review"))
    assert (review.actor, review.details) == ("alice", '{"verdict": "questioned"}')
    assert bob.client.get("/emergency/review").status_code == 403


def test_nobody_reviews_the_own_opening(browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded) -> None:
    with parts.database.writing() as session:
        now = parts.now()
        session.add(
            EmergencyOpening(
                username="alice", patient_id=seeded.ids["patient_id"], reason=REASON, opened_at=now, ends_at=now
            )
        )
    alice = browser_of("alice")
    form = {"csrf_token": alice.token("/emergency/review"), "verdict": "justified"}
    assert alice.client.post("/emergency/review/1", data=form).status_code == 403
    assert alice.client.post("/emergency/review/99", data=form).status_code == 404
