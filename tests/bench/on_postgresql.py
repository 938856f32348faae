"""The patients of the bench on a PostgreSQL of its own, copied over from the kept SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from app.schema import upgrade_schema
from tests.servers import PostgreSQLServer

_TABLES = (
    "department",
    "patient",
    "contact_person",
    "patient_phone",
    "identifier",
    "search_term",
    "patient_department",
)
# SQLite knows no truth values and no JSON of its own: these are copied through an expression.
_TRUTHS = frozenset({"has_lunar_birthday", "is_key_patient", "is_provisional", "is_active", "may_be_told", "is_valid",
                     "do_not_call", "do_not_text"})  # fmt: skip


@contextmanager
def copied_to_postgresql(kept: Path) -> Iterator[str]:
    """The address of a database with the same patients, for as long as the block runs."""
    server = PostgreSQLServer()
    server.start()
    try:
        url = f"{server.url}/postgres"
        upgrade_schema(url)
        _copy(kept, make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
        yield url
    finally:
        server.stop()
        server.remove()


def _copy(kept: Path, address: str) -> None:
    with sqlite3.connect(f"file:{kept}?mode=ro", uri=True) as source, psycopg.connect(address) as target:
        # The rows were checked when they were made; checking each reference again would take minutes.
        target.execute("SET session_replication_role = replica")
        for table in _TABLES:
            columns = [name for _, name, *_ in source.execute(f"PRAGMA table_info({table})")]
            wanted = ", ".join(f"iif({name}, 't', 'f')" if name in _TRUTHS else name for name in columns)
            with target.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in source.execute(f"SELECT {wanted} FROM {table}"):  # noqa: S608
                    copy.write_row(row)
        target.commit()
        target.autocommit = True
        target.execute("VACUUM ANALYZE")
