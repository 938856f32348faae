"""Who may do what, and what a browser on another site cannot make us do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask import Flask

from app.accounts.rules import Role
from app.parts import Parts
from app.web.app import create_app
from tests.web.browser import Browser

# What a person may reach before signing in, or a machine without an account.
_OPEN_TO_ALL = {
    "static",
    "openapi.spec",
    "api_docs.show_api",
    "accounts.show_sign_in",
    "accounts.sign_in",
    "accounts.show_code",
    "accounts.sign_in_with_code",
    "tokens.create_token",
    "status.show_health",
    "status.show_metrics",
    "contact.show_form",
    "contact.send_message",
    "contact.show_thanks",
    "survey.show_survey",
    "survey.save_survey",
}


def test_every_view_says_who_may_call_it(app: APIFlask) -> None:
    silent = {name for name, view in app.view_functions.items() if not hasattr(view, "allowed_roles")}
    assert silent == set()


def test_only_the_way_in_is_open_to_all(app: APIFlask) -> None:
    opened = {name for name, view in app.view_functions.items() if not view.allowed_roles}  # type: ignore[attr-defined]
    assert opened == _OPEN_TO_ALL


def test_every_role_is_one_of_ours(app: APIFlask) -> None:
    named = {role for view in app.view_functions.values() for role in view.allowed_roles}  # type: ignore[attr-defined]
    assert named <= set(Role)


def test_view_that_nobody_classified_is_refused(parts: Parts, people: None) -> None:
    app = create_app(parts)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    signed_in = Browser(app)
    signed_in.sign_in("adam")
    answer = signed_in.client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/desk", "/wallboard", "/patients", "/messages", "/quality", "/calls"])
def test_page_sends_who_is_not_signed_in_to_the_sign_in(browser: Browser, path: str) -> None:
    assert browser.client.get(path).location == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/api/v1/queues", "/api/v1/agents", "/api/v1/patients", "/api/v1/messages"])
def test_api_tells_who_is_not_signed_in_so(browser: Browser, path: str) -> None:
    answer = browser.client.get(path)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_doctor_has_no_desk(browser_of: Callable[[str], Browser]) -> None:
    doctor = browser_of("dora").client
    assert doctor.get("/desk").status_code == 403
    assert 'href="/desk"' not in doctor.get("/wallboard").text


def test_garbled_bearer_token_is_no_sign_in(browser: Browser) -> None:
    for header in ("Bearer", "Bearer ", "Basic Ym9iOnc=", "Bearer " + "x" * 500, "Bearer not-a-token"):
        answer = browser.client.get("/api/v1/agents", headers={"Authorization": header})
        assert answer.status_code == 401


def test_bad_bearer_token_is_not_rescued_by_a_cookie(browser_of: Callable[[str], Browser]) -> None:
    answer = browser_of("bob").client.get("/api/v1/agents", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_form_from_another_site_is_refused(browser_of: Callable[[str], Browser]) -> None:
    signed_in = browser_of("bob").client
    assert signed_in.post("/logout").status_code == 400
    assert signed_in.get("/desk").status_code == 200


def test_json_call_by_cookie_needs_the_token_of_our_page(browser_of: Callable[[str], Browser]) -> None:
    bob = browser_of("bob")
    bare = bob.client.put("/api/v1/agents/carol/state", json={"state": "ready"})
    assert (bare.status_code, bare.json["code"]) == (400, "csrf_failed")
    proved = bob.send_json("PUT", "/api/v1/agents/carol/state", {"state": "ready"})
    assert (proved.status_code, proved.json["code"]) == (403, "not_allowed")


def test_bearer_call_needs_no_form_token(app: APIFlask, bearer_of: Callable[[str], dict[str, str]]) -> None:
    answer = app.test_client().put("/api/v1/agents/carol/state", json={"state": "ready"}, headers=bearer_of("bob"))
    assert answer.status_code == 403


def test_every_answer_carries_the_security_headers(browser_of: Callable[[str], Browser]) -> None:
    answer = browser_of("bob").client.get("/desk")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_page_may_reach_its_own_sockets_and_the_phone_and_nothing_else(parts: Parts, people: None) -> None:
    settings = parts.settings.with_changes(sip_ws_url="wss://phone.example:8089/ws")
    app: Flask = create_app(Parts(settings=settings, database=parts.database, bus=parts.bus))
    policy = app.test_client().get("/login").headers["Content-Security-Policy"]
    assert "connect-src 'self' ws://localhost wss://phone.example:8089;" in policy


def test_pages_have_no_inline_script_or_style(browser_of: Callable[[str], Browser]) -> None:
    bob = browser_of("bob").client
    for path in ("/desk", "/wallboard", "/api/docs", "/patients", "/nowhere"):
        page = bob.get(path).text
        scripts = page.count("<script") - page.count('<script type="application/json"') - page.count(' src="')
        assert scripts <= 0
        assert " style=" not in page
        assert " onclick=" not in page
