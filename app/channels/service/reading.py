"""Lists and single contacts. Scopes are applied by the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, func, literal, select, tuple_
from sqlalchemy.orm import Session

from app.channels.models import Interaction
from app.channels.rules import Channel
from app.db import UTCDateTime
from app.errors import NotFound
from app.messages.rules import Direction
from app.paging import Page, read_cursor, write_cursor
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to; nothing means everything."""

    channel: Channel | None = None
    direction: Direction | None = None
    state: str | None = None
    patient_id: int | None = None
    id: int | None = None
    is_open: bool = False  # only what came in and nobody has handled
    agent: str | None = None


def get_interaction(session: Session, interaction_id: int) -> Interaction:
    """One contact. Raises NotFound."""
    wanted = select(Interaction).where(Interaction.id == interaction_id)
    found = session.scalar(wanted) if 0 < interaction_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such contact."))
    return found


def list_interactions(
    session: Session, filters: Filters, *, limit: int, cursor: str | None = None
) -> Page[Interaction]:
    """Contacts newest first. Raises InvalidInput for a cursor that this list did not give."""
    query = select(Interaction).where(*_conditions(filters))
    if cursor:
        at, last_id = read_cursor(cursor, (datetime, int))
        # Typed literals, because SQLite keeps a moment in another form than Python gives it.
        place = tuple_(literal(at, UTCDateTime), literal(last_id, Integer))
        query = query.where(tuple_(Interaction.at, Interaction.id) < place)
    rows = list(session.scalars(query.order_by(Interaction.at.desc(), Interaction.id.desc()).limit(limit + 1)))
    is_last, rows = len(rows) <= limit, rows[:limit]
    return Page(items=rows, next_cursor=None if is_last else write_cursor(rows[-1].at, rows[-1].id))


def count_open(session: Session) -> int:
    """How many contacts wait for somebody to handle them."""
    return session.scalar(select(func.count()).select_from(Interaction).where(*_open())) or 0


def history(session: Session, interaction: Interaction, limit: int = 30) -> list[Interaction]:
    """The newest other contacts with the same person, or where nobody is known the same address; newest first."""
    query = select(Interaction).where(Interaction.id != interaction.id)
    if interaction.patient_id is not None:
        query = query.where(Interaction.patient_id == interaction.patient_id)
    elif interaction.address:
        query = query.where(Interaction.channel == interaction.channel, Interaction.address == interaction.address)
    else:
        return []
    return list(session.scalars(query.order_by(Interaction.at.desc(), Interaction.id.desc()).limit(limit)))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {
        Interaction.channel: filters.channel,
        Interaction.direction: filters.direction,
        Interaction.state: filters.state,
        Interaction.patient_id: filters.patient_id,
        Interaction.id: filters.id,
        Interaction.agent: filters.agent,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in wanted.items() if value is not None]
    return [*found, *_open()] if filters.is_open else found


def _open() -> list[ColumnElement[bool]]:
    return [Interaction.direction == Direction.IN, Interaction.handled_at.is_(None)]
