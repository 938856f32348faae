"""Alembic's environment. The address comes from our settings, never from a file."""

from alembic import context
from sqlalchemy import text

import app.models  # noqa: F401  fills Table.metadata
from app.db import Database, Table, UTCDateTime
from app.settings import Settings


def _render(kind: str, item: object, autogen_context: object) -> str | bool:
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _same_type(
    _context: object, _inspected: object, metadata: object, _a: object, metadata_type: object
) -> bool | None:
    return False if isinstance(metadata_type, UTCDateTime) else None


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    # SQLite's full-text table and the tables that it makes for itself are no part of the models.
    return kind != "table" or not (name or "").startswith("transcript_words")


def run() -> None:
    url = context.config.attributes.get("database_url") or Settings.from_env().database_url
    database = Database(url)
    engine = database.engine.execution_options(wardline_writing=True)
    with engine.connect() as connection:
        if database.is_sqlite:
            # SQLite changes a table by copying and dropping it, which would count as deleting what others refer to.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Table.metadata,
            render_as_batch=database.is_sqlite,
            render_item=_render,
            compare_type=_same_type,
            include_name=_is_ours,
        )
        with context.begin_transaction():
            if not database.is_sqlite:
                # A migration must not queue behind a long reader and block every later query meanwhile.
                connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            context.run_migrations()
        connection.commit()
    database.close()


run()
