"""Append to the event journal, read on from a sequence number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.db import after_commit
from app.journal.models import JournalEntry

# One lock for all writers on PostgreSQL, so that the order of seq is the order of commits and a reader who has seen
# seq n has seen everything below it. The number is arbitrary and used for nothing else.
_JOURNAL_LOCK = 7_230_001

# Built once: this is the path of every call.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_INSERT = insert(JournalEntry.__table__)  # type: ignore[arg-type]
_LATEST = select(func.max(JournalEntry.seq))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be journalled. `kind` is a past-tense name such as `call.answered` or `message.delivered`.

    `payload` holds ids, codes and times only: no name, number or text of a patient.
    """

    kind: str
    at: datetime
    call_id: str | None = None
    agent: str | None = None
    message_id: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def append(session: Session, bus: Bus, entries: Sequence[Entry]) -> list[int]:
    """Write the entries in this transaction, in order, and hint them to the bus after commit. Returns their seqs."""
    if not entries:
        return []
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"key": _JOURNAL_LOCK})
    rows = [
        {
            "at": entry.at,
            "kind": entry.kind,
            "call_id": entry.call_id,
            "agent": entry.agent,
            "message_id": entry.message_id,
            "payload": entry.payload,
        }
        for entry in entries
    ]
    connection.execute(_INSERT, rows)
    # Nobody else can have written in between: SQLite has one writer, PostgreSQL our lock.
    last = connection.execute(_LATEST).scalar_one()
    seqs = list(range(last - len(rows) + 1, last + 1))
    hints = [_hint(seq, entry) for seq, entry in zip(seqs, entries, strict=True)]

    def publish() -> None:
        for hint in hints:
            bus.publish(bus_topics.JOURNAL, hint)

    after_commit(session, publish)
    return seqs


def latest_seq(session: Session) -> int:
    """The newest committed sequence number, 0 for an empty journal."""
    return session.scalar(_LATEST) or 0


def read_since(session: Session, seq: int, limit: int = 500) -> list[dict[str, Any]]:
    """The hints of the entries after `seq`, oldest first, in the form the bus carries them."""
    rows = session.scalars(select(JournalEntry).where(JournalEntry.seq > seq).order_by(JournalEntry.seq).limit(limit))
    return [
        _hint(
            row.seq,
            Entry(
                kind=row.kind,
                at=row.at,
                call_id=row.call_id,
                agent=row.agent,
                message_id=row.message_id,
                payload=row.payload,
            ),
        )
        for row in rows
    ]


def _hint(seq: int, entry: Entry) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": entry.kind,
        "at": entry.at.isoformat(),
        "call_id": entry.call_id,
        "agent": entry.agent,
        "message_id": entry.message_id,
        "payload": entry.payload,
    }
