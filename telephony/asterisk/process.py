"""Start and stop one private Asterisk."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.children import Child
from app.errors import Unavailable
from telephony.asterisk.config import AsteriskConfig, write_config
from telephony.asterisk.provision import AsteriskProgram

RELOADED = ("res_pjsip.so", "res_musiconhold.so", "app_queue.so", "pbx_config.so")
"""Whose files change while it runs; reloading none of these touches a call in progress."""


class PrivateAsterisk:
    """One Asterisk process of ours. Its calls die with it; its configuration may be reloaded over AMI."""

    def __init__(self, program: AsteriskProgram, config: AsteriskConfig) -> None:
        self._program = program
        self._config = config
        self.child: Child | None = None

    def start(self, timeout_seconds: float = 20.0) -> None:
        """Write the configuration and start. Returns when AMI listens; raises Unavailable when it never does."""
        conf = write_config(self._config)
        command = [*self._program.command, "-C", str(conf), "-f"]
        log = self._config.log / "stdout.log"
        self.child = Child(command, log=log, stop_signal=signal.SIGTERM)
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if not self.child.is_alive:
                raise Unavailable(f"Asterisk ended at once: {_last_line(log)}")
            try:
                with socket.create_connection((self._config.ami_host, self._config.ami_port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise Unavailable(f"Asterisk did not open its manager port within {timeout_seconds:.0f} s, see {log}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.child is not None:
            self.child.kill()

    def stop(self) -> None:
        """End it, waiting up to 5 s. Stopping twice is harmless."""
        if self.child is not None:
            self.child.stop(5)
            self.child = None

    def take_over(self, **changes: Any) -> None:
        """Write the configuration anew with these values and reload it. No call is touched."""
        self._config = replace(self._config, **changes)
        write_config(self._config)
        for module in RELOADED:
            self.console(f"module reload {module}")

    def console(self, command: str) -> str:
        """What Asterisk's console answers to `command`."""
        conf = self._config.etc / "asterisk.conf"
        done = subprocess.run(
            [*self._program.command, "-C", str(conf), "-rx", command],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:200] if lines else "it said nothing"
