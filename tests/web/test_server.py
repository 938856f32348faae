"""The real server in its own process, and real clients."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

import pytest
import socketio

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.parts import Parts
from app.schema import upgrade_schema
from app.settings import Settings
from tests.ports import free_port
from tests.waiting import wait_for
from tests.web.browser import PASSWORD

_SERVE = """
import sys
from app.errors import SettingsError
from app.parts import Parts
from app.settings import Settings
from app.web.server import run_web

def build():
    parts = Parts.open(Settings.from_env())
    return parts, parts.close

try:
    run_web(build, int(sys.argv[1]))
except SettingsError as error:
    sys.exit(error.detail)
"""


class Server:
    """A server process and the address it answers at."""

    def __init__(self, parts: Parts, port: int) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            "WARDLINE_DATA_DIR": str(parts.settings.data_dir),
            "WARDLINE_DATABASE_URL": parts.settings.database_url,
            "WARDLINE_SECRET_KEY": parts.settings.secret_key,
        }
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(port)], env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def is_answering(self) -> bool:
        try:
            return self.status_of("/login") == 200
        except OSError:
            return False

    def status_of(self, path: str, **headers: str) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            with connection.getresponse() as answer:
                return answer.status


def _start(parts: Parts) -> Iterator[Server]:
    started = Server(parts, free_port())
    try:
        wait_for(started.is_answering, seconds=30, what="the server's first answer")
        yield started
    finally:
        started.process.kill()
        started.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A database with one agent, for all servers of these tests."""
    folder = tmp_path_factory.mktemp("hospital")
    key = "tests-only-secret-key-of-more-than-32-characters"
    settings = Settings.from_env({"WARDLINE_DATA_DIR": str(folder), "WARDLINE_SECRET_KEY": key})
    upgrade_schema(settings.database_url)
    parts = Parts.open(settings)
    with parts.database.writing() as session:
        create_user(session, username="bob", display_name="Bob", role=Role.AGENT, password=PASSWORD, now=parts.now())
    yield parts
    parts.close()


@pytest.fixture(scope="module")
def server(hospital: Parts) -> Iterator[Server]:
    """A server that the tests share, and leave as it is."""
    yield from _start(hospital)


@pytest.fixture
def own_server(hospital: Parts) -> Iterator[Server]:
    """A server that a test may end."""
    yield from _start(hospital)


def session_cookie(server: Server, username: str) -> str:
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    with opener.open(f"{server.address}/login?lang=en") as answer:
        page = answer.read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"username": username, "password": PASSWORD, "csrf_token": token[1]}
    opener.open(f"{server.address}/login", urlencode(form).encode()).close()
    return next(f"{cookie.name}={cookie.value}" for cookie in cookies if cookie.name == "wardline_session")


def test_desk_connects_over_a_real_websocket_and_stops_with_the_server(own_server: Server) -> None:
    received: dict[str, Any] = {}
    client = socketio.Client(reconnection=False)
    client.on("*", lambda event, *payload: received.update({event: payload[0] if payload else None}))
    client.connect(own_server.address, headers={"Cookie": session_cookie(own_server, "bob")}, transports=["websocket"])
    wait_for(lambda: {"desk", "board", "inbox", "prove"} <= received.keys(), what="all streams")
    assert received["desk"]["agent"]["id"] == "bob"
    answer = client.call("command", {"id": "no uuid", "kind": "set_ready"}, timeout=5)
    assert answer["code"] == "invalid_input"
    own_server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: not client.connected, seconds=2, what="the end of the connection")
    assert own_server.process.wait(timeout=3) == 0


def test_interrupt_ends_the_server_cleanly(own_server: Server) -> None:
    own_server.process.send_signal(signal.SIGINT)
    assert own_server.process.wait(timeout=3) == 0
    assert own_server.process.stderr is not None
    assert b"Traceback" not in own_server.process.stderr.read()


def test_stranger_gets_no_websocket(server: Server) -> None:
    client = socketio.Client(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.address, transports=["websocket"])


def test_other_site_cannot_open_a_socket_with_our_cookie(server: Server) -> None:
    status = server.status_of(
        "/socket.io/?EIO=4&transport=websocket",
        Cookie=session_cookie(server, "bob"),
        Origin="https://evil.example",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
    )
    assert status == 400


def test_long_polling_is_not_offered(server: Server) -> None:
    cookie = session_cookie(server, "bob")
    assert server.status_of("/socket.io/?EIO=4&transport=polling", Cookie=cookie) == 400


def test_taken_port_is_told_in_one_line(server: Server, hospital: Parts) -> None:
    second = Server(hospital, server.port)
    _, complaint = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    lines = complaint.decode().strip().splitlines()
    assert lines[-1] == f"WARDLINE_PORT: port {server.port} is taken by another program"
    assert "Traceback" not in complaint.decode()


def test_worker_that_dies_is_replaced(own_server: Server) -> None:
    children = subprocess.run(
        ["ps", "--ppid", str(own_server.process.pid), "-o", "pid="], capture_output=True, check=True, text=True
    ).stdout.split()
    for child in children:
        subprocess.run(["kill", "-9", child], check=True)
    wait_for(own_server.is_answering, seconds=30, what="an answer of the next worker")
    assert own_server.process.poll() is None


def test_document_of_the_api_is_served(server: Server) -> None:
    with urllib.request.urlopen(f"{server.address}/api/openapi.json") as answer:
        assert json.load(answer)["openapi"].startswith("3.")
