"""Operators' tables of error codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.smsc_accounts.models import AccountRow, ErrorTable
from app.smsc_accounts.rules import StatusClass, read_error_classes, write_error_classes
from app.smsc_accounts.service.changes import tell_change
from app.texts import N_


def error_tables(session: Session) -> Sequence[ErrorTable]:
    """The operators' tables, by name."""
    return session.scalars(select(ErrorTable).order_by(ErrorTable.name)).all()


def get_error_table(session: Session, table_id: int) -> ErrorTable:
    """One table. Raises NotFound."""
    table = session.get(ErrorTable, table_id)
    if table is None:
        raise NotFound(N_("There is no such table of error codes."))
    return table


def save_error_table(session: Session, bus: Bus, table_id: int | None, name: str, text: str) -> ErrorTable:
    """A new table, or a kept one changed, from lines such as `0x0b temporary`.

    Raises InvalidInput, NotFound, and Conflict for a name that is taken.
    """
    name = name.strip()
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise InvalidInput(N_("A name of at most 40 characters."), field="name")
    classes = stored(read_error_classes(text))
    namesake = session.scalar(select(ErrorTable.id).where(ErrorTable.name == name))
    if namesake not in (None, table_id):
        raise Conflict(N_("There is a table of this name already."), field="name")
    table = ErrorTable() if table_id is None else get_error_table(session, table_id)
    table.name, table.classes = name, classes
    session.add(table)
    session.flush()
    tell_change(session, bus)
    return table


def remove_error_table(session: Session, bus: Bus, table_id: int) -> None:
    """Raises NotFound, and Conflict while an account uses it."""
    table = get_error_table(session, table_id)
    if session.scalar(select(AccountRow.id).where(AccountRow.error_table_id == table_id).limit(1)) is not None:
        raise Conflict(N_("An account uses this table. Choose another one there first."), field="name")
    session.delete(table)
    session.flush()
    tell_change(session, bus)


def stored(classes: Iterable[tuple[int, StatusClass]]) -> dict[str, str]:
    """The form in which classes are kept."""
    return {f"0x{status:02x}": kind.value for status, kind in classes}


def read_stored(classes: Mapping[str, Any]) -> dict[int, StatusClass]:
    """Classes as they were kept."""
    return {int(code, 16): StatusClass(kind) for code, kind in classes.items()}


def written(classes: Mapping[str, Any]) -> str:
    """Kept classes as the lines of a form."""
    return write_error_classes(read_stored(classes))
