"""The thread that writes what the tracker says. The manager link never waits for it, and nothing is dropped."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.alarms import service as alarms
from app.alarms.rules import AlarmKind
from app.call_flows import service as call_flows
from app.calls import service as calls
from app.calls.rules import CallChanged, CallEvent, PatientTold
from app.floor import service as floor
from app.floor.rules import SupervisionChanged
from app.kept_places import service as kept_places
from app.outbound_lists import service as outbound_lists
from app.parts import Parts
from app.queues.models import TelephonyLink
from telephony.tracker.inputs import CommandDone, Fact

log = structlog.get_logger()

# One commit per batch: at 50 calls/s facts come in bursts, and a commit costs more than twenty rows.
MAX_BATCH = 200
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSeen:
    """State of the link to Asterisk, for the board's age."""

    at: datetime
    state: str
    detail: str = ""
    is_proof: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CELRead:
    """How far CEL has been taken over; and which Asterisk it was."""

    inode: int
    offset: int
    asterisk_started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    at: datetime
    kind: AlarmKind
    subject: str


Record = Fact | CommandDone | LinkSeen | CELRead | AlarmRaised


class Writer:
    """`put` never blocks. A database that is away is waited for; the order of facts is kept."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queue: queue.SimpleQueue[Record | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="telephony-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, record: Record) -> None:
        self._queue.put(record)

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that was put before is written."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_seconds)

    @property
    def backlog(self) -> int:
        """How many records wait to be written."""
        return self._queue.qsize()

    def close(self) -> None:
        """Write what was put, then end."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            batch, marks, is_last = self._next_batch()
            if batch:
                self._write_until_done(batch)
            for mark in marks:
                mark.set()
            if is_last:
                return

    def _next_batch(self) -> tuple[list[Record], list[threading.Event], bool]:
        batch: list[Record] = []
        marks: list[threading.Event] = []
        item = self._queue.get()
        while True:
            if item is None:
                return batch, marks, True
            if isinstance(item, threading.Event):
                marks.append(item)
            else:
                batch.append(item)
            if len(batch) >= MAX_BATCH:
                return batch, marks, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, marks, False

    def _write_until_done(self, batch: Sequence[Record]) -> None:
        while True:
            try:
                with self._parts.database.writing() as session:
                    self._write(session, batch)
                return
            except DBAPIError as error:
                # The database is away or busy: the facts wait here, in order, and Asterisk goes on meanwhile.
                log.warning("telephony.write_failed", error=type(error).__name__, waiting=self.backlog)
                time.sleep(_RETRY_SECONDS)
            except Exception:
                # A fact that cannot be written must not stop those behind it; CEL tells its call again.
                log.exception("telephony.batch_lost", size=len(batch))
                if len(batch) == 1:
                    return
                for record in batch:
                    self._write_until_done([record])
                return

    def _write(self, session: Session, batch: Sequence[Record]) -> None:
        now = self._parts.now()
        facts: list[calls.Fact] = []
        told: list[PatientTold] = []
        supervised: list[SupervisionChanged] = []
        for record in batch:
            match record:
                case CommandDone():
                    calls.finish_command(session, record.id, error=record.error, now=now)
                case LinkSeen():
                    _write_link(session, record)
                case CELRead():
                    session.execute(
                        update(TelephonyLink).values(
                            cel_inode=record.inode,
                            cel_offset=record.offset,
                            asterisk_started_at=record.asterisk_started_at,
                        )
                    )
                case PatientTold():
                    told.append(record)
                case SupervisionChanged():
                    supervised.append(record)
                case AlarmRaised():
                    alarms.raise_alarm(session, record.kind, record.subject, record.at)
                case _:
                    facts.append(record)
        calls.record_facts(session, self._parts.bus, facts, now, settings=self._parts.settings)
        kept_places.follow_calls(session, self._parts.bus, facts)
        floor.record_supervisions(session, self._parts.bus, supervised, key=self._parts.settings.secret_key)
        ended = [fact.call.id for fact in facts if isinstance(fact, CallChanged) and fact.event is CallEvent.ENDED]
        call_flows.follow_messages(session, self._parts.bus, ended, settings=self._parts.settings, now=now)
        # After the facts: what was told belongs to a call that is on record by then.
        outbound_lists.record_told(session, self._parts.bus, told, settings=self._parts.settings)


def _write_link(session: Session, seen: LinkSeen) -> None:
    if seen.is_proof:
        session.execute(update(TelephonyLink).values(as_of=seen.at))
        return
    row = session.get(TelephonyLink, 1)
    if row is None:
        session.add(TelephonyLink(id=1, state=seen.state, since=seen.at, detail=seen.detail))
    elif (row.state, row.detail) != (seen.state, seen.detail):
        if row.state != seen.state:
            row.since = seen.at
        row.state, row.detail = seen.state, seen.detail
    if seen.state == "up":
        session.flush()
        session.execute(update(TelephonyLink).values(as_of=seen.at))
        alarms.clear_alarm(session, AlarmKind.TELEPHONY_DOWN, "asterisk", seen.at)
