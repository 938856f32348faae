"""Many texts at once into the outbox: for mass sends and sending rules, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bulk import insert_rows
from app.bus import Bus
from app.contact_policy.rules import Refusal, earliest_sending
from app.contact_policy.service import Recipient, limits, may_contact_each
from app.db import after_commit
from app.journal.service import Entry, append
from app.messages.models import Message, Segment
from app.messages.rules import (
    VALIDITY,
    Direction,
    MessageKind,
    Origin,
    OutState,
    Priority,
    SegmentState,
    cut_text,
)
from app.messages.service.extensions import own_number
from app.messages.service.sending import checked_text
from app.patients.service import touch_all
from app.settings import Settings

MOST_QUEUED = 500
"""So many texts fit one call: SQLite takes 32,766 values in a statement, and nobody else writes meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text for one number (E.164), without the signature. The same `dedup_key` twice is the same message.

    `origin_id` is what this one comes from, where that is not the same for all of a call.
    """

    number: str
    patient_id: int | None
    text: str
    dedup_key: str
    due_at: datetime | None = None
    expires_at: datetime | None = None
    template_version_id: int | None = None
    origin_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What became of one: the message, new or the first with that key, or why the contact policy refused it."""

    message_id: int | None = None
    refusal: Refusal | None = None
    is_new: bool = False


def queue_many(
    session: Session,
    bus: Bus,
    *,
    settings: Settings,
    outgoing: Sequence[Outgoing],
    kind: MessageKind,
    origin: Origin,
    origin_id: int | None,
    priority: Priority,
    created_by: str | None,
    now: datetime,
) -> list[Queued]:
    """Put up to MOST_QUEUED texts into the outbox; one answer for each, in order.

    Promotions and automatic texts wait for the permitted hours, and are refused beyond the caps. Raises InvalidInput
    for a text that cannot be sent, and nothing is queued.
    """
    assert len(outgoing) <= MOST_QUEUED
    known = _known(session, [each.dedup_key for each in outgoing])
    fresh = list({each.dedup_key: each for each in outgoing if each.dedup_key not in known}.values())
    held = limits(session)
    due = {
        each.dedup_key: earliest_sending(
            kind, max(each.due_at or now, now), settings.timezone, origin=origin, priority=priority, limits=held
        )
        for each in fresh
    }
    recipients = [
        Recipient(
            number=each.number,
            patient_id=each.patient_id,
            kind=kind,
            origin=origin,
            priority=priority,
            at=due[each.dedup_key],
        )
        for each in fresh
    ]
    permissions = may_contact_each(session, recipients, channel="sms", now=now, timezone=settings.timezone)
    refusals = {
        each.dedup_key: permission.refusal
        for each, permission in zip(fresh, permissions, strict=True)
        if permission.refusal is not None
    }
    allowed = [each for each in fresh if each.dedup_key not in refusals]
    rows = [
        {
            **_row(each, settings, kind, now, due[each.dedup_key]),
            "origin": origin,
            "origin_id": each.origin_id or origin_id,
            "priority": priority,
            "created_by": created_by,
        }
        for each in allowed
    ]
    made = _insert(session, rows)
    if made:
        _add_segments(session, rows, made)
        touch_all(session, [(each.patient_id, now, None) for each in allowed if each.patient_id is not None])
        payload = {"origin": origin, "origin_id": origin_id, "count": len(made)}
        append(session, bus, [Entry(kind="messages.queued", at=now, agent=created_by, payload=payload)])
        after_commit(session, lambda: bus.publish(bus_topics.OUTBOX, {"id": None}))
    if len(made) < len(rows):
        known |= _known(session, [each.dedup_key for each in allowed if each.dedup_key not in made])
    return [
        Queued(
            message_id=made.get(each.dedup_key) or known.get(each.dedup_key),
            refusal=refusals.get(each.dedup_key),
            is_new=each.dedup_key in made,
        )
        for each in outgoing
    ]


def _known(session: Session, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    found = session.execute(select(Message.dedup_key, Message.id).where(Message.dedup_key.in_(keys)))
    return {str(key): message_id for key, message_id in found}


def _row(each: Outgoing, settings: Settings, kind: MessageKind, now: datetime, due_at: datetime) -> dict[str, Any]:
    text = checked_text(each.text, settings)
    return {
        "direction": Direction.OUT,
        "kind": kind,
        "state": OutState.QUEUED,
        "number": each.number,
        "service_number": own_number(settings),
        "patient_id": each.patient_id,
        "text": text,
        "parts": len(cut_text(text).pieces),
        "is_complete": True,
        "dedup_key": each.dedup_key,
        "template_version_id": each.template_version_id,
        "created_at": now,
        "due_at": due_at,
        "expires_at": each.expires_at or due_at + VALIDITY,
        "attempts": 0,
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Insert what no other transaction has inserted meanwhile; the new ids by key."""
    if not rows:
        return {}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Past the ORM, whose bookkeeping of a row costs more than its insert.
    table: Any = Message.__table__
    statement = insert(table).on_conflict_do_nothing(index_elements=["dedup_key"])
    made = session.connection().execute(statement.returning(table.c.id, table.c.dedup_key), rows)
    return {str(key): message_id for message_id, key in made}


def _add_segments(session: Session, rows: Sequence[dict[str, Any]], made: dict[str, int]) -> None:
    segments = [
        (made[row["dedup_key"]], position, SegmentState.WAITING.value)
        for row in rows
        if row["dedup_key"] in made
        for position in range(1, row["parts"] + 1)
    ]
    insert_rows(session.connection(), Segment, ("message_id", "position", "state"), segments)
