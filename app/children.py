"""Child processes that never outlive us: each in its own process group, told by the kernel when we die."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the process `parent`, which forked it, is gone.

    The kernel counts the end of the forking thread as the end of the parent: fork where the thread lives on.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before we asked.
        os.kill(os.getpid(), signal.SIGKILL)


class Child:
    """One running child process. `stop` ends its whole group; stopping twice is harmless."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stdout: int | IO[bytes] | None = None,
        stdin: int | None = subprocess.DEVNULL,
    ) -> None:
        self._stop_signal = stop_signal
        output: int | IO[bytes] | None = stdout
        opened = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            opened = output = log.open("ab")
        parent = os.getpid()
        try:
            self.process = subprocess.Popen(
                list(command),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT if log is not None else None,
                env=dict(env) if env is not None else None,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        finally:
            if opened is not None:
                opened.close()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, timeout_seconds: float) -> None:
        """Ask it to end, and after the bound end it."""
        if self.is_alive:
            self._signal(self._stop_signal)
            try:
                self.process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        # What the child itself started may still run in its group.
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
