"""Which language a page speaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.service import find_user
from app.parts import Parts
from tests.web.browser import Browser


@pytest.fixture
def visitor(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK,en;q=0.5", "zh-Hant"),
        ("zh-Hant-TW", "zh-Hant"),
        ("de-DE, en;q=0.3", "en"),
        ("de", "zh-Hans"),
        ("", "zh-Hans"),
    ],
)
def test_browser_language_is_followed_else_the_hospitals(visitor: FlaskClient, accepted: str, tag: str) -> None:
    assert f'<html lang="{tag}"' in visitor.get("/login", headers={"Accept-Language": accepted}).text


def test_explicit_choice_is_remembered(visitor: FlaskClient) -> None:
    visitor.get("/login?lang=zh-Hant")
    assert '<html lang="zh-Hant"' in visitor.get("/login", headers={"Accept-Language": "en"}).text


def test_unknown_choice_changes_nothing(visitor: FlaskClient) -> None:
    page = visitor.get("/login?lang=xx", headers={"Accept-Language": "en"})
    assert '<html lang="en"' in page.text
    assert "wardline_lang" not in page.headers.get("Set-Cookie", "")


def test_persons_own_language_comes_before_the_browsers(browser_of: Callable[[str], Browser], parts: Parts) -> None:
    with parts.database.writing() as session:
        user = find_user(session, "bob")
        assert user is not None
        user.locale = "zh_Hant"
    bob = browser_of("bob").client
    bob.delete_cookie("wardline_lang")
    assert '<html lang="zh-Hant"' in bob.get("/desk", headers={"Accept-Language": "en"}).text


def test_desk_gets_its_words_in_the_pages_language(browser_of: Callable[[str], Browser]) -> None:
    bob = browser_of("bob").client
    assert '"label": "Appointment"' in bob.get("/desk?lang=en").text
    assert '"locale": "zh-Hans"' in bob.get("/desk?lang=zh-Hans").text


def test_language_switch_keeps_the_rest_of_the_address(browser_of: Callable[[str], Browser]) -> None:
    page = browser_of("bob").client.get("/wallboard?view=big&lang=en").text
    assert "/wallboard?view=big&amp;lang=zh-Hans" in page
