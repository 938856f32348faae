"""The web application with a few people in it, and browsers to use it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from app.accounts import service
from app.accounts.rules import Role
from app.accounts.service import passwords
from app.parts import Parts
from app.queues.service import ensure_queues
from app.web.app import create_app, live_of
from tests.web.browser import PASSWORD, Browser
from tests.web.live_page import Page, PageOf


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """argon2 with its smallest cost: hundreds of sign-ins would otherwise be most of the run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True, scope="session")
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each test makes an application of its own, which would compile every template it shows anew."""
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": compiled})
        yield


@pytest.fixture
def people(parts: Parts) -> None:
    """alice supervises, bob is her agent, carol is elsewhere; dora is a doctor, quinn in quality, adam the admin."""
    roles = {
        "alice": Role.SUPERVISOR,
        "bob": Role.AGENT,
        "carol": Role.AGENT,
        "dora": Role.DOCTOR,
        "quinn": Role.QA,
        "adam": Role.ADMIN,
    }
    with parts.database.writing() as session:
        for username, role in roles.items():
            service.create_user(
                session,
                username=username,
                display_name=username.title(),
                role=role,
                password=PASSWORD,
                now=parts.now(),
            )
        ensure_queues(session, parts.settings, "Patient service centre")


@pytest.fixture
def app(parts: Parts, people: None) -> Iterator[APIFlask]:
    """The application with its bus and its live threads running."""
    made = create_app(parts)
    parts.bus.start()
    live_of(made).start()
    yield made
    live_of(made).stop()


@pytest.fixture
def browser(app: APIFlask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def browser_of(app: APIFlask) -> Callable[[str], Browser]:
    """Opens a browser in which this person is signed in."""

    def open_one(username: str) -> Browser:
        opened = Browser(app)
        assert opened.sign_in(username).status_code == 302
        return opened

    return open_one


@pytest.fixture
def bearer_of(app: APIFlask) -> Callable[[str], dict[str, str]]:
    """The headers of a program that acts for this person."""

    def make(username: str) -> dict[str, str]:
        answer = app.test_client().post("/api/v1/tokens", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 201
        return {"Authorization": f"Bearer {answer.json['token']}"}

    return make


@pytest.fixture
def page_of(app: APIFlask, browser_of: Callable[[str], Browser]) -> Iterator[PageOf]:
    """Opens a live page in which this person is signed in."""
    opened: list[Page] = []

    def open_one(username: str) -> Page:
        opened.append(Page(app, browser_of(username)))
        return opened[-1]

    yield open_one
    for page in opened:
        if page.client.is_connected():
            page.client.disconnect()
