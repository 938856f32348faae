"""Fill a database with a synthetic hospital, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from app.bulk import last_id
from app.db import Database
from app.patients.models import Patient
from app.synthetic.rules import UNTIL, SyntheticPatient, generate
from app.synthetic.service.histories import insert_histories
from app.synthetic.service.people import insert_people

# SQLite's own 2 MB of cache do not hold the indexes of a hundred thousand people, and every insert would read pages.
_SQLITE_CACHE = "PRAGMA cache_size = -262144"
# About 100 MB with histories; larger batches are no faster.
_BATCH = 10_000


def fill(database: Database, seed: int, size: int, *, until: datetime = UNTIL) -> int:
    """Insert the people of `generate(seed, size, until=until)` with numbers, identifiers and search terms.

    Returns the offset: record n is patient offset + n. A transaction per 10,000 people; a database takes each seed
    once, because identifiers are unique.
    """
    with database.reading() as session:
        offset = last_id(session.connection(), Patient)
    for batch in _batches(generate(seed, size, until=until)):
        with _writing(database) as session:
            insert_people(session, batch, offset=offset)
    return offset


def fill_histories(database: Database, seed: int, size: int, *, offset: int, until: datetime = UNTIL) -> None:
    """Insert what happened to the people that `fill` inserted with the same seed, size and moment."""
    for batch in _batches(generate(seed, size, until=until)):
        with _writing(database) as session:
            insert_histories(session, batch, seed=seed, until=until, offset=offset)


@contextmanager
def _writing(database: Database) -> Iterator[Session]:
    with database.writing() as session:
        if database.is_sqlite:
            session.connection().exec_driver_sql(_SQLITE_CACHE)
        yield session


def _batches(records: Iterator[SyntheticPatient]) -> Iterator[list[SyntheticPatient]]:
    while batch := list(islice(records, _BATCH)):
        yield batch
