"""The first page after signing in, and the manager's dashboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from app.access.models import UserGrant
from app.accounts.models import User
from app.calls.models import Call
from app.messages.models import Message
from app.missed_callers.models import CallbackRequest
from app.parts import Parts
from app.patients.models import Patient, PatientNote, PatientPhone
from app.worklist.service.lines import LINES
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def busy(parts: Parts, people: None) -> Parts:
    """A wish, a text and a caller who hung up wait."""
    now = parts.now()
    with parts.database.writing() as session:
        patient = Patient(name="<b>王秀兰</b>", sex="F", created_at=now, updated_at=now)
        patient.phones.append(PatientPhone(number="+8613800138000", kind="mobile", as_entered="13800138000"))
        session.add(patient)
        session.flush()
        session.add(PatientNote(patient_id=patient.id, kind="wish", text="<script>x</script>", at=now))
        session.add(
            Message(direction="in", kind="care", state="new", number="+8613800138000", text="?", created_at=now)
        )
        session.add(
            Call(
                id="c1", linkedid="c1", direction="inbound", state="abandoned", outcome="abandoned",
                number="+8613800138000", number_signalled="13800138000", dialled="4000", patient_id=patient.id,
                started_at=now - timedelta(hours=1), queued_at=now - timedelta(hours=1), ended_at=now,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            CallbackRequest(
                call_id="c1", last_call_id="c1", number="+8613800138000", patient_id=patient.id, since=now, last_at=now
            )
        )  # fmt: skip
    return parts


def posted(browser: Browser, path: str, form: dict[str, str]) -> TestResponse:
    return browser.client.post(path, data={**form, "csrf_token": browser.token("/wallboard")})


def test_the_first_page_says_what_waits_and_leads_to_each_list(busy: Parts, browser_of: BrowserOf) -> None:
    supervisor = browser_of("alice").client
    home = supervisor.get("/?lang=en", follow_redirects=True).text
    assert re.findall(r'work-count">(\d+)<', home) == ["1", "1", "1"]
    links = [link.replace("&amp;", "&") for link in re.findall(r'class="work-line" href="([^"]+)"', home)]
    assert {supervisor.get(link).status_code for link in links} == {200}


def test_a_missed_caller_can_be_called_back_without_the_number_being_shown(busy: Parts, browser_of: BrowserOf) -> None:
    page = browser_of("bob").client.get("/work/missed-callers?lang=en").text
    assert "138****8000" in page.replace(" ", "")
    assert "13800138000" not in page.replace(" ", "")
    bob = browser_of("bob")
    taken = posted(bob, "/work/missed-callers/1/take", {"phone": "1"})
    assert (taken.status_code, taken.headers["Location"]) == (303, "/desk?dial=1")
    page = bob.client.get("/work/missed-callers?lang=en&show=mine").text
    assert 'href="/desk?dial=1"' in page
    assert "13800138000" not in page.replace(" ", "")


def test_a_colleagues_caller_is_not_taken_and_one_that_is_closed_keeps_its_reason(
    busy: Parts, browser_of: BrowserOf
) -> None:
    bob, carol, alice = browser_of("bob"), browser_of("carol"), browser_of("alice")
    posted(bob, "/work/missed-callers/1/take", {})
    assert posted(carol, "/work/missed-callers/1/take", {"phone": "1"}).headers["Location"].startswith("/work/missed")
    assert "A colleague has just taken this caller." in carol.client.get("/work/missed-callers?lang=en").text
    posted(alice, "/work/missed-callers/1/close", {"reason": "<i>came</i>"})
    page = alice.client.get("/work/missed-callers?lang=en&show=closed").text
    assert "&lt;i&gt;came&lt;/i&gt;" in page
    assert "<i>came" not in page


def test_what_patients_wrote_is_text_and_nothing_else(busy: Parts, browser_of: BrowserOf) -> None:
    page = browser_of("dora").client.get("/work/wishes").text
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<b>王秀兰</b>" not in page


@pytest.mark.parametrize("username", ["bob", "quinn", "dora"])
def test_the_dashboard_is_for_managers(browser_of: BrowserOf, username: str) -> None:
    assert browser_of(username).client.get("/reports").status_code == 403


def test_a_manager_without_the_grant_has_no_dashboard(parts: Parts, browser_of: BrowserOf) -> None:
    supervisor = browser_of("alice").client
    assert supervisor.get("/reports").status_code == 200
    with parts.database.writing() as session:
        user_id = session.query(User.id).filter(User.username == "alice").scalar()
        session.add(UserGrant(user_id=user_id, module="reports", can_view=False))
    assert supervisor.get("/reports").status_code == 404


def test_the_dashboard_shows_figures_and_no_person(busy: Parts, browser_of: BrowserOf) -> None:
    today = busy.now().astimezone(busy.settings.timezone).date()
    page = browser_of("alice").client.get(f"/reports?from={today}&to={today}&lang=en").text
    assert "Are our callers answered?" in page
    assert '<svg class="report-chart"' in page
    assert "王秀兰" not in page
    assert "13800138000" not in page.replace(" ", "")


@pytest.mark.parametrize("query", ["from=x&to=y", "from=9999-12-31", "from=0001-01-01&to=2100-12-31", "to=1990-01-01"])
def test_any_period_in_the_address_is_answered(browser_of: BrowserOf, query: str) -> None:
    assert browser_of("alice").client.get(f"/reports?{query}").status_code == 200


def test_every_line_of_the_work_list_has_its_list(app: APIFlask) -> None:
    assert {item.endpoint for item in LINES} <= set(app.view_functions)
    assert all(item.roles <= app.view_functions[item.endpoint].allowed_roles for item in LINES)  # type: ignore[attr-defined, operator]
