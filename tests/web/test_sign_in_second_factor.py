"""Signing in with a code, and what an administrator must do before anything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import SignInSession, User
from app.accounts.rules.codes import code_at, step_at
from app.parts import Parts
from app.web.app import create_app
from tests.web.browser import PASSWORD, Browser


@pytest.fixture
def parts(parts: Parts) -> Parts:
    """A clock that stands: a code holds for 30 seconds, and would now and then be late by one between two lines."""
    moment = parts.now()
    return replace(parts, now=lambda: moment)


@pytest.fixture
def no_demo(parts: Parts, people: None) -> Iterator[Browser]:
    """A browser of an installation that is no demo."""
    yield Browser(create_app(replace(parts, settings=parts.settings.with_changes(demo=False))))


def post(browser: Browser, path: str, **form: str):  # type: ignore[no-untyped-def]
    return browser.client.post(path, data={"csrf_token": browser.token("/login"), **form})


def set_up(browser: Browser, parts: Parts) -> tuple[str, list[str]]:
    """Turn the second factor on; returns its secret and the recovery codes."""
    page = browser.client.get("/account/second-factor").text
    shown = re.search(r"secret-key[^>]*>([A-Z2-7 ]+)<", page)
    assert shown is not None
    secret = shown[1].replace(" ", "")
    # The code of the step before: the one of now stays for the sign-in that follows.
    done = post(browser, "/account/second-factor", code=code_at(secret, step_at(parts.now()) - 1))
    return secret, re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", done.text)


def sign_out(browser: Browser) -> None:
    post(browser, "/logout")


def test_administrator_sets_up_a_second_factor_before_anything_else(no_demo: Browser, parts: Parts) -> None:
    no_demo.sign_in("adam")
    for path in ("/wallboard", "/admin/staff", "/account"):
        assert no_demo.client.get(path).location == "/account/second-factor"
    assert no_demo.client.get("/api/v1/agents").status_code == 403
    set_up(no_demo, parts)
    assert no_demo.client.get("/admin/staff").status_code == 200


def test_other_roles_and_the_demo_do_without(no_demo: Browser, browser_of: Callable[[str], Browser]) -> None:
    no_demo.sign_in("bob")
    assert no_demo.client.get("/desk").status_code == 200
    assert browser_of("adam").client.get("/admin/staff").status_code == 200


def test_password_alone_opens_nothing_once_a_code_is_asked_for(browser: Browser, parts: Parts) -> None:
    browser.sign_in("bob")
    secret, _codes = set_up(browser, parts)
    sign_out(browser)
    asked = browser.sign_in("bob", next="/messages")
    assert asked.location == "/login/code?next=/messages"
    assert browser.client.get("/desk").status_code == 302
    assert post(browser, "/login/code", code="000000", next="/messages").status_code == 401
    right = post(browser, "/login/code", code=code_at(secret, step_at(parts.now())), next="/messages")
    assert right.location == "/messages"
    assert browser.client.get("/desk").status_code == 200


def test_recovery_code_opens_once(browser: Browser, parts: Parts) -> None:
    browser.sign_in("bob")
    _secret, codes = set_up(browser, parts)
    assert len(codes) == 10
    answers = []
    for _ in range(2):
        sign_out(browser)
        browser.sign_in("bob")
        answers.append(post(browser, "/login/code", code=codes[0]).status_code)
    assert answers == [302, 401]


def test_codes_cannot_be_guessed_on(browser: Browser, parts: Parts) -> None:
    browser.sign_in("bob")
    set_up(browser, parts)
    sign_out(browser)
    browser.sign_in("bob")
    for _ in range(5):
        post(browser, "/login/code", code="000000")
    assert "Too many wrong tries" in post(browser, "/login/code", code="000000").text


def test_page_of_the_code_needs_the_password_first(browser: Browser) -> None:
    assert browser.client.get("/login/code").location == "/login?next=/"
    assert post(browser, "/login/code", code="123456").location == "/login?next=/"


def test_token_of_such_an_account_needs_the_code(browser: Browser, app: APIFlask, parts: Parts) -> None:
    browser.sign_in("bob")
    secret, _codes = set_up(browser, parts)
    program, credentials = app.test_client(), {"username": "bob", "password": PASSWORD}
    without = program.post("/api/v1/tokens", json=credentials)
    code = code_at(secret, step_at(parts.now()))
    answers = [program.post("/api/v1/tokens", json=credentials | {"otp": code}).status_code for _ in range(2)]
    assert (without.status_code, without.json["field"], answers) == (401, "otp", [201, 401])


def test_administrator_without_a_code_gets_no_token(no_demo: Browser) -> None:
    answer = no_demo.client.post("/api/v1/tokens", json={"username": "adam", "password": PASSWORD})
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


def test_doing_without_takes_a_code(browser: Browser, parts: Parts) -> None:
    browser.sign_in("bob")
    secret, _codes = set_up(browser, parts)
    assert post(browser, "/account/second-factor/remove", code="000000").status_code == 422
    code = code_at(secret, step_at(parts.now()))
    assert post(browser, "/account/second-factor/remove", code=code).location == "/account"
    sign_out(browser)
    assert browser.sign_in("bob").location == "/"


def test_own_password_changes_for_the_present_one_and_ends_other_sign_ins(
    browser_of: Callable[[str], Browser],
) -> None:
    here, elsewhere = browser_of("bob"), browser_of("bob")
    new = {"password": "lotus-7-km-east", "again": "lotus-7-km-east"}
    refused = [
        post(here, "/account/password", present="wrong", **new).status_code,
        post(here, "/account/password", present=PASSWORD, password="bob", again="bob").status_code,
        post(here, "/account/password", present=PASSWORD, password="lotus-7-km-east", again="other").status_code,
    ]
    assert refused == [422] * 3
    assert post(here, "/account/password", present=PASSWORD, **new).location == "/account"
    assert (here.client.get("/desk").status_code, elsewhere.client.get("/desk").status_code) == (200, 302)
    assert elsewhere.sign_in("bob", "lotus-7-km-east").status_code == 302


def test_list_of_sign_ins_shows_the_others_and_ends_one(browser_of: Callable[[str], Browser]) -> None:
    here, elsewhere = browser_of("bob"), browser_of("bob")
    page = here.client.get("/account").text
    [path] = re.findall(r'action="(/account/sessions/[0-9a-f]{16}/end)"', page)
    assert "This browser" in page
    assert post(here, path).location == "/account"
    assert elsewhere.client.get("/desk").status_code == 302
    assert post(here, path).status_code == 404


def test_somebody_elses_sign_in_is_not_there(browser_of: Callable[[str], Browser], parts: Parts) -> None:
    browser_of("carol")
    with parts.database.reading() as session:
        query = select(SignInSession.key_hash).join(User).where(User.username == "carol")
        name = session.scalars(query).one()[:16]
    assert post(browser_of("bob"), f"/account/sessions/{name}/end").status_code == 404


def test_language_of_the_account_is_kept(browser_of: Callable[[str], Browser]) -> None:
    bob = browser_of("bob")
    assert post(bob, "/account/language", locale="zh_Hant").location == "/account?lang=zh-Hant"
    assert post(bob, "/account/language", locale="xx").status_code == 422
