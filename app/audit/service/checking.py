"""Walk the whole chain in constant memory and say where it does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent, AuditHead
from app.audit.rules import Break, ChainCheck, Head, Link, chain_key

# A thousand rows are about one megabyte, and fetching more at once is no faster.
_BATCH = 1_000
_COLUMNS = tuple(AuditEvent.__table__.c[name] for name in Link.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many events are whole, from the first one on, and the first break when there is one."""

    checked: int
    first_break: Break | None


def verify(session: Session, *, key: str, anchors: Mapping[int, str]) -> Verdict:
    """Check every event, the head and the anchors. `anchors` are macs by event id, from outside the database.

    Nothing must have been read in this session yet: it looks at one moment of the log, while others append.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    check = ChainCheck(chain_key(key), anchors)
    for link in _links(session):
        found = check.feed(link)
        if found is not None:
            return Verdict(checked=check.checked, first_break=found)
    return Verdict(checked=check.checked, first_break=check.finish(read_head(session)))


def read_head(session: Session) -> Head | None:
    """Where the chain ends as the database says it; nothing before the first event."""
    row = session.get(AuditHead, 1, populate_existing=True)
    return Head(last_id=row.last_id, last_mac=row.last_mac, mac=row.mac) if row else None


def _links(session: Session) -> Iterator[Link]:
    last_id: int | None = None
    while True:
        batch = select(*_COLUMNS).order_by(AuditEvent.id).limit(_BATCH)
        if last_id is not None:
            batch = batch.where(AuditEvent.id > last_id)
        rows = session.execute(batch).all()
        for row in rows:
            last_id = row.id
            yield Link(**row._mapping)
        if len(rows) < _BATCH:
            return
