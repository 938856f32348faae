"""Who may run beside whom, when several processes share the tests out: what measures time runs alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__).parent


class Quiet:
    """A lock between the processes of one run: held together by many, or alone by one."""

    def __init__(self) -> None:
        # Any two files that every process finds will do.
        self._gate, self._room = (os.open(path, os.O_RDONLY) for path in (_HERE / "__init__.py", _HERE / "quiet.py"))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Beside others, but beside nobody who is alone."""
        # Behind whoever waits to be alone, who would wait for ever otherwise.
        with _held(self._gate, fcntl.LOCK_EX):
            fcntl.flock(self._room, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody beside it."""
        with _held(self._gate, fcntl.LOCK_EX), _held(self._room, fcntl.LOCK_EX):
            yield


@contextlib.contextmanager
def _held(lock: int, how: int) -> Iterator[None]:
    fcntl.flock(lock, how)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
