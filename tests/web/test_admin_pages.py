"""The administration in the pages: who gets in, what it changes, and how fast access ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.service import find_user
from app.configuration import service as configuration
from app.configuration.rules import IDLE_MINUTES
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient
from tests.waiting import wait_for
from tests.web.browser import Browser
from tests.web.live_page import PageOf

BrowserOf = Callable[[str], Browser]
HOSTILE = "<img src=x onerror=alert(1)> \"'=1+1"
PATHS = (
    *("/admin/staff", "/admin/staff/new", "/admin/departments", "/admin/access/roles/agent", "/admin/codes"),
    *("/admin/codes/region", "/admin/fields", "/admin/fields/patient/new", "/admin/settings", "/admin/exchange"),
)


def post(browser: Browser, path: str, **form: Any):  # type: ignore[no-untyped-def]
    return browser.client.post(path, data={"csrf_token": browser.token("/account"), **form})


def id_of(parts: Parts, username: str) -> int:
    with parts.database.reading() as session:
        return session.scalars(select(User.id).where(User.username == username)).one()


def person(**changes: str) -> dict[str, str]:
    return {"display_name": "Bob", "role": "agent", "department_id": "", "locale": "", **changes}


@pytest.fixture
def adam(browser_of: BrowserOf) -> Browser:
    return browser_of("adam")


def test_every_part_opens_for_the_administrator_and_for_nobody_else(adam: Browser, browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    assert {path: adam.client.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, 200)
    assert {path: alice.client.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, 403)
    assert 'href="/admin"' not in alice.client.get("/account").text


def test_what_is_not_there_is_not_found(adam: Browser) -> None:
    paths = (
        *("/admin/staff/999", "/admin/staff/99999999999", "/admin/departments/99999999999", "/admin/codes/none"),
        *("/admin/codes/region/items/none", "/admin/codes/region?below=x", "/admin/fields/none/new"),
        *("/admin/fields/patient/none", "/admin/access/roles/king", "/admin/access/users/999", "/requests/99999999999"),
    )
    assert {path: adam.client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_new_account_signs_in_and_its_new_role_ends_that(adam: Browser, app: Any, parts: Parts) -> None:
    made = post(adam, "/admin/staff/new", username="erin", password="lotus-7-km", **person(display_name="Erin"))
    erin = Browser(app)
    assert (made.status_code, erin.sign_in("erin", "lotus-7-km").status_code) == (302, 302)
    saved = post(
        adam, made.location, **person(display_name="Erin", role="qa", extension="8001", mobile="138 0013 8000")
    )
    assert saved.status_code == 302
    assert erin.client.get("/desk").status_code == 302
    assert "138 0013 8000" in adam.client.get(made.location).text


def test_account_that_cannot_be_says_why_beside_its_field(adam: Browser) -> None:
    wrong = {"username": "bob", "password": "short", "role": "king", "mobile": "12", "extension": "x"}
    right = {"username": "erin", "password": "lotus-7-km", **person()}
    for name, value in wrong.items():
        answer = post(adam, "/admin/staff/new", **{**right, name: value})
        assert (answer.status_code, f'href="#field-{name}"' in answer.text) == (422, True)


def test_live_page_ends_within_two_seconds_when_somebody_leaves(adam: Browser, page_of: PageOf, parts: Parts) -> None:
    page = page_of("bob")
    assert post(adam, f"/admin/staff/{id_of(parts, 'bob')}/leave").status_code == 302
    wait_for(lambda: not page.client.is_connected(), seconds=2, what="the end of the live page")


def test_live_page_ends_within_two_seconds_when_the_role_changes(adam: Browser, page_of: PageOf, parts: Parts) -> None:
    page = page_of("bob")
    assert post(adam, f"/admin/staff/{id_of(parts, 'bob')}", **person(role="doctor")).status_code == 302
    wait_for(lambda: not page.client.is_connected(), seconds=2, what="the end of the live page")


def test_who_leaves_hands_over_first(adam: Browser, parts: Parts) -> None:
    now = parts.now()
    with parts.database.writing() as session:
        session.add(Patient(name="Test", owner="bob", created_at=now, updated_at=now, active_at=now))
    path = f"/admin/staff/{id_of(parts, 'bob')}/leave"
    assert post(adam, path).status_code == 422
    assert post(adam, path, receiver="user:carol").status_code == 302
    with parts.database.reading() as session:
        bob = find_user(session, "bob")
        assert (session.scalars(select(Patient.owner)).one(), bob and bob.is_active) == ("carol", False)


def test_administrator_does_not_end_the_own_access(adam: Browser, parts: Parts) -> None:
    assert post(adam, f"/admin/staff/{id_of(parts, 'adam')}/leave").status_code == 422


def test_setting_holds_without_a_restart(adam: Browser, parts: Parts) -> None:
    assert post(adam, "/admin/settings/sign_in.idle_minutes", value="45").status_code == 302
    assert post(adam, "/admin/settings/sign_in.idle_minutes", value="many").status_code == 422
    with parts.database.reading() as session:
        assert configuration.value(session, IDLE_MINUTES) == 45
    assert "From 5 to 720" in adam.client.get("/admin/settings").text


def test_scope_of_a_role_holds_from_the_next_click(adam: Browser, browser_of: BrowserOf, parts: Parts) -> None:
    now = parts.now()
    with parts.database.writing() as session:
        session.add(Patient(name="Somebody Else", created_at=now, updated_at=now, active_at=now))
    bob = browser_of("bob")
    before = bob.client.get("/api/v1/patients").json["items"]
    grant = {"can_view": "1", "can_write": "1", "reach": "own", "with_sub_departments": "1", "mask": "masked"}
    modules = ("contact", "clinical", "calls", "messages", "recordings", "followups", "reports", "export", "download")
    form = {f"{module}-{name}": value for module in modules for name, value in grant.items()}
    assert post(adam, "/admin/access/roles/agent", **form).status_code == 302
    assert (len(before), bob.client.get("/api/v1/patients").json["items"]) == (1, [])
    page = adam.client.get(f"/admin/access/users/{id_of(parts, 'bob')}?count=1").text
    assert "Sees only what this person made, owns or was given." in page


def test_exception_for_one_user_goes_before_the_role(adam: Browser, parts: Parts) -> None:
    path = f"/admin/access/users/{id_of(parts, 'bob')}"
    assert post(adam, path, **{"contact-days": "7", "contact-mask": "clear"}).status_code == 302
    assert "Sees the last 7 days only." in adam.client.get(path).text
    assert post(adam, path, **{"contact-days": "seven"}).status_code == 422


def test_departments_are_made_and_moved_in_the_pages(adam: Browser, parts: Parts) -> None:
    for code in ("MED", "CARD"):
        post(adam, "/admin/departments", code=code, name=f"{code} {HOSTILE}", kind="clinical", parent_id="")
    with parts.database.reading() as session:
        med, card = session.scalars(select(Department.id).order_by(Department.code.desc()))
    form = {"name": "Cardiology", "code": "CARD", "kind": "clinical", "is_active": "1"}
    assert post(adam, f"/admin/departments/{card}", parent_id=str(med), **form).status_code == 302
    assert post(adam, f"/admin/departments/{med}", parent_id=str(card), **(form | {"code": "MED"})).status_code == 422
    page = adam.client.get("/admin/departments").text
    assert "tree-1" in page
    assert "<img src=x" not in page


def test_code_and_field_are_added_and_no_longer_offered(adam: Browser) -> None:
    assert post(adam, "/admin/codes/flag", code="test", name=HOSTILE).status_code == 302
    assert post(adam, "/admin/codes/flag", code="test", name="Again").status_code == 422
    assert post(adam, "/admin/codes/flag/items/test", name="Renamed").status_code == 302
    page = adam.client.get("/admin/codes/flag").text
    assert ("Renamed" in page, "No longer offered" in page) == (True, True)
    new = {"key": "blood_group", "label": HOSTILE, "kind": "choice", "options": "A\nB"}
    assert post(adam, "/admin/fields/patient/new", **new).status_code == 302
    assert post(adam, "/admin/fields/patient/new", **new).status_code == 422
    assert post(adam, "/admin/fields/patient/blood_group", label="Blood", options="A\nB\nAB").status_code == 302
    assert "<img src=x" not in adam.client.get("/admin/fields").text


def test_file_is_tried_before_it_is_taken_over(adam: Browser, parts: Parts) -> None:
    everything = adam.client.get("/admin/exchange/file").json
    everything["settings"]["hospital.name"] = "示范医院"
    file = (io.BytesIO(json.dumps(everything).encode()), "settings.json")
    tried = post(adam, "/admin/exchange", file=file)
    assert ("hospital.name" in tried.text, "1 entry would change" in tried.text) == (True, True)
    assert adam.client.get("/admin/exchange/file").json["settings"] == {}
    assert post(adam, "/admin/exchange/apply", text=json.dumps(everything)).status_code == 302
    assert adam.client.get("/admin/exchange/file").json["settings"] == {"hospital.name": "示范医院"}


def test_file_of_something_else_changes_nothing(adam: Browser) -> None:
    for content in (b"", b"\xff\xfe\x00", b"{}", b"[[[[", b'{"wardline":1}'):
        assert post(adam, "/admin/exchange", file=(io.BytesIO(content), "x.json")).status_code == 422


def test_request_goes_to_a_department_and_is_taken_and_answered_there(browser_of: BrowserOf, parts: Parts) -> None:
    post(browser_of("adam"), "/admin/departments", code="PSC", name="Centre", kind="service_centre", parent_id="")
    with parts.database.writing() as session:
        department_id = session.scalars(select(Department.id)).one()
        for user in session.scalars(select(User).where(User.username.in_(["bob", "carol"]))):
            user.department_id = department_id
    dora, bob, carol = browser_of("dora"), browser_of("bob"), browser_of("carol")
    asked = post(dora, "/requests", title=HOSTILE, text="Please", department_id=str(department_id))
    path = asked.location
    answers = [
        post(dora, f"{path}/take").status_code,
        post(bob, f"{path}/take").status_code,
        post(carol, f"{path}/take").status_code,
        post(carol, f"{path}/answer", answer="Done").status_code,
        post(bob, f"{path}/answer", answer="Done").status_code,
    ]
    assert answers == [409, 302, 409, 422, 302]
    assert "<img src=x" not in dora.client.get("/requests?view=asked").text
