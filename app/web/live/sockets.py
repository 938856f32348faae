"""The live half of the web application: sockets, and the threads that keep every page up to date.

Each process serves its own sockets only. What happened comes from the journal, over the bus at once and from the
database within a second; there is no message queue between web processes. Six threads: one sends desks, so that a
ringing call never waits for anything else; one sends texts, one boards and floors; one writes down whose record was
shown; one challenges the pages; one looks for what the bus lost and for sign-ins that have ended.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from typing import Any

import structlog
from apiflask import APIFlask
from flask import g, request
from flask_babel import force_locale
from flask_socketio import SocketIO
from sqlalchemy.exc import DBAPIError

from app import bus as bus_topics
from app.accounts import service as accounts
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.http import SESSION_COOKIE
from app.parts import Parts
from app.web.access import find_signed_in, must_set_up
from app.web.languages import select_locale
from app.web.live.boards import BoardFeed
from app.web.live.changes import touched_by
from app.web.live.commands import carry_out
from app.web.live.feeds import DeskFeed, TextFeed
from app.web.live.follower import JournalFollower
from app.web.live.gate import KnownSessionsOnly
from app.web.live.pops import PopLog
from app.web.live.registry import DESK_STREAMS, LiveSocket, SocketRegistry, Stream
from app.web.live.viewers import Viewers

log = structlog.get_logger()

# A page is asked this often; telephony takes an agent off the queue after 5 s, that is after three missed answers.
_PROVE_SECONDS = 1.5
_CATCH_UP_SECONDS = 1.0
_CHECK_SESSIONS_EVERY = 20
# A person presses one button at a time; four leave room for a reload and an impatient finger.
_COMMANDS_PER_PAGE = 4
_LARGEST_MESSAGE = 64 * 1024


class Live:
    """All live connections of this process. Built with the application; `start` and `stop` run its threads."""

    def __init__(self, app: APIFlask, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._registry = SocketRegistry()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.socketio = SocketIO(
            app,
            async_mode="threading",
            transports=["websocket"],
            manage_session=False,
            # The page gets its snapshots from the connect handler, so the connection is confirmed before it runs.
            always_connect=True,
            # A client that stops reading is dropped within 15 s, which bounds what waits for it.
            ping_interval=5,
            ping_timeout=10,
            max_http_buffer_size=_LARGEST_MESSAGE,
        )
        app.wsgi_app = KnownSessionsOnly(app.wsgi_app, parts.database)  # type: ignore[method-assign]
        self._viewers = Viewers(parts)
        self._pops = PopLog(parts)
        self.desks = DeskFeed(app, parts, self._registry, self._send, self._viewers, self._pops)
        self.texts = TextFeed(app, parts, self._registry, self._send, self._viewers)
        self.boards = BoardFeed(parts, self._registry, self._broadcast, self._viewers)
        self._follower = JournalFollower(parts.database, self._on_entry)
        parts.bus.subscribe(bus_topics.JOURNAL, self._follower.hear)
        self.socketio.on_event("connect", self._on_connect)
        self.socketio.on_event("disconnect", self._on_disconnect)
        self.socketio.on_event("proof", self._on_proof)
        self.socketio.on_event("snapshot", self._on_snapshot)
        self.socketio.on_event("watch_board", self._on_watch_board)
        self.socketio.on_event("watch_floor", self._on_watch_floor)
        self.socketio.on_event("command", self._on_command)

    def start(self) -> None:
        """Start the threads. The bus may be started before or after."""
        self._follower.start()
        loops = {
            "live-desks": self.desks.run,
            "live-texts": self.texts.run,
            "live-boards": self.boards.run,
            "live-pops": self._pops.run,
            "live-prove": self._challenge_pages,
            "live-check": self._check,
        }
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Close all sockets and end the threads. Twice is harmless."""
        self._stopping.set()
        self.desks.close()
        self.texts.close()
        self.boards.close()
        self._pops.close()
        self.close_sockets()
        for thread in self._threads:
            thread.join(timeout=2)

    def close_sockets(self) -> None:
        """Hang up on every page for good: each holds a thread of the server until then."""
        self._stopping.set()
        engine = self.socketio.server.eio
        for engine_sid in list(engine.sockets):
            engine.disconnect(engine_sid)

    def count(self) -> int:
        """How many pages are connected."""
        return len(self._registry)

    def _on_connect(self, auth: object = None) -> bool | None:
        user = find_signed_in(self._parts, request.cookies.get(SESSION_COOKIE, ""))
        if user is None or must_set_up(self._parts, user):
            self.socketio.emit("signed_out", to=_sid(), namespace="/")
            return False
        streams = DESK_STREAMS if user.role in AT_THE_DESK else frozenset({Stream.BOARD})
        g.signed_in = user
        socket = LiveSocket(sid=_sid(), user=user, locale=select_locale(), streams=streams)
        self._registry.add(socket)
        self.boards.show(socket.sid)
        if socket.is_desk:
            self.desks.show(user.username)
            self.texts.show(socket.sid)
            self._challenge(socket)
        log.info("live.connected", user=user.username, role=user.role.value)
        return None

    def _on_disconnect(self, reason: object = None) -> None:
        socket = self._registry.remove(_sid())
        if socket is None:
            return
        self._forget_page(socket)
        log.info("live.disconnected", user=socket.user.username)

    def _on_proof(self, payload: object = None) -> None:
        if not isinstance(payload, dict):
            return
        nonce, page = payload.get("nonce"), payload.get("page")
        if not isinstance(nonce, str) or not isinstance(page, str) or not 0 < len(page) <= 64:
            return
        socket = self._registry.take_proof(_sid(), nonce, page)
        if socket is None:
            return
        proof: dict[str, Any] = {"agent": socket.user.username, "page": page}
        for name in ("registered", "microphone", "in_call"):
            proof[name] = payload.get(name) is True
        self._parts.bus.publish(bus_topics.PROOFS, proof)

    def _on_snapshot(self, payload: object = None) -> None:
        socket = self._registry.find(_sid())
        wanted = payload.get("stream") if isinstance(payload, dict) else None
        if socket is None or wanted not in (Stream.DESK, Stream.BOARD, Stream.INBOX, Stream.FLOOR):
            return
        stream = Stream(wanted)
        if stream not in socket.streams:
            return
        if stream is Stream.DESK:
            self.desks.show(socket.user.username)
        elif stream is Stream.INBOX:
            self.texts.show(socket.sid)
        else:
            self.boards.show(socket.sid)

    def _on_watch_board(self, payload: object = None) -> None:
        self._watch_only(Stream.BOARD)

    def _on_watch_floor(self, payload: object = None) -> None:
        socket = self._registry.find(_sid())
        if socket is not None and socket.user.role in OVER_AGENTS:
            self._watch_only(Stream.BOARD, Stream.FLOOR)

    def _watch_only(self, *streams: Stream) -> None:
        socket = self._registry.find(_sid())
        if socket is None:
            return
        self._registry.watch_only(socket.sid, *streams)
        self._forget_page(socket)
        self.boards.show(socket.sid)

    def _on_command(self, payload: object = None) -> dict[str, Any]:
        socket = self._registry.begin_command(_sid(), _COMMANDS_PER_PAGE)
        if socket is None:
            return {"ok": False, "code": "conflict", "detail": ""}
        try:
            with force_locale(socket.locale):
                return carry_out(self._parts, socket.user, payload)
        finally:
            self._registry.end_command(socket)

    def _on_entry(self, entry: dict[str, Any]) -> None:
        """An entry of the journal: pile up what it changes. Never waits, so the bus's thread goes on at once."""
        touched = touched_by(entry, self.desks.shown)
        if touched.grants:
            self._viewers.forget()
        if touched.ended_session is not None:
            self._end_session(touched.ended_session)
        self.desks.show(*touched.agents)
        if touched.every_desk:
            self.desks.show_all()
        if touched.board:
            self.boards.changed(places=touched.places)
        if touched.inbox:
            self.texts.inbox_changed(touched.message_id)

    def _end_session(self, session_id: str) -> None:
        for socket in self._registry.all():
            key_hash = socket.user.session_key_hash
            if key_hash is not None and accounts.session_id(key_hash) == session_id:
                self._sign_out(socket)

    def _sign_out(self, socket: LiveSocket) -> None:
        self.socketio.emit("signed_out", to=socket.sid, namespace="/")
        self.socketio.server.disconnect(socket.sid)

    def _forget_page(self, socket: LiveSocket) -> None:
        # When this process stops, the pages live on and prove themselves to the next one within telephony's 5 s.
        if socket.page is not None and not self._stopping.is_set():
            gone = {"agent": socket.user.username, "page": socket.page, "gone": True}
            self._parts.bus.publish(bus_topics.PROOFS, gone)
            socket.page = None

    def _challenge_pages(self) -> None:
        while not self._stopping.wait(_PROVE_SECONDS):
            for socket in self._registry.following(Stream.DESK):
                self._challenge(socket)

    def _challenge(self, socket: LiveSocket) -> None:
        nonce = secrets.token_hex(8)
        self._registry.challenge(socket, nonce)
        self.socketio.emit("prove", {"nonce": nonce}, to=socket.sid, namespace="/")

    def _check(self) -> None:
        rounds = 0
        while not self._stopping.wait(_CATCH_UP_SECONDS):
            rounds += 1
            try:
                self._follower.catch_up()
                self.desks.send_unsent()
                self.texts.send_unsent()
                if self.boards.have_links_changed():
                    self.desks.show_all()
                if rounds % _CHECK_SESSIONS_EVERY == 0:
                    self._check_sessions()
            except DBAPIError as error:
                # What happened meanwhile is in the journal, and found by a later round.
                log.warning("live.check_failed", error=type(error).__name__)
            except Exception:
                # The outermost loop of this thread.
                log.exception("live.check_failed")

    def _check_sessions(self) -> None:
        """End the sockets of sign-ins that are over. A desk that proves itself is in use, whatever the mouse does."""
        now = self._parts.now()
        by_key: dict[str, list[LiveSocket]] = {}
        for socket in self._registry.all():
            if socket.user.session_key_hash is not None:
                by_key.setdefault(socket.user.session_key_hash, []).append(socket)
        for key_hash, sockets in by_key.items():
            with self._parts.database.reading() as session:
                found = accounts.live_session(session, key_hash, now)
            if found is None:
                for socket in sockets:
                    self._sign_out(socket)
            elif accounts.is_touch_due(found, now) and any(socket.page for socket in sockets):
                with self._parts.database.writing() as session:
                    accounts.touch_session(session, key_hash, now)

    def _send(self, socket: LiveSocket, stream: Stream, message: dict[str, Any]) -> None:
        numbered = {"n": self._registry.next_number(socket, stream), **message}
        self.socketio.emit(stream.value, numbered, to=socket.sid, namespace="/")

    def _broadcast(self, pages: Sequence[str], stream: Stream, message: dict[str, Any]) -> None:
        self.socketio.emit(stream.value, message, to=list(pages), namespace="/")


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]
