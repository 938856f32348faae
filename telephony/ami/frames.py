"""Bytes of the manager link to frames of headers. No sockets, no meaning: any chunking gives the same frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# The largest frame seen is 3 kB (Status with variables). A peer that sends a megabyte without an end is broken.
MAX_FRAME_BYTES = 1_048_576

_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"


class BrokenStream(Exception):
    """What arrives is not Asterisk's manager protocol. The link is to be dropped."""


class Frame(NamedTuple):
    """One event or response. `duplicates` names read headers that came twice: a sign of forged text."""

    headers: dict[str, str]
    duplicates: tuple[str, ...] = ()

    @property
    def is_answer(self) -> bool:
        """Whether it belongs to an action of ours. How an Originate went is told later, long after its answer."""
        is_named = "ActionID" in self.headers or "Response" in self.headers
        return is_named and self.headers.get("Event") != "OriginateResponse"


class FrameParser:
    """Feed it bytes as they arrive; it returns the frames that they complete, in order.

    `wanted` names the events that matter and the headers that are read of each: nothing else of them is looked at, for
    that is most of the work. Other events are dropped, unless they carry an ActionID: those are part of an answer and
    read whole. A frame is decoded as a whole, so a Chinese character cut by a segment border is safe.
    """

    def __init__(self, wanted: Mapping[str, Sequence[str]]) -> None:
        self._wanted = {
            name.encode(): tuple((header, f"\r\n{header}: ".encode()) for header in headers)
            for name, headers in wanted.items()
        }
        self._rest = b""
        self._is_started = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`. Raises BrokenStream."""
        data = self._rest + data if self._rest else data
        if not self._is_started:
            data = self._after_banner(data)
            if not self._is_started:
                return []
        chunks = data.split(_END)
        self._rest = chunks.pop()
        if len(self._rest) > MAX_FRAME_BYTES:
            raise BrokenStream("a frame has no end")
        frames = []
        for chunk in chunks:
            if chunk[:2] == b"\r\n":
                chunk = chunk.lstrip(b"\r\n")
            if not chunk.startswith(b"Event: ") or b"\r\nActionID: " in chunk:
                if chunk:
                    frames.append(_parse(chunk))
                continue
            name = chunk[7 : chunk.find(b"\r\n")]
            headers = self._wanted.get(name)
            if headers is not None:
                frames.append(_pick(chunk, name.decode(), headers))
        return frames

    def _after_banner(self, data: bytes) -> bytes:
        line, end, rest = data.partition(b"\r\n")
        if not (line.startswith(_BANNER) or _BANNER.startswith(line)) or (end and not line.startswith(_BANNER)):
            raise BrokenStream("the peer is not an Asterisk manager")
        if not end:
            if len(data) > 200:
                raise BrokenStream("the greeting has no end")
            self._rest = data
            return b""
        self._is_started = True
        self._rest = b""
        return rest


def _pick(chunk: bytes, name: str, wanted: tuple[tuple[str, bytes], ...]) -> Frame:
    headers = {"Event": name}
    duplicates: tuple[str, ...] = ("Event",) if chunk.find(b"\r\nEvent: ") >= 0 else ()
    for header, mark in wanted:
        start = chunk.find(mark)
        if start < 0:
            continue
        start += len(mark)
        end = chunk.find(b"\r\n", start)
        if end < 0:
            end = len(chunk)
        elif chunk.find(mark, end) >= 0:
            duplicates += (header,)
        headers[header] = chunk[start:end].decode("utf-8", "replace")
    return Frame(headers, duplicates)


def _parse(chunk: bytes) -> Frame:
    headers: dict[str, str] = {}
    lines = chunk.decode("utf-8", "replace").split("\r\n")
    for line in lines:
        key, _, value = line.partition(": ")
        headers[key] = value
    if len(headers) == len(lines) or lines[0].startswith("Response: "):
        return Frame(headers)
    names = [line.partition(": ")[0] for line in lines]
    return Frame(headers, tuple(sorted({name for name in names if names.count(name) > 1})))
