"""The door of the websocket: who was never given a sign-in key does not get a connection, and so no thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from werkzeug.http import parse_cookie

from app.accounts import service as accounts
from app.db import Database
from app.http import SESSION_COOKIE

log = structlog.get_logger()


class KnownSessionsOnly:
    """Answers 401 to a Socket.IO request without a key that we once gave out, 503 while the database is away.

    A key whose sign-in has ended passes: its page is told so over the connection, which a bare 401 cannot do.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], database: Database) -> None:
        self._app = app
        self._database = database

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/socket.io"):
            return self._app(environ, start_response)
        try:
            is_known = self._is_known(parse_cookie(environ).get(SESSION_COOKIE, ""))
        except DBAPIError as error:
            log.warning("live.door_failed", error=type(error).__name__)
            return _turn_away(start_response, "503 Service Unavailable", b"Try again in a moment.")
        if not is_known:
            return _turn_away(start_response, "401 Unauthorized", b"Sign in first.")
        # Outside of any transaction: this call lasts as long as the page is open, and would hold a connection with it.
        return self._app(environ, start_response)

    def _is_known(self, key: str) -> bool:
        if not key:
            return False
        with self._database.reading() as session:
            return accounts.is_session_known(session, accounts.hash_key(key))


def _turn_away(start_response: Callable[..., Any], status: str, text: bytes) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
    return [text]
