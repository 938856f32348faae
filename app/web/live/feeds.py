"""Desks and texts. Each sender is one thread that builds whole snapshots of what has changed for its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from apiflask import APIFlask
from flask_babel import force_locale
from sqlalchemy.exc import DBAPIError

from app.parts import Parts
from app.web.live.changes import Pile, Shown
from app.web.live.pops import PopLog
from app.web.live.registry import LiveSocket, SocketRegistry, Stream
from app.web.live.viewers import Viewers
from app.web.live.views import desk_view, inbox_view, message_view, patients_shown

log = structlog.get_logger()

# Each new caller changes the list of texts for every desk: in a rush ten lists a second are enough.
_TEXTS_AT_MOST_EVERY = 0.1

SendTo = Callable[[LiveSocket, Stream, dict[str, Any]], None]


class DeskFeed:
    """Sends `desk` to an agent's desks. Nothing else runs in its thread: a ringing call waits for nobody."""

    def __init__(
        self, app: APIFlask, parts: Parts, registry: SocketRegistry, send: SendTo, viewers: Viewers, pops: PopLog
    ) -> None:
        self._app = app
        self._parts = parts
        self._registry = registry
        self._send = send
        self._viewers = viewers
        self._pops = pops
        self._pile: Pile[str] = Pile()
        self._unsent: Pile[str] = Pile()
        self.shown: dict[str, Shown] = {}
        """What the desks of each local agent show; replaced as a whole, so that any thread may read it."""

    def show(self, *agents: str) -> None:
        """Send these agents' desks anew, soon and once."""
        if agents:
            self._pile.put(*agents)

    def show_all(self) -> None:
        """Send every desk anew."""
        self.show(*{socket.user.username for socket in self._registry.following(Stream.DESK)})

    def send_unsent(self) -> None:
        """Try again what could not be read while the database was away."""
        self._pile.put(*self._unsent.take(0))

    def run(self) -> None:
        """The loop of the thread."""
        while not self._pile.is_closed:
            for agent in self._pile.take():
                try:
                    self._send_desk(agent)
                except DBAPIError as error:
                    self._unsent.put(agent)
                    log.warning("live.desk_failed", agent=agent, error=type(error).__name__)
                except Exception:
                    # The outermost loop of this thread: one agent's broken row must not stop the others' desks.
                    log.exception("live.desk_failed", agent=agent)

    def close(self) -> None:
        """End the loop."""
        self._pile.close()

    def _send_desk(self, agent: str) -> None:
        sockets = self._registry.desks_of(agent)
        if not sockets:
            self.shown = {name: shown for name, shown in self.shown.items() if name != agent}
            return
        now = _local_now(self._parts)
        with self._app.app_context():
            for locale in {socket.locale for socket in sockets}:
                with force_locale(locale), self._parts.database.reading() as session:
                    self._viewers.bind(session, agent, locale)
                    desk = desk_view(session, agent, now)
                self._note(agent, desk)
                for socket in sockets:
                    if socket.locale == locale:
                        self._send(socket, Stream.DESK, desk)
        self._pops.note(agent, self.shown[agent])

    def _note(self, agent: str, desk: dict[str, Any]) -> None:
        call = desk["call"]
        shown = Shown(call_id=call["id"] if call else None, patient_ids=patients_shown(desk))
        if self.shown.get(agent) != shown:
            self.shown = {**self.shown, agent: shown}


class TextFeed:
    """Sends `inbox` and `message`."""

    def __init__(self, app: APIFlask, parts: Parts, registry: SocketRegistry, send: SendTo, viewers: Viewers) -> None:
        self._app = app
        self._parts = parts
        self._viewers = viewers
        self._registry = registry
        self._send = send
        # ("inbox", "") means every page that follows the stream, else one page by its id.
        self._pile: Pile[tuple[Stream, str]] = Pile()
        self._unsent: Pile[tuple[Stream, str]] = Pile()

    def show(self, sid: str) -> None:
        """Send the list of texts to one page."""
        self._pile.put((Stream.INBOX, sid))

    def inbox_changed(self, message_id: int | None) -> None:
        """Send the list of texts, and the text that came or changed."""
        self._pile.put((Stream.INBOX, ""))
        if message_id is not None:
            self._pile.put((Stream.MESSAGE, str(message_id)))

    def send_unsent(self) -> None:
        """Try again what could not be read while the database was away."""
        self._pile.put(*self._unsent.take(0))

    def run(self) -> None:
        """The loop of the thread."""
        while not self._pile.is_closed:
            keys = self._pile.take()
            try:
                self._send_texts(keys)
            except DBAPIError as error:
                self._unsent.put(*keys)
                log.warning("live.texts_failed", error=type(error).__name__)
            except Exception:
                # The outermost loop of this thread: a row that cannot be shown must not end it.
                log.exception("live.texts_failed")
            self._pile.rest(_TEXTS_AT_MOST_EVERY)

    def close(self) -> None:
        """End the loop."""
        self._pile.close()

    def _send_texts(self, keys: list[tuple[Stream, str]]) -> None:
        readers = self._registry.following(Stream.INBOX)
        asked = {key for stream, key in keys if stream is Stream.INBOX}
        message_ids = [int(key) for stream, key in keys if stream is Stream.MESSAGE]
        if not readers or not (asked or message_ids):
            return
        now, key = _local_now(self._parts), self._parts.settings.secret_key
        with self._app.app_context():
            for locale, sockets in self._alike(readers):
                with force_locale(locale), self._parts.database.reading() as session:
                    self._viewers.bind(session, sockets[0].user.username, locale)
                    found = [message_view(session, message_id, now, key) for message_id in message_ids]
                    inbox = inbox_view(session, now, key) if asked else None
                for socket in sockets:
                    for message in found:
                        if message is not None:
                            self._send(socket, Stream.MESSAGE, message)
                    if inbox is not None and ("" in asked or socket.sid in asked):
                        self._send(socket, Stream.INBOX, inbox)

    def _alike(self, readers: list[LiveSocket]) -> list[tuple[str, list[LiveSocket]]]:
        """The pages that get the same, with their language: most agents have the same grants and no scope."""
        found: dict[tuple[str, object], list[LiveSocket]] = {}
        for socket in readers:
            found.setdefault((socket.locale, self._viewers.sight_of(socket.user.username)), []).append(socket)
        return [(locale, sockets) for (locale, _sight), sockets in found.items()]


def _local_now(parts: Parts) -> datetime:
    """Now, in the hospital's zone: ages are counted on its calendar."""
    return parts.now().astimezone(parts.settings.timezone)
