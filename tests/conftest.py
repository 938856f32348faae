"""What every test may ask for: a database of its own, on SQLite and on PostgreSQL, and the parts around it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from sqlalchemy import make_url

from app.parts import Parts
from app.schema import upgrade_schema
from app.settings import Settings
from tests.quiet import Quiet
from tests.servers import PostgreSQLServer

# Time is never asserted, and a gate must judge the same change the same way twice; `--hypothesis-profile=explore`
# goes where nobody has been.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("gate")

_quiet = Quiet()
_SECRET = "tests-only-secret-key-of-more-than-32-characters"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL of this run's own, on a free port, without fsync."""
    server = PostgreSQLServer()
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
        server.remove()


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    upgrade_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _migrated_postgresql(postgresql_url: str) -> str:
    url = f"{postgresql_url}/wardline"
    with psycopg.connect(_plain(f"{postgresql_url}/postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE wardline")
    upgrade_schema(url)
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(_KEEP_FIRST_ROWS)
    return url


# A new database for each test costs half a second, most of it in the server; emptying one costs some milliseconds.
# What the migrations themselves wrote is kept aside and put back.
_EVERY_TABLE = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_KEEP_FIRST_ROWS = f"""
DO $$ DECLARE name text; BEGIN
  CREATE SCHEMA first;
  FOR name IN {_EVERY_TABLE} LOOP
    EXECUTE format('CREATE TABLE first.%I AS TABLE public.%I', name, name);
  END LOOP;
END $$"""
_EMPTY = f"""
DO $$ DECLARE name text; number text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN {_EVERY_TABLE} LOOP
    EXECUTE format('DELETE FROM public.%I', name);
    EXECUTE format('INSERT INTO public.%I SELECT * FROM first.%I', name, name);
  END LOOP;
  FOR name IN SELECT DISTINCT tgrelid::regclass FROM pg_trigger WHERE tgenabled = 'D' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER ALL', name);
  END LOOP;
  FOR number IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE public.%I RESTART', number);
  END LOOP;
END $$"""  # noqa: S608  names of our own tables
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty migrated database: SQLite, or PostgreSQL where the test asks for both (`both_databases`)."""
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        path = tmp_path / "wardline.db"
        shutil.copy(request.getfixturevalue("_migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("_migrated_postgresql")
    yield url
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(_END_OTHERS)
        connection.execute(_EMPTY)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    env = {
        "WARDLINE_DATA_DIR": str(tmp_path / "var"),
        "WARDLINE_DATABASE_URL": database_url,
        "WARDLINE_SECRET_KEY": _SECRET,
        "WARDLINE_DEMO": "1",
    }
    (tmp_path / "var").mkdir(exist_ok=True)
    return Settings.from_env(env)


@pytest.fixture
def open_parts(settings: Settings) -> Iterator[Callable[[], Parts]]:
    """Opens parts on this test's database, as often as a test needs processes; closes them all at the end."""
    opened: list[Parts] = []

    def open_one() -> Parts:
        opened.append(Parts.open(settings))
        return opened[-1]

    yield open_one
    for parts in opened:
        parts.close()


@pytest.fixture
def parts(open_parts: Callable[[], Parts]) -> Parts:
    """The parts of one process. The bus is not started."""
    return open_parts()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests in tests/db run on both databases."""
    if "database_url" in metafunc.fixturenames and "/db/" in str(metafunc.definition.path):
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How several processes share the tests out."""
    from tests.sharing import Sharing

    return Sharing(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outside of the time limit, which is not for waiting
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Of the processes that share the tests out, only one runs while a test runs that measures time."""
    with _quiet.alone() if item.get_closest_marker("alone") else _quiet.together():
        return (yield)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
