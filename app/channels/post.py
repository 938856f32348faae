"""The post: one thread that hands over what waits in the outbox, and what takes mail in.

The rows are the truth. The bus only pokes; a look every second finds what the pokes missed.
"""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import bus as bus_topics
from app.channels import service
from app.channels.adapters import MailListener, open_adapters
from app.channels.fetching import MailFetcher
from app.channels.rules import Outgoing, Permanent, Temporary, Uncertain
from app.channels.rules.mail import read_mail
from app.parts import Parts

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_DATABASE_RETRY_SECONDS = 5.0


class Post:
    """Sends and takes contacts for this process. Build it before the bus starts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.adapters = open_adapters(parts.settings, parts.now)
        self._stopping = threading.Event()
        self._poked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="post", daemon=True)
        self.listener: MailListener | None = None
        if parts.settings.mail_port is not None:
            self.listener = MailListener(
                self.keep,
                host="0.0.0.0",  # noqa: S104  the hospital's mail server is on another machine
                port=parts.settings.mail_port,
                recipient=parts.settings.smtp.sender if parts.settings.smtp else None,
            )
        self.fetcher = MailFetcher(parts, parts.settings.imap) if parts.settings.imap is not None else None
        parts.bus.subscribe(bus_topics.OUTBOX, lambda _message: self._poked.set())

    def start(self) -> None:
        """Begin in threads of its own. Raises OSError when the port for mail is taken."""
        if self.listener is not None:
            self.listener.start()
        if self.fetcher is not None:
            self.fetcher.start()
        self._thread.start()

    def stop(self) -> None:
        """End after the contact in hand. Stopping twice is harmless."""
        self._stopping.set()
        self._poked.set()
        if self.listener is not None:
            self.listener.stop()
        if self.fetcher is not None:
            self.fetcher.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=8.0)

    def keep(self, raw: bytes, envelope_sender: str) -> None:
        """Keep one mail that came in; it is committed when this returns."""
        incoming = read_mail(raw, envelope_sender=envelope_sender)
        parts = self._parts
        with parts.database.writing() as session:
            row, is_new = service.receive(session, parts.bus, incoming, settings=parts.settings, now=parts.now())
        log.info("mail.received", interaction_id=row.id, is_new=is_new, writer=incoming.writer.value, octets=len(raw))

    def send_next(self) -> bool:
        """Hand over one contact that is due. Returns whether there was anything to do."""
        parts = self._parts
        with parts.database.reading() as session:
            if not service.has_work(session, parts.now()):
                return False
        with parts.database.writing() as session:
            service.hold_uncertain(session, parts.bus, now=parts.now())
            claimed = service.claim_due(session, parts.bus, now=parts.now())
        if claimed is not None:
            self._send(claimed)
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._poked.clear()
            try:
                is_busy = self.send_next()
            except SQLAlchemyError as error:
                log.error("post.database_failed", error=type(error).__name__)
                self._stopping.wait(_DATABASE_RETRY_SECONDS)
            except Exception:
                # The outermost loop of the post's thread.
                log.exception("post.failed")
                self._stopping.wait(_DATABASE_RETRY_SECONDS)
            else:
                self._poked.wait(0 if is_busy else _LOOK_SECONDS)

    def _send(self, outgoing: Outgoing) -> None:
        adapter = self.adapters.get(outgoing.channel)
        try:
            if adapter is None:
                raise Temporary("not_connected")
            adapter.send(outgoing)
        except Permanent as error:
            self._record_failed(outgoing, str(error), is_final=True)
        except Temporary as error:
            self._record_failed(outgoing, str(error), is_final=False)
        except Uncertain:
            log.warning("post.uncertain", interaction_id=outgoing.id, channel=outgoing.channel.value)
            with self._parts.database.writing() as session:
                service.record_uncertain(session, self._parts.bus, outgoing.id, now=self._parts.now())
        else:
            with self._parts.database.writing() as session:
                service.record_sent(session, self._parts.bus, outgoing.id, now=self._parts.now())

    def _record_failed(self, outgoing: Outgoing, code: str, *, is_final: bool) -> None:
        log.warning("post.failed_once", interaction_id=outgoing.id, channel=outgoing.channel.value, code=code)
        parts = self._parts
        with parts.database.writing() as session:
            service.record_failed(session, parts.bus, outgoing.id, code, is_final=is_final, now=parts.now())
