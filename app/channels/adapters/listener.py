"""Takes the mail that the hospital's mail server forwards to us (SMTP, RFC 5321). It relays nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SMTPSession

from app.channels.rules.mail import MOST_OCTETS

log = structlog.get_logger()
# aiosmtpd writes every command and its addresses into this one.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

Keep = Callable[[bytes, str], None]
"""Keeps one mail, given its octets and the envelope's sender, and returns once it is committed."""
# The mail server that forwards to us uses a handful; each may hold one mail of 10 MB.
_MOST_CONNECTIONS = 20
_IDLE_SECONDS = 60


class MailListener:
    """Listens on one port, in a thread of its own. `recipient` is the one address that mail is taken for, if known.

    A mail is accepted once `keep` has returned; where that fails the sender is told to come again.
    """

    def __init__(self, keep: Keep, *, host: str, port: int, recipient: str | None) -> None:
        self._door = _Door(keep, recipient)
        self._address = (host, port)
        self._open_now: set[object] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-in", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on, once it has been started."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        host, port = self._address
        self._server = self._loop.run_until_complete(self._loop.create_server(self._open, host, port))
        self._thread.start()

    def stop(self) -> None:
        """Stopping twice is harmless. A mail that is being kept is kept; its sender comes again for an answer."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)
        self._loop.close()

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    def _open(self) -> SMTP:
        return _Server(
            self._door,
            open_now=self._open_now,
            data_size_limit=MOST_OCTETS,
            enable_SMTPUTF8=True,
            ident="Wardline",
            hostname="wardline",
            timeout=_IDLE_SECONDS,
            loop=self._loop,
        )


class _Door:
    def __init__(self, keep: Keep, recipient: str | None) -> None:
        self._keep = keep
        self._recipient = recipient

    async def handle_RCPT(
        self, _server: SMTP, _session: SMTPSession, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._recipient is not None and address.lower() != self._recipient:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: SMTPSession, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        try:
            await asyncio.to_thread(self._keep, raw, envelope.mail_from or "")
        except Exception as error:
            # The outermost loop of this way in: whatever failed, the sender keeps the mail and comes again.
            log.error("mail.not_kept", error=type(error).__name__, octets=len(raw))
            return "451 4.3.0 cannot take it now, try again later"
        return "250 2.0.0 OK"


class _Server(SMTP):
    """One connection. Too many at once are told to come again."""

    def __init__(self, *args: Any, open_now: set[object], **options: Any) -> None:
        super().__init__(*args, **options)
        self._open_now = open_now

    def connection_made(self, transport: Any) -> None:
        if len(self._open_now) >= _MOST_CONNECTIONS:
            transport.write(b"421 4.3.2 too many connections, try again later\r\n")
            transport.close()
            return
        self._open_now.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._open_now:
            self._open_now.discard(self)
            super().connection_lost(error)
