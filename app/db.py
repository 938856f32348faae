"""The database: engine, transactions, column types. One shape for SQLite and PostgreSQL.

The edge (route, task, loop) opens a transaction with `reading()` or `writing()`; services never commit.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Executable,
    MetaData,
    Result,
    String,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import JSON, TypeDecorator

# A bulk import may hold SQLite's one write lock that long; an agent's click must wait, not fail.
_BUSY_SECONDS = 30


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite forgets time zones, so a naive value read back is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_by_bytes(length: int) -> String:
    """A text that PostgreSQL too sorts by its bytes, so that what has one beginning is one range of an index."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Table(DeclarativeBase):
    """What every table derives from."""

    # SQLite changes a table by copying it, and a constraint can be carried over only by its name.
    metadata = MetaData(naming_convention={"ix": "ix_%(column_0_label)s", "fk": "fk_%(table_name)s_%(column_0_name)s"})
    type_annotation_map = {datetime: UTCDateTime, dict[str, Any]: JSON, list[Any]: JSON}


AfterCommit = Callable[[], None]


class Database:
    """Opens transactions on one engine. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)
        # The same pool; its transactions begin as writers.
        self._writing_engine = self.engine.execution_options(wardline_writing=True)
        self._turns = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads; on SQLite it never blocks a writer."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        SQLite begins it with BEGIN IMMEDIATE: a deferred transaction that reads and then writes fails with "database
        is locked" under load. What `after_commit` collected runs once the outermost commit has succeeded.
        """
        hooks: list[AfterCommit] = []
        with (
            self._turn(),
            Session(self._writing_engine, expire_on_commit=False, info={"after_commit": hooks}) as session,
            session.begin(),
        ):
            yield session
        for hook in hooks:
            hook()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite the writers of this process take turns here: waiting in SQLite itself is sleeping and asking again,
        which lets the next one in up to 100 ms late. A bulk writer that holds it too long is met there all the same.
        """
        is_ours = self.is_sqlite and self._turns.acquire(timeout=_BUSY_SECONDS)
        try:
            yield
        finally:
            if is_ours:
                self._turns.release()

    def close(self) -> None:
        """Give all connections back. Closing twice is harmless."""
        self.engine.dispose()


def after_commit(session: Session, hook: AfterCommit) -> None:
    """Run `hook` when the transaction of `writing()` has been committed, never before and never after a rollback."""
    session.info["after_commit"].append(hook)


@event.listens_for(Session, "after_rollback")
def _forget_hooks(session: Session) -> None:
    # A trial rolls back inside its block and leaves it without an error.
    session.info.get("after_commit", []).clear()


def rows_changed(result: Result[Any]) -> int:
    """How many rows an UPDATE, INSERT or DELETE touched: of any number who claim one row, one is told 1.

    A session's execute() promises less than it returns for such a statement, which is always a CursorResult.
    """
    # A driver that cannot tell says -1.
    return max(0, cast(CursorResult[Any], result).rowcount)


def upsert(session: Session, table: type[Table], rows: Sequence[dict[str, Any]], *, key: str) -> None:
    """Insert the rows; where one with the same `key` exists, set exactly the columns that the rows name."""
    if rows:
        # Past the ORM: this is the path of every call, and the unit of work would cost three times the statement.
        connection = session.connection()
        connection.execute(_upsert_statement(table, connection.dialect.name, tuple(rows[0]), key), rows)


@functools.cache
def _upsert_statement(table: type[Table], dialect: str, columns: tuple[str, ...], key: str) -> Executable:
    # Building it anew each time costs more than the database's own work.
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table.__table__)  # type: ignore[arg-type]
    changed = {name: statement.excluded[name] for name in columns if name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changed)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        # All of a database of two million people is mapped, which halves the time of a search among a million.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "mmap_size=2147418112"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writing = connection.get_execution_options().get("wardline_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql_engine(url: str) -> Engine:
    return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args={"connect_timeout": 5})
