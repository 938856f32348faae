"""Read a table or view of another database: by its key, page by page, never changing or locking anything there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from app.errors import InvalidInput
from app.texts import N_

# Short enough that a lock of the other system lasts a moment, long enough that a million rows take minutes.
_PAGE = 2000
_TIMEOUT_SECONDS = 30
_MOST_COLUMNS = 500
_BAD_ADDRESS = N_("This is not the address of a database. Write it as postgresql+psycopg://user:password@host/name.")
_NO_DRIVER = N_("There is no driver for this kind of database on this server.")
_NO_VIEW = N_("The database cannot be reached, or has no such table or view with this key column.")
_BAD_NAME = N_("The name of a table, view or column has only letters, digits, underscores and one point.")
_GONE = N_("The other database stopped answering. Start again to go on where it stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAddress:
    """Where rows come from. `url` holds a password: it is stored in a file of its own and never shown."""

    url: str
    view: str
    key: str


class ViewLines:
    """The rows of a view in the order of their key, as texts; the first line holds the column names."""

    def __init__(self, address: ViewAddress, *, after: str | None = None) -> None:
        if not re.fullmatch(r"\w{1,60}(\.\w{1,60})?", address.view) or not re.fullmatch(r"\w{1,60}", address.key):
            raise InvalidInput(_BAD_NAME, field="view")
        self._engine = _read_only_engine(address.url)
        schema, _, name = address.view.rpartition(".")
        self._key = address.key
        self._after: Any = after
        try:
            self._table = Table(name, MetaData(), schema=schema or None, autoload_with=self._engine)
            self._key_column = self._table.c[address.key]
        except (SQLAlchemyError, KeyError):
            self._engine.dispose()
            raise InvalidInput(_NO_VIEW, field="view") from None
        if len(self._table.c) > _MOST_COLUMNS:
            self._engine.dispose()
            raise InvalidInput(_NO_VIEW, field="view")

    @property
    def progress(self) -> None:
        """Nobody asks another system to count a view."""
        return None

    @property
    def position(self) -> str | None:
        return None if self._after is None else str(self._after)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        names = [each.name for each in self._table.c]
        yield 1, names
        place = names.index(self._key)
        line = 1
        while rows := self._page():
            for row in rows:
                line += 1
                self._after = row[place]
                yield line, [_text(value) for value in row]

    def close(self) -> None:
        self._engine.dispose()

    def _page(self) -> list[Any]:
        query = select(self._table).where(self._key_column.is_not(None)).order_by(self._key_column).limit(_PAGE)
        try:
            if self._after is not None:
                kind = self._key_column.type.python_type
                after = kind(self._after) if kind in (int, str) else self._after
                query = query.where(self._key_column > after)
            with self._engine.connect() as connection:
                rows = list(connection.execute(query))
                connection.rollback()
        except (SQLAlchemyError, NotImplementedError, ValueError):
            raise InvalidInput(_GONE, field="view") from None
        return rows


def _read_only_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        arguments: dict[str, Any] = {}
        if backend == "sqlite":
            # An address must not create a file, and not change one.
            parsed = parsed.set(database=f"file:{parsed.database}", query={"mode": "ro", "uri": "true"})
        elif backend == "postgresql":
            options = f"-c default_transaction_read_only=on -c statement_timeout={_TIMEOUT_SECONDS * 1000}"
            arguments = {"connect_timeout": _TIMEOUT_SECONDS, "options": options}
        return create_engine(parsed, connect_args=arguments, pool_size=1, max_overflow=0)
    except (ArgumentError, ValueError, TypeError):
        raise InvalidInput(_BAD_ADDRESS, field="url") from None
    except (NoSuchModuleError, ModuleNotFoundError):
        raise InvalidInput(_NO_DRIVER, field="url") from None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
