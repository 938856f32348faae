"""Signing in, staying in, getting out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import APIToken, SignInSession
from app.accounts.service import find_user, hash_key, sip_password
from app.configuration import service as configuration
from app.configuration.rules import IDLE_MINUTES
from app.parts import Parts
from app.web.app import create_app
from tests.web.browser import PASSWORD, Browser


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self, parts: Parts) -> None:
        self.ahead = timedelta(0)
        self._now = parts.now

    def __call__(self):  # type: ignore[no-untyped-def]
        return self._now() + self.ahead


@pytest.fixture
def clock(parts: Parts) -> Clock:
    return Clock(parts)


@pytest.fixture
def timed(parts: Parts, people: None, clock: Clock) -> Iterator[Browser]:
    yield Browser(create_app(replace(parts, now=clock)))


def test_agent_comes_to_the_desk_after_signing_in(browser: Browser) -> None:
    answer = browser.sign_in("bob")
    assert answer.status_code == 302
    page = browser.client.get("/", follow_redirects=True)
    assert page.request.path == "/desk"
    assert 'id="desk-config"' in page.text


def test_each_role_starts_where_its_work_is(browser_of: Callable[[str], Browser]) -> None:
    starts = {name: browser_of(name).client.get("/").location for name in ("bob", "alice", "quinn", "dora", "adam")}
    assert starts == {
        "bob": "/desk",
        "alice": "/work",
        "quinn": "/work",
        "dora": "/work",
        "adam": "/work",
    }


def test_sign_in_page_labels_its_fields(browser: Browser) -> None:
    page = browser.client.get("/login?lang=en").text
    assert '<label class="form-label" for="username">Username</label>' in page
    assert '<label class="form-label" for="password">Password</label>' in page
    assert ">Sign in</button>" in page


def test_wrong_password_and_unknown_name_get_the_same_answer(browser: Browser) -> None:
    wrong, unknown = browser.sign_in("bob", "not-this-one"), browser.sign_in("nobody", "not-this-one")
    assert wrong.status_code == unknown.status_code == 401
    alert = wrong.text[wrong.text.index('role="alert"') :][:300]
    assert alert in unknown.text


def test_account_rests_after_five_wrong_passwords_and_opens_again(timed: Browser, clock: Clock) -> None:
    for _ in range(5):
        assert timed.sign_in("bob", "not-this-one").status_code == 401
    assert timed.sign_in("bob").status_code == 401
    clock.ahead = timedelta(seconds=31)
    assert timed.sign_in("bob").status_code == 302


def test_rest_grows_with_each_further_wrong_password_and_says_how_long(timed: Browser, clock: Clock) -> None:
    for _ in range(5):
        timed.sign_in("bob", "not-this-one")
    clock.ahead = timedelta(seconds=31)
    timed.sign_in("bob", "not-this-one")
    assert re.search(r"Try again in (5[5-9]|60) seconds", timed.sign_in("bob").text)


def test_right_password_clears_the_count_of_wrong_ones(timed: Browser) -> None:
    for _ in range(2):
        for _ in range(4):
            timed.sign_in("bob", "not-this-one")
        assert timed.sign_in("bob").status_code == 302
        timed.client.delete_cookie("wardline_device")


def test_sign_in_ends_after_two_idle_hours(timed: Browser, clock: Clock) -> None:
    timed.sign_in("bob")
    clock.ahead = timedelta(hours=1, minutes=59)
    assert timed.client.get("/desk").status_code == 200
    clock.ahead += timedelta(hours=2, minutes=1)
    assert timed.client.get("/desk").location == "/login?next=/desk"


def test_idle_limit_is_the_one_that_was_set_last(timed: Browser, clock: Clock, parts: Parts) -> None:
    timed.sign_in("bob")
    with parts.database.writing() as session:
        configuration.set_value(session, IDLE_MINUTES, 30, by="adam", now=parts.now())
    clock.ahead = timedelta(minutes=29)
    assert timed.client.get("/desk").status_code == 200
    clock.ahead += timedelta(minutes=31)
    assert timed.client.get("/desk").status_code == 302


def test_sign_in_ends_after_twelve_hours_of_use(timed: Browser, clock: Clock) -> None:
    timed.sign_in("bob")
    for _ in range(7):
        clock.ahead += timedelta(hours=1, minutes=40)
        assert timed.client.get("/desk").status_code == 200
    clock.ahead = timedelta(hours=12, minutes=1)
    assert timed.client.get("/desk").status_code == 302


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.sign_in("bob").headers["Set-Cookie"]
    assert cookie.startswith("wardline_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_cookies_are_secure_behind_tls(parts: Parts, people: None) -> None:
    settings = parts.settings.with_changes(secure_cookies=True)
    behind_tls = Browser(create_app(replace(parts, settings=settings)))
    headers = {"X-Forwarded-Proto": "https", "Referer": "https://localhost/login"}
    page = behind_tls.client.get("https://localhost/login", headers=headers)
    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")


def test_key_changes_with_each_sign_in_and_only_its_hash_is_kept(browser: Browser, parts: Parts) -> None:
    keys = []
    for _ in range(2):
        browser.sign_in("bob")
        cookie = browser.client.get_cookie("wardline_session")
        assert cookie is not None
        keys.append(cookie.value)
        browser.client.post("/logout", data={"csrf_token": browser.token("/desk")})
    assert keys[0] != keys[1]
    with parts.database.reading() as session:
        kept = set(session.scalars(select(SignInSession.key_hash)))
    assert kept == {hash_key(key) for key in keys}


def test_signed_out_key_opens_nothing(browser: Browser) -> None:
    browser.sign_in("bob")
    cookie = browser.client.get_cookie("wardline_session")
    assert cookie is not None
    assert browser.client.post("/logout", data={"csrf_token": browser.token("/desk")}).location == "/login"
    browser.client.set_cookie("wardline_session", cookie.value)
    assert browser.client.get("/desk").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "evil.example"],
)
def test_sign_in_never_leads_to_another_site(browser: Browser, target: str) -> None:
    assert browser.sign_in("bob", next=target).location == "/"


def test_sign_in_returns_to_the_page_that_was_asked_for(browser: Browser) -> None:
    asked = browser.client.get("/desk?dial=3")
    assert asked.location == "/login?next=/desk?dial%3D3"
    assert browser.sign_in("bob", next="/desk?dial=3").location == "/desk?dial=3"


def test_deactivated_account_is_out_at_once(browser: Browser, parts: Parts) -> None:
    browser.sign_in("bob")
    with parts.database.writing() as session:
        user = find_user(session, "bob")
        assert user is not None
        user.is_active = False
    assert browser.client.get("/desk").status_code == 302
    assert browser.sign_in("bob").status_code == 401


def test_token_opens_the_api_and_is_kept_as_a_hash(
    app: APIFlask, bearer_of: Callable[[str], dict[str, str]], parts: Parts
) -> None:
    headers = bearer_of("bob")
    assert app.test_client().get("/api/v1/agents", headers=headers).status_code == 200
    with parts.database.reading() as session:
        kept = session.scalars(select(APIToken.token_hash)).one()
    assert kept == hash_key(headers["Authorization"].removeprefix("Bearer "))


def test_token_ends_after_thirty_days(timed: Browser, clock: Clock) -> None:
    answer = timed.client.post("/api/v1/tokens", json={"username": "bob", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    clock.ahead = timedelta(days=30, seconds=1)
    assert timed.client.get("/api/v1/agents", headers=headers).status_code == 401


def test_wrong_credentials_get_no_token(app: APIFlask) -> None:
    answer = app.test_client().post("/api/v1/tokens", json={"username": "bob", "password": "not-this-one"})
    assert answer.status_code == 401
    assert answer.json["code"] == "unauthenticated"


def test_phone_password_differs_by_person_and_by_installation() -> None:
    assert sip_password("key", "bob") == sip_password("key", "bob")
    assert len({sip_password("key", "bob"), sip_password("key", "carol"), sip_password("other", "bob")}) == 3
