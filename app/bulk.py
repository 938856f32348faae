"""Write many rows at once, past the ORM: its handling of a row costs several times what the database takes.

For importers and seeders only: nothing is checked, no scope is asked, no journal is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Date, func, select, text
from sqlalchemy.exc import DBAPIError

from app.db import Table, UTCDateTime

_ToDriver = Callable[[Any], Any]


def insert_rows(
    connection: Connection, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of values in the order of `columns`; a column that is not named gets the database's default.

    By COPY on PostgreSQL, by one prepared statement on SQLite. Raises sqlalchemy's DBAPIError, as any statement does.
    """
    driver_rows = _driver_rows(connection, table, columns, rows)
    # The names come from our own models.
    named = f"{table.__tablename__} ({', '.join(columns)})"
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {named} FROM STDIN", driver_rows)
        return
    values = list(driver_rows)
    if values:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {named} VALUES ({marks})", values)  # noqa: S608


def reserve_ids(connection: Connection, table: type[Table], count: int) -> list[int]:
    """New ids that nobody else gets. SQLite has one writer, which is this transaction; PostgreSQL has a sequence."""
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        taken = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return sorted(connection.execute(taken, {"name": table.__tablename__, "count": count}).scalars())
    last = last_id(connection, table)
    return list(range(last + 1, last + 1 + count))


def last_id(connection: Connection, table: type[Table]) -> int:
    """The largest id in the table; 0 when it is empty."""
    return int(connection.execute(select(func.coalesce(func.max(table.__table__.c.id), 0))).scalar_one())


def keep_ids(connection: Connection, *tables: type[Table]) -> None:
    """After rows were inserted with ids of their own: let the next ids of the database be larger."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            name = table.__tablename__
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name} HAVING max(id) > 0")  # noqa: S608
            )


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    fault = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except fault as error:
        # COPY goes past sqlalchemy, which would have named the error in its own words.
        raise DBAPIError.instance(statement, None, error, fault, dialect=connection.dialect) from error


def _driver_rows(
    connection: Connection, table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterable[tuple[Any, ...]]:
    found: list[tuple[int, _ToDriver]] = []
    for place, name in enumerate(columns):
        kind: Any = table.__table__.c[name].type.dialect_impl(connection.dialect)
        to_driver = kind.bind_processor(connection.dialect)
        if to_driver is not None:
            # Moments and days repeat from row to row, and to write one costs as much as to insert the row.
            is_time = isinstance(table.__table__.c[name].type, UTCDateTime | Date)
            found.append((place, lru_cache(maxsize=4096)(to_driver) if is_time else to_driver))
    for row in rows:
        values = list(row)
        for place, to_driver in found:
            if values[place] is not None:
                values[place] = to_driver(values[place])
        yield tuple(values)
