"""A browser of one person."""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "wardline-tests"


class Browser:
    """A browser of one person: keeps cookies, reads the form token from the page, sends it back."""

    def __init__(self, app: APIFlask) -> None:
        self.client: FlaskClient = app.test_client()
        self.client.set_cookie("wardline_lang", "en")

    def token(self, path: str = "/login") -> str:
        page = self.client.get(path, follow_redirects=True).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        return found[1]

    def sign_in(self, username: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        form = {"username": username, "password": password, "csrf_token": self.token(), **fields}
        return self.client.post("/login", data=form)

    def send_json(self, method: str, path: str, body: Any) -> TestResponse:
        headers = {"X-CSRFToken": self.token("/wallboard")}
        return self.client.open(path, method=method, json=body, headers=headers)
