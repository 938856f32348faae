"""A database that the first release filled is upgraded: every row stays as it was, and what is new is filled (G-03)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import JSON, Boolean, Date, DateTime, Float, Integer, LargeBinary, MetaData, String, Table, func, select
from sqlalchemy import create_engine as create_plain_engine
from sqlalchemy.engine import Connection, make_url

from app.db import Database
from app.patients.models import Patient, PatientPhone
from app.schema import alembic_config, upgrade_schema

FIRST_RELEASE = "20261121a"
BEGAN = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
ROWS = 6
_NUMBERS = {"number", "source", "destination"}


Rows = dict[str, tuple[list[str], list[Any]]]
"""Of each table its columns, and what they hold."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A database after the upgrade, what it held before, and the checksums of the recordings beside it."""

    url: str
    before: Rows
    recordings: dict[Path, str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """The tests only look at it, so that it is made once."""
    folder = tmp_path_factory.mktemp("first-release")
    for number in range(3):
        (folder / f"{number}.ogg").write_bytes(bytes(range(256)) * number)
    with empty_database(request, folder) as url:
        before, recordings = fill_first_release(url), checksums(folder)
        upgrade_schema(url)
        yield Upgraded(url, before, recordings)


@contextmanager
def empty_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A database without any table of ours."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'first.db'}"
        return
    server = request.getfixturevalue("postgresql_url")
    admin = make_url(server).set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    name = f"u{uuid.uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{server}/{name}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_upgrading_keeps_every_row_of_the_first_release(upgraded: Upgraded) -> None:
    after = contents(upgraded.url, {name: columns for name, (columns, _) in upgraded.before.items()})
    assert {len(rows) for _, rows in upgraded.before.values()} == {ROWS}
    for name, (_, rows) in upgraded.before.items():
        assert after[name] == rows, name


def test_upgrading_twice_changes_nothing(upgraded: Upgraded) -> None:
    once = contents(upgraded.url)
    upgrade_schema(upgraded.url)
    assert contents(upgraded.url) == once


def test_new_columns_are_filled_from_the_old_ones(upgraded: Upgraded) -> None:
    engine = create_plain_engine(upgraded.url)
    with engine.connect() as connection:
        tables = reflected(connection)
        phones, identifiers, patients = tables["patient_phone"].c, tables["identifier"].c, tables["patient"].c
        numbers = connection.execute(select(phones.number, phones.number_reversed)).all()
        values = connection.execute(select(identifiers.value, identifiers.value_reversed)).all()
        active = dict(connection.execute(select(patients.id, patients.active_at)).all())
        latest = latest_contacts(connection, tables)
    engine.dispose()
    assert all(turned == number.removeprefix("+")[::-1] for number, turned in numbers)
    assert all(turned == value[::-1] for value, turned in values)
    assert active == latest


def test_recordings_are_left_alone(upgraded: Upgraded) -> None:
    assert checksums(next(iter(upgraded.recordings)).parent) == upgraded.recordings


def test_the_upgraded_database_takes_new_rows(upgraded: Upgraded) -> None:
    database = Database(upgraded.url)
    with database.reading() as session:
        patient = Patient(name="新患者", sex="U", created_at=BEGAN, updated_at=BEGAN)
        patient.phones.append(PatientPhone(number="+8613800138000", kind="mobile", as_entered="13800138000"))
        session.add(patient)
        session.flush()
        assert patient.id == ROWS + 1
        assert patient.phones[0].number_reversed == "0008310083168"
        session.rollback()
    database.close()


def checksums(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.ogg")}


def fill_first_release(url: str) -> Rows:
    """Make the tables of the first release with some rows in each; the columns of each table and what they hold."""
    command.upgrade(alembic_config(url), FIRST_RELEASE)
    engine = create_plain_engine(url)
    with engine.begin() as connection:
        tables = reflected(connection)
        for table in tables.values():
            connection.execute(table.insert(), [a_row(table, number) for number in range(1, ROWS + 1)])
        for table in tables.values():
            if engine.dialect.name == "postgresql" and "id" in table.c and isinstance(table.c.id.type, Integer):
                sequence = func.pg_get_serial_sequence(table.name, "id")
                connection.execute(select(func.setval(sequence, ROWS)).where(sequence.is_not(None)))
        found = {
            name: ([column.name for column in table.c], rows_of(connection, table)) for name, table in tables.items()
        }
    engine.dispose()
    return found


def contents(url: str, columns: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    engine = create_plain_engine(url)
    with engine.connect() as connection:
        tables = reflected(connection)
        found = {name: rows_of(connection, table, (columns or {}).get(name)) for name, table in tables.items()}
    engine.dispose()
    return found


def reflected(connection: Connection) -> dict[str, Table]:
    """Our tables, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {table.name: table for table in metadata.sorted_tables if table.name != "alembic_version"}


def rows_of(connection: Connection, table: Table, columns: list[str] | None = None) -> list[Any]:
    wanted = [table.c[name] for name in columns or [column.name for column in table.c]]
    return sorted((tuple(row) for row in connection.execute(select(*wanted))), key=repr)


def latest_contacts(connection: Connection, tables: dict[str, Table]) -> dict[int, datetime]:
    patient, call, message = tables["patient"].c, tables["call"].c, tables["message"].c
    latest = dict(connection.execute(select(patient.id, patient.created_at)).all())
    for column, moment in ((call.patient_id, call.started_at), (message.patient_id, message.created_at)):
        for patient_id, at in connection.execute(select(column, moment).where(column.is_not(None))):
            latest[patient_id] = max(latest[patient_id], at)
    return latest


def a_row(table: Table, number: int) -> dict[str, Any]:
    """Row `number` of a table. The last one has nothing wherever nothing may stand."""
    is_bare = number == ROWS
    return {
        column.name: None
        if is_bare and column.nullable
        else number
        if column.foreign_keys and isinstance(column.type, Integer)
        else a_value(column.name, column.type, number)
        for column in table.c
    }


def a_value(name: str, kind: Any, number: int) -> Any:
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, Float):
        return number + 0.5
    if isinstance(kind, DateTime):
        return BEGAN + timedelta(days=number if name == "created_at" else 3 - number, seconds=number)
    if isinstance(kind, Date):
        return (BEGAN + timedelta(days=number)).date()
    if isinstance(kind, JSON):
        return {"名": [number, None, "é"]}
    if isinstance(kind, LargeBinary):
        return bytes([number, 0, 255])
    assert isinstance(kind, String), kind
    if name in _NUMBERS:
        return f"+861380013800{number}"
    return f"值{number}"[: kind.length] if kind.length is None or kind.length > 1 else "F"
