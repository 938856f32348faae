"""The product as a user starts it, on free ports, in a folder of its own: `wardline run`, or another of its servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.waiting import wait_for

PRODUCTION_PASSWORD = "a shift of eight hours"


class Product:
    """`start`, use its web address, commands and API, `stop`."""

    def __init__(self, folder: Path, *, command: str = "run", **environment: str) -> None:
        self.folder = folder
        self._command = command
        self.port = free_port()
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.environment = os.environ | {
            "WARDLINE_DATA_DIR": str(folder),
            "WARDLINE_PORT": str(self.port),
            "WARDLINE_SIP_PORT": str(self.sip_port),
            "WARDLINE_DEMO": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}
        # The published one of the demo accounts is too short for any other.
        self.password = "wardline" if self.environment["WARDLINE_DEMO"] == "1" else PRODUCTION_PASSWORD

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> str:
        return _read(self.folder / "product.log")

    @property
    def commands_log(self) -> str:
        return _read(self.folder / "commands.log")

    @staticmethod
    def program(*arguments: str) -> list[str]:
        """The `wardline` command with these arguments."""
        return [sys.executable, "-m", "app", *arguments]

    def start(self, *, seconds: float = 60) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "product.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.program(self._command),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(self.is_healthy, seconds=seconds, what="a healthy product")

    def is_healthy(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.log
        return self.healthz()[0] == 200

    def healthz(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """End it, and all that it started, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """One `wardline` command beside the running product."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "commands.log").open("ab") as log:
            return subprocess.Popen(
                self.program(*arguments), env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def children(self) -> dict[int, str]:
        """Every process of this product that is alive: command line by pid."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            mine = f"WARDLINE_DATA_DIR={self.folder}\0".encode()
            if mine in environment and "Z" not in _state(entry):
                found[int(entry.name)] = command
        return found

    def api(self, path: str, body: dict[str, Any] | None = None, *, method: str = "", user: str = "agent1") -> Any:
        """One API call as `user`, with a bearer token."""
        headers = {"Authorization": f"Bearer {self.token(user)}"}
        return self._call(path, body, method or ("POST" if body is not None else "GET"), headers)

    def token(self, user: str) -> str:
        """A bearer token of that user."""
        if user not in self._tokens:
            given = self._call("/tokens", {"username": user, "password": self.password}, "POST", {})
            self._tokens[user] = given["token"]
        return self._tokens[user]

    def _call(self, path: str, body: dict[str, Any] | None, method: str, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, method=method, headers=headers)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _state(entry: Path) -> str:
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "Z"
