"""The floor: the least that turns manager bytes into a dict per event, in forty lines of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class FloorParser(asyncio.Protocol):
    def __init__(self, on_event: Callable[[dict[str, str]], None], on_lost: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        frames = (self._rest + data).split(b"\r\n\r\n")
        self._rest = frames.pop()
        for frame in frames:
            event = {}
            for line in frame.decode("utf-8", "replace").split("\r\n"):
                key, _, value = line.partition(": ")
                event[key] = value
            self._on_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost()
