"""Who is being called just now: two who dial at once take the same line, and one of them does not get it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.calls.models import Call, OutboundLine

# An order lives five seconds and then has a call on record, which itself is looked at; whoever holds a line for longer
# without giving it back is dead.
_HOLD = timedelta(minutes=2)


def lines_of(*, number: str, patient_id: int | None, agent: str | None = None) -> list[str]:
    """What a call takes: the number, the person, and the agent whom it is placed for."""
    lines = [f"number:{number}"]
    if patient_id is not None:
        lines.append(f"patient:{patient_id}")
    if agent:
        lines.append(f"agent:{agent}")
    return sorted(lines)  # always in one order, so that two transactions never wait for each other


def take_lines(session: Session, lines: Sequence[str], *, held_by: str, now: datetime) -> bool:
    """Take all of these, or find that one of them is taken: then the caller rolls back or gives the rest back.

    `held_by` is the order's id. Of any number who try at once, one gets them.
    """
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table: Any = OutboundLine.__table__
    for line in lines:
        values = {"line": line, "held_by": held_by, "until": now + _HOLD}
        taken = session.connection().execute(
            insert(table)
            .values(values)
            .on_conflict_do_update(index_elements=["line"], set_=values, where=table.c.until <= now)
            .returning(table.c.line)
        )
        if taken.scalar() is None:
            free_lines(session, [held_by])
            return False
    return True


def free_lines(session: Session, held_by: Collection[str]) -> None:
    """Give back what these orders hold."""
    if not held_by:
        return
    session.execute(delete(OutboundLine).where(OutboundLine.held_by.in_(list(held_by))))


def is_on_the_phone(session: Session, *, number: str, patient_id: int | None) -> bool:
    """Whether a call with this number or this person lives, in or out, whoever may see it."""
    with_them = Call.number == number
    if patient_id is not None:
        with_them = or_(with_them, Call.patient_id == patient_id)
    found = select(exists().where(and_(Call.ended_at.is_(None), with_them)))
    return bool(session.scalar(found, execution_options={UNSCOPED: True}))
