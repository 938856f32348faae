"""Numbers, identifiers and addresses as roles with masks see them: nowhere in full, until shown with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.parts import Parts
from app.patients.models import Identifier, Patient, PatientPhone
from tests.web.browser import Browser
from tests.web.live_page import PageOf, ring
from tests.web.walk import Seeded, addresses, seed, told_in


@pytest.fixture
def seeded(parts: Parts, people: None) -> Seeded:
    return seed(parts)


def events(parts: Parts, action: str) -> list[AuditEvent]:
    with parts.database.reading() as session:
        wanted = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return list(session.scalars(wanted))


@pytest.mark.parametrize("username", ["bob", "dora", "quinn"])
def test_no_page_and_no_answer_tells_a_masked_user_a_number(
    app: APIFlask, browser_of: Callable[[str], Browser], seeded: Seeded, username: str
) -> None:
    browser = browser_of(username)
    told = {}
    for endpoint, address in addresses(app, seeded.ids):
        answer = browser.client.get(address)
        assert answer.status_code < 500, address
        if "text" in answer.mimetype or "json" in answer.mimetype:
            told[endpoint] = told_in(answer.text, seeded.secrets)
    assert {endpoint: found for endpoint, found in told.items() if found} == {}


def test_a_supervisor_sees_the_numbers(app: APIFlask, browser_of: Callable[[str], Browser], seeded: Seeded) -> None:
    page = browser_of("alice").client.get(f"/patients/{seeded.ids['patient_id']}").text
    assert told_in(page, seeded.secrets[:1]) == [seeded.secrets[0]]


@pytest.mark.parametrize("query", ["13824681357", "138 2468 1357", "110101197203010049", "YKT90817263"])
def test_what_is_masked_is_found_in_full(browser_of: Callable[[str], Browser], seeded: Seeded, query: str) -> None:
    found = browser_of("bob").client.get("/api/v1/patients", query_string={"q": query}).json
    assert [each["id"] for each in found["items"]] == [seeded.ids["patient_id"]]


def test_a_desk_gets_masked_numbers_only(page_of: PageOf, parts: Parts, seeded: Seeded) -> None:
    bob = page_of("bob")
    ring(parts, "bob", "+8613824681357", patient_id=seeded.ids["patient_id"], match_state="single")
    bob.last("desk", lambda desk: desk["call"] is not None)
    bob.last("inbox", lambda inbox: len(inbox["messages"]) == 2)
    sent = str([bob.seen(name) for name in ("desk", "inbox", "message", "board")])
    assert told_in(sent, seeded.secrets) == []
    assert "138****1357" in sent


def test_a_value_is_shown_with_a_reason_and_that_is_written_down(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded
) -> None:
    bob, patient_id = browser_of("bob"), seeded.ids["patient_id"]
    with parts.database.reading() as session:
        phone = session.scalars(select(PatientPhone.id).where(PatientPhone.number == "+8613824681357")).one()
        card = session.scalars(select(Identifier.id).where(Identifier.type == "card")).one()
    shown = [
        bob.send_json("POST", f"/api/v1/patients/{patient_id}/reveal", {"reason": "compare", **part}).json["value"]
        for part in ({"what": "phone", "id": phone}, {"what": "identifier", "id": card}, {"what": "address"})
    ]
    assert shown == ["138 2468 1357", "YKT90817263", "浙江省杭州市西湖区文三路987号"]
    assert [(each.actor, each.patient_id, each.subject, each.reason) for each in events(parts, "reveal")] == [
        ("bob", patient_id, what, "compare") for what in ("phone", "identifier", "address")
    ]


@pytest.mark.parametrize(("path", "value"), [("calls/c2", "159 2468 3579"), ("messages/2", "159 2468 3579")])
def test_the_number_of_an_unknown_caller_is_shown_with_a_reason(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded, path: str, value: str
) -> None:
    wish = {"reason": "other", "note": "to call back from the ward"}
    answer = browser_of("bob").send_json("POST", f"/api/v1/{path}/reveal", wish)
    assert answer.json == {"value": value, "shown_seconds": 30}
    assert events(parts, "reveal")[0].reason == "other: to call back from the ward"


@pytest.mark.parametrize(
    ("path", "wish", "status"),
    [
        ("patients/1/reveal", {"what": "phone", "id": 1}, 422),
        ("patients/1/reveal", {"what": "phone", "id": 1, "reason": "other"}, 422),
        ("patients/1/reveal", {"what": "name", "id": 1, "reason": "compare"}, 422),
        ("patients/1/reveal", {"what": "phone", "id": 99, "reason": "compare"}, 404),
        ("patients/99/reveal", {"what": "address", "reason": "compare"}, 404),
        ("calls/zz/reveal", {"reason": "compare"}, 404),
        ("calls/%00/reveal", {"reason": "compare"}, 404),
        ("messages/99/reveal", {"reason": "compare"}, 404),
    ],
)
def test_nothing_is_shown_without_a_reason_or_to_no_purpose(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded, path: str, wish: Any, status: int
) -> None:
    assert browser_of("bob").send_json("POST", f"/api/v1/{path}", wish).status_code == status
    assert events(parts, "reveal") == []


def test_a_record_made_from_a_call_takes_its_number_unseen(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded
) -> None:
    bob = browser_of("bob")
    page = bob.client.get("/patients/new?call=c2").text
    assert "159****3579" in page
    form = {"csrf_token": bob.token("/patients/new"), "name": "赵六", "phone_id": "call:c2", "phone": "159****3579"}
    assert bob.client.post("/patients/new", data=form).status_code == 303
    with parts.database.reading() as session:
        made = session.scalars(select(Patient).where(Patient.name == "赵六")).one()
        assert [phone.number for phone in made.phones] == ["+8615924683579"]
