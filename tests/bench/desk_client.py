"""A desk without a browser: signs in, holds the live socket, proves itself, presses Ready again and again."""

from __future__ import annotations

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime
from typing import Any

import socketio

from tests.bench.hospital import PASSWORD


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class DeskClient:
    """One agent's desk at `url`. `state` is what the server last said the agent is doing."""

    def __init__(self, url: str, agent: str) -> None:
        self._url = url
        self._agent = agent
        self._page = uuid.uuid4().hex
        self.state = ""
        self.pops: dict[str, float] = {}
        """Seconds from the moment when Asterisk rang this agent until the call was here, by call."""
        self.socket = socketio.Client(reconnection=False)
        self.socket.on("prove", self._prove)
        self.socket.on("desk", self._see)

    def connect(self) -> None:
        self.socket.connect(self._url, headers={"Cookie": sign_in(self._url, self._agent)}, transports=["websocket"])

    def press_ready(self) -> dict[str, Any]:
        """The server's answer."""
        command = {"id": str(uuid.uuid4()), "kind": "set_ready", "args": {}}
        return dict(self.socket.call("command", command, timeout=8))

    def close(self) -> None:
        self.socket.disconnect()

    def _see(self, desk: dict[str, Any]) -> None:
        self.state = desk["agent"]["state"]
        call = desk["call"]
        if call and call["state"] == "ringing" and call["offered_at"]:
            age = time.time() - datetime.fromisoformat(call["offered_at"]).timestamp()
            self.pops.setdefault(call["id"], age)

    def _prove(self, question: dict[str, Any]) -> None:
        proof = {"nonce": question["nonce"], "page": self._page, "registered": True, "microphone": True}
        self.socket.emit("proof", proof | {"in_call": self.state == "talking"})


def sign_in(url: str, username: str, password: str = PASSWORD) -> str:
    """The cookies of a browser in which this person has signed in."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), _NoRedirect)
    page = opener.open(f"{url}/login?lang=en").read().decode()
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    form = {"username": username, "password": password, "csrf_token": found[1]}
    try:
        opener.open(f"{url}/login", urllib.parse.urlencode(form).encode()).read()
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def is_serving(port: int) -> bool:
    """Whether the application shows its sign-in page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
