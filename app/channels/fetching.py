"""Fetches the mail that lies in the hospital's mailbox: one thread, one short connection for each round."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.channels import service
from app.channels.adapters import Mailbox
from app.channels.rules import Temporary
from app.channels.rules.mail import read_mail
from app.parts import Parts
from app.settings import IMAPAddress

log = structlog.get_logger()

# A patient who writes a mail waits for hours, not seconds; a mail server counts sign-ins.
ROUND_SECONDS = 15.0
_LONGEST_WAIT_SECONDS = 300.0


class MailFetcher:
    """Keeps what comes into one mailbox, each mail once, and leaves the mailbox as it was."""

    def __init__(self, parts: Parts, address: IMAPAddress, *, round_seconds: float = ROUND_SECONDS) -> None:
        self._parts = parts
        self._address = address
        self._round_seconds = round_seconds
        self._mailbox = f"{address.username}@{address.host}:{address.port}/{address.folder}"[:300]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail-fetch", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the mail in hand. Stopping twice is harmless."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=8.0)

    def fetch_once(self) -> int:
        """One round: how many mails were new. Raises Temporary for the server and SQLAlchemyError for the database;
        what was read until then is kept."""
        box = Mailbox(self._address)
        try:
            last = self._begin(box)
            return sum(self._keep(box, uid) for uid in box.uids_after(last) if not self._stopping.is_set())
        finally:
            box.close()

    def _begin(self, box: Mailbox) -> int:
        with self._parts.database.writing() as session:
            return service.begin_round(
                session,
                self._mailbox,
                validity=box.state.validity,
                next_uid=box.state.next_uid,
                now=self._parts.now(),
            )

    def _keep(self, box: Mailbox, uid: int) -> bool:
        raw = box.fetch(uid)
        incoming = read_mail(raw, envelope_sender=None) if raw else None
        parts = self._parts
        with parts.database.writing() as session:
            if not service.advance(session, self._mailbox, uid) or incoming is None:
                return False
            row, is_new = service.receive(session, parts.bus, incoming, settings=parts.settings, now=parts.now())
        log.info("mail.received", interaction_id=row.id, is_new=is_new, writer=incoming.writer.value)
        return is_new

    def _run(self) -> None:
        wait = self._round_seconds
        while not self._stopping.wait(wait):
            try:
                self.fetch_once()
            except Temporary as error:
                log.warning("mail.not_fetched", code=str(error))
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            except SQLAlchemyError as error:
                log.error("mail.database_failed", error=type(error).__name__)
                wait = self._round_seconds
            except Exception:
                # The outermost loop of this thread.
                log.exception("mail.fetch_failed")
                wait = _LONGEST_WAIT_SECONDS
            else:
                wait = self._round_seconds
