"""Every look at a record is written down and can be asked for; the log itself is for those who may read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.audit import service
from app.audit.models import AuditEvent
from app.audit.rules import Action, AuditEntry
from app.parts import Parts
from tests.waiting import wait_for
from tests.web.browser import Browser
from tests.web.live_page import PageOf, ring
from tests.web.walk import Seeded, addresses, seed


@pytest.fixture
def seeded(parts: Parts, people: None) -> Seeded:
    return seed(parts)


def count(parts: Parts, patient_id: int, username: str) -> int:
    with parts.database.reading() as session:
        wanted = select(func.count()).select_from(AuditEvent)
        return session.scalar(wanted.where(AuditEvent.patient_id == patient_id, AuditEvent.actor == username)) or 0


def append(parts: Parts, action: Action, **fields: object) -> None:
    entry = AuditEntry(**{"at": parts.now(), "actor": "bob", "role": "agent", "action": action} | fields)  # type: ignore[arg-type]
    with parts.database.writing() as session:
        service.record(session, entry, key=parts.settings.secret_key)


def test_every_page_and_answer_about_one_patient_is_written_down(
    app: APIFlask, browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded
) -> None:
    alice, patient_id = browser_of("alice"), seeded.ids["patient_id"]
    unseen = []
    with app.test_request_context():
        own = [each for each in addresses(app, seeded.ids) if f"/patients/{patient_id}" in each[1]]
    # The parts of a page come last: within ten minutes of its opening they are one view with it.
    for endpoint, address in sorted(own, key=lambda each: "timeline" in each[1]):
        before = count(parts, patient_id, "alice")
        answer = alice.client.get(address)
        if answer.status_code == 200 and count(parts, patient_id, "alice") == before:
            unseen.append(endpoint)
    assert set(unseen) <= {"patients.show_timeline", "patients.show_timeline_item"}


@pytest.mark.parametrize("part", ["timeline", "timeline/call/c1"])
def test_a_part_of_the_page_asked_for_by_itself_is_written_down(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded, part: str
) -> None:
    bob, patient_id = browser_of("bob"), seeded.ids["patient_id"]
    assert [bob.client.get(f"/patients/{patient_id}/{part}").status_code for _ in range(2)] == [200, 200]
    assert count(parts, patient_id, "bob") == 1


def test_a_pop_is_written_down_once_for_each_call(page_of: PageOf, parts: Parts, seeded: Seeded) -> None:
    bob, patient_id = page_of("bob"), seeded.ids["patient_id"]
    ring(parts, "bob", patient_id=patient_id, match_state="single")
    bob.last("desk", lambda desk: desk["call"] is not None and desk["call"]["patient"] is not None)
    wait_for(lambda: count(parts, patient_id, "bob"), what="the pop in the log")
    bob.order("set_not_ready", reason="meal")
    assert count(parts, patient_id, "bob") == 1


def test_who_opened_a_record_is_told_to_supervisors(browser_of: Callable[[str], Browser], seeded: Seeded) -> None:
    bob, alice, patient_id = browser_of("bob"), browser_of("alice"), seeded.ids["patient_id"]
    bob.client.get(f"/patients/{patient_id}")
    page = alice.client.get(f"/patients/{patient_id}/access-log").text
    assert "Bob" in page
    assert "Record opened" in page
    listed = alice.client.get(f"/api/v1/patients/{patient_id}/access-log").json["items"]
    assert {(each["actor"], each["action"]) for each in listed} == {("bob", "view"), ("alice", "view")}
    assert bob.client.get(f"/patients/{patient_id}/access-log").status_code == 403
    assert alice.client.get("/patients/99/access-log").status_code == 404


def test_the_log_is_filtered_by_who_what_whom_and_when(browser_of: Callable[[str], Browser], parts: Parts) -> None:
    append(parts, Action.VIEW, patient_id=41)
    append(parts, Action.REVEAL, patient_id=42, reason="compare: passport")
    adam = browser_of("adam")
    assert "To compare it with a document · passport" in adam.client.get("/audit?action=reveal&actor=bob").text
    assert "To compare" not in adam.client.get("/audit?patient=41").text
    assert "Nothing in the log fits" in adam.client.get("/audit?to=2020-01-01").text
    assert adam.client.get("/audit?from=x&to=9999-12-31&action=x&patient=x&cursor=%00").status_code == 422


def test_an_export_of_the_log_is_safe_and_written_down(browser_of: Callable[[str], Browser], parts: Parts) -> None:
    append(parts, Action.VIEW, reason="=1+1")
    adam = browser_of("adam")
    token = adam.token("/audit")
    answer = adam.client.post("/audit/export", data={"csrf_token": token, "action": "view", "reason": "yearly review"})
    [head, row] = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert dict(zip(head, row, strict=True))["reason"] == "'=1+1"
    with parts.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == Action.EXPORT)).one()
    assert (event.actor, event.reason, event.details) == ("adam", "yearly review", '{"rows": 1}')


def test_the_log_stays_whole_whatever_the_pages_do(
    browser_of: Callable[[str], Browser], parts: Parts, seeded: Seeded
) -> None:
    browser_of("alice").client.get(f"/patients/{seeded.ids['patient_id']}")
    with parts.database.reading() as session:
        assert service.verify(session, key=parts.settings.secret_key, anchors={}).first_break is None
