"""The demo SMSC as a child process: a real SMPP peer, which the tests use too."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from app.errors import Unavailable
from app.settings import SMPPAddress

_SERVER = Path(__file__).resolve().parent / "smsc" / "server.js"
_START_SECONDS = 20.0
SYSTEM_ID = "wardline"
PASSWORD = "wardline"  # noqa: S105  the demo's, which listens on the loopback interface only
"""What the demo SMSC asks for."""


class DemoSMSC:
    """Starts and stops the SMSC. It ends by itself when this process ends, because its standard input closes."""

    def __init__(self, node: str, port: int = 0, control_port: int = 0, tls: tuple[Path, Path] | None = None) -> None:
        """`node` is the path of the Node executable; port 0 takes a free one; `tls`: files of key and certificate."""
        self._command = [node, str(_SERVER), "--port", str(port), "--control-port", str(control_port)]
        if tls is not None:
            self._command += ["--tls-key", str(tls[0]), "--tls-certificate", str(tls[1])]
        self._process: subprocess.Popen[str] | None = None
        self.port = port
        self.control_port = control_port

    def start(self) -> None:
        """Start it and wait until it listens. Raises Unavailable with the reason when it does not."""
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C in a terminal reaches every process in front of it; ours are ended one after the other instead.
            start_new_session=True,
        )
        self._process = process
        assert process.stdout is not None and process.stderr is not None
        watchdog = threading.Timer(_START_SECONDS, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        watchdog.cancel()
        if not line:
            reason = " ".join(process.stderr.read().strip().splitlines()[-1:])[:200]
            self.stop()
            raise Unavailable(f"The demo SMSC does not start: {reason}")
        ports = json.loads(line)
        self.port, self.control_port = ports["port"], ports["control_port"]

    def stop(self) -> None:
        """End it. Stopping twice is harmless."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> SMPPAddress:
        """Where and as whom the gateway binds."""
        return SMPPAddress(
            host="127.0.0.1", port=self.port, system_id=SYSTEM_ID, password=PASSWORD, source_addr="1069001"
        )

    def control(self, action: str, fields: dict[str, Any] | None = None) -> Any:
        """Ask the SMSC to do or tell something; `action` is such as "mo", "behave", "submitted", "drop"."""
        return _control(self.control_port, action, fields)


def send_demo_sms(control_port: int, number: str, text: str, to: str = "1069001") -> None:
    """Let a patient send us a text through the demo SMSC. Raises Unavailable when it does not run."""
    _control(control_port, "mo", {"from": number, "to": to, "text": text})


def _control(control_port: int, action: str, fields: dict[str, Any] | None) -> Any:
    data = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{control_port}/{action}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  always http to 127.0.0.1
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Unavailable(f"The demo SMSC refuses {action}: {error.read()[:200]!r}") from None
    except OSError:
        raise Unavailable("The demo SMSC does not run. Start Wardline first.") from None
