"""Pairs that may be one person are looked at, merged, dismissed and taken apart, in pages and by programs."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.duplicates import service
from app.duplicates.models import DuplicatePair
from app.parts import Parts
from app.patients import service as patients
from app.patients.service import PatientData, PhoneData
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]
BearerOf = Callable[[str], dict[str, str]]
WOMAN = PatientData(
    name="王秀兰", birth_date=date(1972, 3, 1), address="杭州", phones=(PhoneData(number="13800138000"),)
)


@pytest.fixture
def pair(parts: Parts) -> tuple[int, int]:
    """Two records of one woman, found by the search."""
    ids = []
    for name, address in (("王秀兰", "杭州"), ("王秀蘭", "上海")):
        data = PatientData(name=name, birth_date=WOMAN.birth_date, address=address, phones=WOMAN.phones)
        with parts.database.writing() as session:
            settings, now = parts.settings, parts.now()
            ids.append(patients.create_patient(session, parts.bus, data, settings=settings, by="bob", now=now).id)
    service.search_changed(parts)
    return ids[0], ids[1]


def pair_id(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalars(select(DuplicatePair.id)).one()


def send(browser: Browser, path: str, **fields: Any) -> str:
    sent = {"csrf_token": browser.token("/wallboard"), **fields}
    return browser.client.post(path, data=sent, follow_redirects=True).text


def test_a_pair_is_compared_merged_with_chosen_values_and_undone(
    parts: Parts, pair: tuple[int, int], browser_of: BrowserOf
) -> None:
    alice = browser_of("alice")
    first, second = pair
    assert "Same telephone number and similar name" in alice.client.get("/duplicates").text
    page = alice.client.get(f"/duplicates/{pair_id(parts)}").text
    assert page.count("table-warning") == 2
    fields = {"winner": second, "field-address": first}
    assert "The two records are one now" in send(alice, f"/duplicates/{pair_id(parts)}/merge", **fields)
    old = alice.client.get(f"/patients/{first}")
    assert (old.status_code, old.headers["Location"].partition("?")[0]) == (302, f"/patients/{second}")
    kept = alice.client.get(f"/patients/{second}").text
    assert "杭州" in kept
    assert f"Record {first} was merged into this one" in kept
    assert "Undo" in alice.client.get("/duplicates/merged").text
    assert "apart again" in send(alice, "/duplicates/merged/1/undo")
    assert alice.client.get(f"/patients/{first}").status_code == 200
    with parts.database.reading() as session:
        actions = session.execute(select(AuditEvent.action, AuditEvent.patient_id)).all()
    assert {("merge", first), ("merge", second), ("undo_merge", first), ("view", second)} <= {
        tuple(each) for each in actions
    }


def test_two_people_are_not_proposed_again(parts: Parts, pair: tuple[int, int], browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    send(alice, f"/duplicates/{pair_id(parts)}/dismiss")
    with parts.database.writing() as session:
        service.search_all(session)
    service.search_changed(parts)
    assert "No pair waits for you" in alice.client.get("/duplicates").text


def test_an_agent_proposes_and_a_supervisor_merges(
    parts: Parts, pair: tuple[int, int], app: APIFlask, bearer_of: BearerOf
) -> None:
    client, (first, second) = app.test_client(), pair
    bob, alice = bearer_of("bob"), bearer_of("alice")
    proposed = client.post("/api/v1/duplicates", json={"first_id": second, "second_id": first}, headers=bob)
    assert (proposed.status_code, proposed.json["proposed_by"]) == (201, "bob")
    assert client.get("/api/v1/duplicates", headers=bob).status_code == 403
    merge = f"/api/v1/patients/{first}/merge"
    assert client.post(merge, json={"loser_id": second}, headers=bob).status_code == 403
    [listed] = client.get("/api/v1/duplicates", headers=alice).json["items"]
    assert {listed["first_id"], listed["second_id"]} == {first, second}
    done = client.post(merge, json={"loser_id": second, "choices": {"address": "loser"}}, headers=alice)
    assert done.status_code == 201
    found = client.get(f"/api/v1/patients/{second}", headers=alice).json
    assert (found["id"], found["address"]) == (first, "上海")
    assert client.post(merge, json={"loser_id": second}, headers=alice).status_code == 409
    undone = client.post(f"/api/v1/merges/{done.json['id']}/undo", headers=alice)
    assert (undone.status_code, undone.json["left"]) == (200, [])
    assert client.get(f"/api/v1/patients/{second}", headers=alice).json["id"] == second


@pytest.mark.parametrize("body", [{"loser_id": 99}, {"loser_id": 2**40}])
def test_a_record_that_is_not_there_is_not_merged(
    pair: tuple[int, int], app: APIFlask, bearer_of: BearerOf, body: dict[str, int]
) -> None:
    answer = app.test_client().post(f"/api/v1/patients/{pair[0]}/merge", json=body, headers=bearer_of("alice"))
    assert answer.status_code == 404
