"""Keep the index of names: which terms find which person. Numbers and identifiers have indexes of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, exists, select, text
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.patients.models import Patient, SearchTerm
from app.patients.names import terms_of

# The index tells nothing that the record does not, and it must be whole whoever saves a name.
_WHOLE = {UNSCOPED: True}
_TERMS: Any = SearchTerm.__table__
_PEOPLE: Any = Patient.__table__
# SQLite takes 32,766 values in one statement; a batch of this many people holds its writer for about 0.1 s.
_CHUNK = 2_000
# One statement for all rows: psycopg would send and plan each row by itself, which takes ten times as long.
_INSERT_POSTGRESQL = text(
    "INSERT INTO search_term (term, patient_id) "
    "SELECT * FROM unnest(CAST(:terms AS varchar[]), CAST(:patients AS integer[])) ON CONFLICT DO NOTHING"
)
_INSERT_SQLITE = "INSERT INTO search_term (term, patient_id) VALUES (?, ?) ON CONFLICT DO NOTHING"


def index_names(session: Session, rows: Sequence[tuple[int, str]]) -> None:
    """Make these people, as (patient, name), found by these names and by no other; the records must be in the database.

    Any number of rows. Several rows of one person are all kept: a merged record stays known by its names.
    """
    for chunk in _chunks(rows, _CHUNK):
        ids = {patient_id for patient_id, _ in chunk}
        session.execute(delete(_TERMS).where(_TERMS.c.patient_id.in_(ids)), execution_options=_WHOLE)
        _insert(session, chunk)


def index_new_names(session: Session, rows: Sequence[tuple[int, str]]) -> None:
    """As `index_names`, for records that were made in this transaction: nothing of theirs has to be removed first."""
    for chunk in _chunks(rows, _CHUNK):
        _insert(session, chunk)


def renew_terms(session: Session, patient_ids: Collection[int]) -> None:
    """Index these people anew: by their own names and by those of the records that were merged into theirs.

    To be called for both records after a merge and after its undoing. A record that was merged away has no terms.
    """
    session.flush()
    for chunk in _chunks(sorted(patient_ids), _CHUNK):
        session.execute(delete(_TERMS).where(_TERMS.c.patient_id.in_(chunk)), execution_options=_WHOLE)
        _insert(session, _names(session, chunk))


def unindexed(session: Session, *, after: int) -> list[int]:
    """Some people with larger ids than `after` who have no terms, in the order of their ids; none at the end."""
    has_terms = exists().where(_TERMS.c.patient_id == _PEOPLE.c.id)
    query = (
        select(_PEOPLE.c.id)
        .where(_PEOPLE.c.id > after, _PEOPLE.c.merged_into_id.is_(None), ~has_terms)
        .order_by(_PEOPLE.c.id)
        .limit(_CHUNK)
    )
    return list(session.scalars(query, execution_options=_WHOLE))


def _names(session: Session, patient_ids: Sequence[int]) -> list[tuple[int, str]]:
    """The names by which these records are found: their own, and those of all records merged into them."""
    columns = (_PEOPLE.c.id, _PEOPLE.c.merged_into_id, _PEOPLE.c.name)
    own = select(*columns).where(_PEOPLE.c.id.in_(patient_ids), _PEOPLE.c.merged_into_id.is_(None))
    named = [(patient, name) for patient, _, name in session.execute(own, execution_options=_WHOLE)]
    survivor = {patient: patient for patient, _ in named}
    level = list(survivor)
    while level:
        merged = session.execute(
            select(*columns).where(_PEOPLE.c.merged_into_id.in_(level)), execution_options=_WHOLE
        ).all()
        level = []
        for patient, into, name in merged:
            survivor[patient] = survivor[into]
            named.append((survivor[into], name))
            level.append(patient)
    return named


def _insert(session: Session, rows: Sequence[tuple[int, str]]) -> None:
    # In the order of the index, neighbours fall into the same page of it.
    terms = sorted({(term, patient_id) for patient_id, name in rows for term in terms_of(name)})
    if not terms:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        columns = {"terms": [term for term, _ in terms], "patients": [patient_id for _, patient_id in terms]}
        connection.execute(_INSERT_POSTGRESQL, columns)
    else:
        # Straight to the driver: SQLAlchemy's handling of each row costs as much as SQLite's own work.
        connection.exec_driver_sql(_INSERT_SQLITE, terms)


def _chunks(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
