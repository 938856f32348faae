"""The door of the websocket: what it costs to stand open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.http import SESSION_COOKIE
from app.parts import Parts
from app.web.live.gate import KnownSessionsOnly
from tests.web.browser import Browser


@pytest.fixture
def request_of_bob(browser_of: Callable[[str], Browser]) -> dict[str, Any]:
    cookie = browser_of("bob").client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return {"PATH_INFO": "/socket.io/", "HTTP_COOKIE": f"{SESSION_COOKIE}={cookie.value}"}


def test_an_open_page_holds_no_connection_to_the_database(parts: Parts, request_of_bob: dict[str, Any]) -> None:
    held: list[int] = []

    def stay(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """What lasts as long as the page is open."""
        held.append(parts.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return []

    before = parts.database.engine.pool.checkedout()  # type: ignore[attr-defined]
    KnownSessionsOnly(stay, parts.database)(request_of_bob, lambda *_: None)
    assert held == [before]


def test_a_page_is_told_to_come_back_while_the_database_is_away(parts: Parts, request_of_bob: dict[str, Any]) -> None:
    def fail(connection: Any) -> None:
        raise OperationalError("SELECT", {}, ConnectionError("the database is away"))

    event.listen(parts.database.engine, "begin", fail)
    statuses: list[str] = []
    KnownSessionsOnly(lambda *_: [], parts.database)(request_of_bob, lambda status, _headers: statuses.append(status))
    event.remove(parts.database.engine, "begin", fail)
    assert statuses == ["503 Service Unavailable"]
