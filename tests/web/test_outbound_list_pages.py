"""Outbound lists as people use them in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.followups.models import FollowupTask
from app.outbound_lists import tasks
from app.outbound_lists.models import OutboundList
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def people_chosen(parts: Parts) -> str:
    """Wang and Li have mobiles, Zhao has none, Qian has died."""
    now = parts.now()
    made = [Patient(name=name, created_at=now, updated_at=now) for name in ("Wang", "Li", "Zhao", "Qian")]
    for place, patient in enumerate(made):
        if patient.name != "Zhao":
            patient.phones = [PatientPhone(number=f"+861380013800{place}", kind="mobile", as_entered="-")]
    made[3].deceased_at = now
    with parts.database.writing() as session:
        session.add_all(made)
        session.flush()
        return ",".join(str(patient.id) for patient in made)


def _post(browser: Browser, path: str, form: dict[str, Any] | None = None) -> Any:
    data = {"csrf_token": browser.token("/outbound-lists/new"), **(form or {})}
    return browser.client.post(path, data=data)


def _make(parts: Parts, browser: Browser, people: str, **more: Any) -> str:
    form = {
        "name": "Spring",
        "people": people,
        "purpose": "satisfaction",
        "dialling": "preview",
        "first_day": (parts.now() + timedelta(days=1)).date().isoformat(),
        "day_count": "2",
        "weekends": "1",
        "script": "How are you?",
        "agents": ["bob", "carol"],
    }
    answer = _post(browser, "/outbound-lists/new", form | more)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def _work(parts: Parts) -> None:
    for list_id in tasks.due_lists(parts):
        tasks.work_on(parts, list_id)


def test_a_list_is_written_looked_at_started_paused_and_stopped_through_its_pages(
    parts: Parts, browser_of: BrowserOf, people_chosen: str
) -> None:
    alice, bob = browser_of("alice"), browser_of("bob")
    assert "There are no outbound lists yet." in alice.client.get("/outbound-lists").text
    path = _make(parts, alice, people_chosen)
    assert "Start the list" in alice.client.get(path).text
    preview = alice.client.get(f"{path}/preview").text
    assert "No telephone number that holds" in preview
    assert "Has died" in preview
    assert bob.client.get(f"{path}/preview").status_code == 403
    _post(alice, f"{path}/start")
    _work(parts)
    shown = alice.client.get(path).text
    assert "Running" in shown
    assert "Has died" in shown
    assert "Spring" in bob.client.get("/outbound-lists").text
    people = bob.client.get(f"{path}/people?state=planned").text
    assert "Wang" in people
    assert "Li" in people
    assert "Qian" not in people
    _post(alice, f"{path}/pause")
    assert "Go on" in alice.client.get(path).text
    _post(alice, f"{path}/stop")
    assert tasks.tidy(parts) == 2
    assert "Stopped" in alice.client.get(path).text
    with parts.database.reading() as session:
        states = dict(session.execute(select(FollowupTask.state, func.count()).group_by(FollowupTask.state)).all())
    assert states == {"cancelled": 2}


def test_agents_see_only_lists_that_they_work_on(parts: Parts, browser_of: BrowserOf, people_chosen: str) -> None:
    alice, bob, carol = browser_of("alice"), browser_of("bob"), browser_of("carol")
    path = _make(parts, alice, people_chosen, agents=["carol"])
    _post(alice, f"{path}/start")
    _work(parts)
    assert "Spring" in carol.client.get("/outbound-lists").text
    assert "Spring" not in bob.client.get("/outbound-lists").text
    assert bob.client.get(path).status_code == 404
    assert bob.client.get("/outbound-lists/new").status_code == 403


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": " "}, "name"),
        ({"people": ""}, "segment"),
        ({"first_day": "yesterday"}, "first_day"),
        ({"first_day": "2020-01-06"}, "days"),
        ({"day_count": "61"}, "day_count"),
        ({"opens": "20", "closes": "9"}, "closes"),
        ({"calls_per_minute": "99999"}, "calls_per_minute"),
        ({"agents": ["nobody"]}, "agents"),
        ({"questionnaire": "77"}, "questionnaire"),
        ({"dialling": "automatic", "script": ""}, "script"),
    ],
)
def test_what_cannot_be_a_list_is_refused_beside_its_field(
    parts: Parts, browser_of: BrowserOf, people_chosen: str, form: dict[str, Any], field: str
) -> None:
    alice = browser_of("alice")
    usual = {
        "name": "Spring", "people": people_chosen, "first_day": (parts.now() + timedelta(days=3)).date().isoformat()
    }  # fmt: skip
    answer = _post(alice, "/outbound-lists/new", usual | form)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    with parts.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OutboundList)) == 0
