"""The planned messages, for the list and for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, literal, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app.db import UTCDateTime
from app.paging import Page, read_cursor, write_cursor
from app.sending_rules.models import PlannedMessage
from app.sending_rules.rules import PlanState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFilters:
    """Which planned messages."""

    rule_id: int | None = None
    patient_id: int | None = None
    state: PlanState | None = None


def list_planned(
    session: Session, filters: PlannedFilters, *, limit: int, cursor: str | None = None
) -> Page[PlannedMessage]:
    """Planned messages of people whom the session's viewer may see, the next one first for what is still planned, and
    the latest first for what is over."""
    query = select(PlannedMessage).options(joinedload(PlannedMessage.rule))
    for column, wanted in (
        (PlannedMessage.rule_id, filters.rule_id),
        (PlannedMessage.patient_id, filters.patient_id),
        (PlannedMessage.state, filters.state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    place = tuple_(PlannedMessage.due_at, PlannedMessage.id)
    is_coming = filters.state is PlanState.PLANNED
    if cursor:
        at, last = read_cursor(cursor, (datetime, int))
        after = tuple_(literal(at, UTCDateTime), literal(last, Integer))
        query = query.where(place > after if is_coming else place < after)
    order = (PlannedMessage.due_at, PlannedMessage.id)
    query = query.order_by(*(order if is_coming else [each.desc() for each in order])).limit(limit + 1)
    found = list(session.scalars(query))
    last_row = found[limit - 1] if len(found) > limit else None
    more = write_cursor(last_row.due_at, last_row.id) if last_row is not None else None
    return Page(items=found[:limit], next_cursor=more)
