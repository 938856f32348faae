"""Append to the audit log. Whoever writes here writes nothing else to these tables."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import chain, islice
from typing import Any, cast

import structlog
from sqlalchemy import Connection, Table, func, insert, select, update
from sqlalchemy import event as hooks
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent, AuditHead
from app.audit.rules import GENESIS, AuditEntry, Head, chain_key, head_mac, is_own_head, link_mac

log = structlog.get_logger()

_PENDING = "audit_entries"
_HEAD_ID = 1
# A thousand rows are about one megabyte, and writing more at once is no faster.
_AT_ONCE = 1_000
# Control characters and halves of characters: PostgreSQL cannot store the one, nor any encoding the other.
_NOT_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_EVENT, _HEAD = cast("Table", AuditEvent.__table__), cast("Table", AuditHead.__table__)
_INSERT = insert(_EVENT)
_READ_HEAD = select(_HEAD.c.last_id, _HEAD.c.last_mac, _HEAD.c.mac).where(_HEAD.c.id == _HEAD_ID).with_for_update()
_LAST_ID = select(func.coalesce(func.max(_EVENT.c.id), 0))


def record(session: Session, entry: AuditEntry, *, key: str) -> None:
    """Append one entry when the session's transaction commits; `key` is the secret that the chain is closed with.

    The entry is part of that transaction: it is there exactly when the rest is. The session must come from
    `Database.writing()`.
    """
    _keep(session, [_columns(entry)], key)


def record_people(session: Session, entry: AuditEntry, patient_ids: Collection[int], *, key: str) -> None:
    """As `record`, for what was done to many patients at once: it stands in the log of each of them (guard 10).

    One entry for the whole with the details, and one for each patient with the same subject and reason; for a single
    patient one entry in all. 100,000 patients hold the end of the log for some seconds.
    """
    if len(patient_ids) == 1:
        [patient_id] = patient_ids
        record(session, replace(entry, patient_id=patient_id), key=key)
    else:
        each = _columns(replace(entry, details={}))
        _keep(session, chain([_columns(entry)], ({**each, "patient_id": of} for of in patient_ids)), key)


def _keep(session: Session, entries: Iterable[dict[str, Any]], key: str) -> None:
    if "after_commit" not in session.info:
        raise RuntimeError("an audit entry in a transaction that only reads would never be written")
    session.info.setdefault(_PENDING, []).append((entries, key))


@hooks.listens_for(Session, "before_commit")
def _append_pending(session: Session) -> None:
    if _PENDING not in session.info or session.in_nested_transaction():
        return
    # Last of all, because the head is locked from here to the commit, and everybody who appends waits for it.
    session.flush()
    pending = session.info.pop(_PENDING)
    key = chain_key(pending[0][1])
    connection = session.connection()
    last_id, previous = _take_head(connection, key)
    entries = chain.from_iterable(kept for kept, _ in pending)
    while rows := _links(islice(entries, _AT_ONCE), key, last_id, previous):
        connection.execute(_INSERT, rows)
        last_id, previous = rows[-1]["id"], rows[-1]["mac"]
    closed = {"last_id": last_id, "last_mac": previous, "mac": head_mac(key, last_id, previous)}
    connection.execute(update(_HEAD).where(_HEAD.c.id == _HEAD_ID).values(closed))


def _links(entries: Iterable[dict[str, Any]], key: bytes, last_id: int, previous: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for id, entry in enumerate(entries, start=last_id + 1):
        row = {"id": id, **entry, "previous_mac": previous}
        row["mac"] = previous = link_mac(key, row)
        rows.append(row)
    return rows


def _take_head(connection: Connection, key: bytes) -> tuple[int, str]:
    """Where the chain ends. Whoever else wants to append waits until this transaction is over."""
    row = connection.execute(_READ_HEAD).one_or_none()
    if row is None:
        empty = {"id": _HEAD_ID, "last_id": 0, "last_mac": GENESIS, "mac": head_mac(key, 0, GENESIS)}
        # Two first appenders on PostgreSQL: the second one waits here, and takes the head of the first.
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(_HEAD).values(empty).on_conflict_do_nothing())
        row = connection.execute(_READ_HEAD).one()
    last_id = connection.execute(_LAST_ID).scalar_one()
    head = Head(last_id=row.last_id, last_mac=row.last_mac, mac=row.mac)
    if is_own_head(key, head) and head.last_id == last_id:
        return last_id, head.last_mac
    # Somebody has changed the log. Work goes on, and the break stays: nothing joins the new link to the old ones.
    log.error("audit.head_is_broken", last_id=last_id)
    return last_id, GENESIS


def _columns(entry: AuditEntry) -> dict[str, Any]:
    details = json.dumps(dict(entry.details), ensure_ascii=True, sort_keys=True) if entry.details else ""
    return {
        "at": entry.at,
        "actor": _text(entry.actor, 64),
        "role": _text(entry.role, 20),
        "action": entry.action.value,
        "patient_id": entry.patient_id,
        "subject": _text(entry.subject, 80),
        "reason": _text(entry.reason, 300),
        "address": _text(entry.address, 45),
        "details": details,
    }


def _text(value: str, longest: int) -> str:
    return _NOT_TEXT.sub(" ", value)[:longest]
