"""A real TURN server: coturn on the loopback, with one account."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.waiting import wait_for


@dataclass(frozen=True, slots=True)
class TurnServer:
    """`url` is what WARDLINE_ICE_SERVERS takes."""

    url: str
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@contextlib.contextmanager
def turn_server(folder: Path) -> Iterator[TurnServer]:
    """The server, until the block ends."""
    port, log = free_port(socket.SOCK_DGRAM), folder / "turn.log"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "listening-ip": "127.0.0.1",
        "relay-ip": "127.0.0.1",
        "listening-port": str(port),
        "user": "wardline:tell-nobody",
        "realm": "hospital.example",
        "log-file": str(log),
        "pidfile": str(folder / "turn.pid"),
        "userdb": str(folder / "turn.db"),
    }
    flags = ("lt-cred-mech", "allow-loopback-peers", "no-cli", "no-tls", "no-dtls", "simple-log", "verbose")
    words = [f"--{name}={value}" for name, value in options.items()] + [f"--{flag}" for flag in flags]
    process = subprocess.Popen(
        ["turnserver", "-n", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
    )
    try:
        wait_for(lambda: _answers(port), what="the TURN server")
        yield TurnServer(f"turn:wardline:tell-nobody@127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _answers(port: int) -> bool:
    """Whether a STUN binding request (RFC 5389, section 6) gets an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        try:
            asking.sendto(bytes.fromhex("000100002112a442") + b"wardline-ask", ("127.0.0.1", port))
            return asking.recv(1500)[:2] == b"\x01\x01"
        except OSError:
            return False
