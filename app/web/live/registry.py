"""The browsers connected to this process, and what each of them follows."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from app.http import SignedIn

# A page answers a challenge within one round trip; with a hiccup, after the next one was sent.
_NONCES_KEPT = 3


class Stream(StrEnum):
    """The streams of docs/desk-protocol.md; each numbers its messages for each connection."""

    DESK = "desk"
    BOARD = "board"
    INBOX = "inbox"
    MESSAGE = "message"
    FLOOR = "floor"


DESK_STREAMS = frozenset(Stream) - {Stream.FLOOR}


@dataclass(slots=True, kw_only=True)
class LiveSocket:
    """One connected page. Only the registry changes it."""

    sid: str
    user: SignedIn
    locale: str
    streams: frozenset[Stream]
    sent: dict[Stream, int] = field(default_factory=dict)
    nonces: deque[str] = field(default_factory=lambda: deque(maxlen=_NONCES_KEPT))
    page: str | None = None
    commands_running: int = 0

    @property
    def is_desk(self) -> bool:
        return Stream.DESK in self.streams


class SocketRegistry:
    """All live sockets of this process. Safe to share between threads; answers are copies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_sid: dict[str, LiveSocket] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def add(self, socket: LiveSocket) -> None:
        with self._lock:
            self._by_sid[socket.sid] = socket

    def remove(self, sid: str) -> LiveSocket | None:
        with self._lock:
            return self._by_sid.pop(sid, None)

    def find(self, sid: str) -> LiveSocket | None:
        with self._lock:
            return self._by_sid.get(sid)

    def all(self) -> list[LiveSocket]:
        with self._lock:
            return list(self._by_sid.values())

    def following(self, stream: Stream) -> list[LiveSocket]:
        return [socket for socket in self.all() if stream in socket.streams]

    def desks_of(self, agent: str) -> list[LiveSocket]:
        return [socket for socket in self.following(Stream.DESK) if socket.user.username == agent]

    def watch_only(self, sid: str, *streams: Stream) -> None:
        """The page is no desk: it follows these streams and nothing else, whoever opened it."""
        with self._lock:
            socket = self._by_sid.get(sid)
            if socket is not None:
                socket.streams = frozenset(streams)

    def next_number(self, socket: LiveSocket, stream: Stream) -> int:
        """The `n` of the next message. One thread serves each stream, so numbers leave in order."""
        with self._lock:
            socket.sent[stream] = socket.sent.get(stream, 0) + 1
            return socket.sent[stream]

    def challenge(self, socket: LiveSocket, nonce: str) -> None:
        with self._lock:
            socket.nonces.append(nonce)

    def take_proof(self, sid: str, nonce: str, page: str) -> LiveSocket | None:
        """The desk that proved itself, or nothing when the nonce is not one of its last: the page slept."""
        with self._lock:
            socket = self._by_sid.get(sid)
            if socket is None or not socket.is_desk or nonce not in socket.nonces:
                return None
            socket.nonces.remove(nonce)
            socket.page = page
            return socket

    def begin_command(self, sid: str, at_most: int) -> LiveSocket | None:
        """Count one more running command; nothing when this page already has too many."""
        with self._lock:
            socket = self._by_sid.get(sid)
            if socket is None or socket.commands_running >= at_most:
                return None
            socket.commands_running += 1
            return socket

    def end_command(self, socket: LiveSocket) -> None:
        with self._lock:
            socket.commands_running -= 1
