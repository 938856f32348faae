"""Boards and floors: one thread that reads what all of them show, and sends each page what is new to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from app.floor.service import FloorBoard, FloorPeople
from app.parts import Parts
from app.web.live.changes import Pile
from app.web.live.channel import Channel
from app.web.live.registry import LiveSocket, SocketRegistry, Stream
from app.web.live.viewers import Viewers
from app.web.live.views import links_view

log = structlog.get_logger()

Broadcast = Callable[[Sequence[str], Stream, dict[str, Any]], None]
"""Sends one message, encoded once, to the pages with these ids."""

# Four a second look alive to the eye; more would only cost. One a second keeps the board's age honest.
_AT_MOST_EVERY = 0.25
_AT_LEAST_EVERY = 1.0
_PEOPLE = ("waiting", "calls", "supervisions", "help", "servings", "lists")


@dataclass(slots=True)
class _Floor:
    """The floor as viewers with the same grants see it."""

    people: FloorPeople
    channel: Channel = field(default_factory=lambda: Channel(*_PEOPLE))


class BoardFeed:
    """Sends `board` and `floor`. The board is the same for everybody, a floor for all with the same grants."""

    def __init__(self, parts: Parts, registry: SocketRegistry, broadcast: Broadcast, viewers: Viewers) -> None:
        self._parts = parts
        self._registry = registry
        self._broadcast = broadcast
        self._viewers = viewers
        self._number = 0
        self._pile: Pile[str] = Pile()  # ids of pages that begin; "" when something has changed
        self._links: dict[str, Any] | None = None
        self._board = FloorBoard(parts.settings)
        self._board_channel = Channel("agent_list")
        self._floors: dict[Hashable, _Floor] = {}
        self._has_places_changed = False

    def show(self, sid: str) -> None:
        """Send this page whole snapshots of what it follows."""
        self._pile.put(sid)

    def changed(self, *, places: bool = False) -> None:
        """Send to all who watch, as soon as the rate allows. `places`: teams, queues or limits have changed."""
        self._has_places_changed = self._has_places_changed or places
        self._pile.put("")

    def have_links_changed(self) -> bool:
        """Whether the telephone link or the SMSC is in another state than when last asked."""
        with self._parts.database.reading() as session:
            links = links_view(session, self._parts.now())
        states = {name: (link["state"], link["detail"]) for name, link in links.items()}
        changed, self._links = self._links not in (None, states), states
        return changed

    def run(self) -> None:
        """The loop of the thread."""
        sent_at, is_due = float("-inf"), False
        while not self._pile.is_closed:
            wait = _AT_MOST_EVERY if is_due else _AT_LEAST_EVERY
            pages = self._pile.take(max(0.0, sent_at + wait - time.monotonic()))
            is_due = is_due or bool(pages)
            for channel in (self._board_channel, *(floor.channel for floor in self._floors.values())):
                channel.forget(*pages)
            if time.monotonic() - sent_at < (_AT_MOST_EVERY if is_due else _AT_LEAST_EVERY):
                continue
            sent_at, is_due = time.monotonic(), False
            try:
                self._send()
            except DBAPIError as error:
                # Within a second it is tried again.
                log.warning("live.board_failed", error=type(error).__name__)
            except Exception:
                # The outermost loop of this thread: a row that cannot be shown must not end it.
                log.exception("live.board_failed")

    def close(self) -> None:
        """End the loop."""
        self._pile.close()

    def _send(self) -> None:
        boards, floors = self._registry.following(Stream.BOARD), self._registry.following(Stream.FLOOR)
        self._number += 1
        if self._has_places_changed:
            self._has_places_changed = False
            self._board.forget_places()
        if boards:
            with self._parts.database.reading() as session:
                content = self._board.read(session, self._parts.now())
            self._send_to(Stream.BOARD, self._board_channel, boards, content)
        self._send_floors(floors)

    def _send_floors(self, sockets: list[LiveSocket]) -> None:
        alike: dict[Hashable, list[LiveSocket]] = {}
        for socket in sockets:
            alike.setdefault(self._viewers.sight_of(socket.user.username), []).append(socket)
        # Whoever has other grants than before begins anew.
        self._floors = {sight: self._floors.get(sight) or _Floor(FloorPeople(self._parts.settings)) for sight in alike}
        for sight, readers in alike.items():
            floor, now = self._floors[sight], self._parts.now()
            with self._parts.database.reading() as session:
                self._viewers.bind(session, readers[0].user.username, readers[0].locale)
                content = floor.people.read(session, now)
            self._send_to(Stream.FLOOR, floor.channel, readers, content)

    def _send_to(self, stream: Stream, channel: Channel, sockets: list[LiveSocket], content: dict[str, Any]) -> None:
        for pages, message in channel.messages([socket.sid for socket in sockets], content):
            self._broadcast(pages, stream, {"n": self._number, **message})
