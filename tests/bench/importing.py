"""Bringing a list in, beside a bare bulk insert of the same rows into the same tables with the same indexes."""

from __future__ import annotations

import csv
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

import app.models  # noqa: F401
from app.db import Database, Table
from app.imports import service
from app.parts import Parts
from app.schema import upgrade_schema
from app.settings import Settings

# A million takes some minutes; the ratio is the same from fifty thousand on.
_ROWS = int(os.environ.get("BENCH_ROWS", "50000"))
_TABLES = ("patient", "patient_kind", "patient_phone", "identifier", "search_term")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN = "秀兰英华丽芳军伟强磊静敏娟勇艳杰涛明超霞平刚桂红梅玉龙建文辉力春飞鹏玲"


def measure() -> Iterator[tuple[str, ...]]:
    """One row of the table: rows a second, the floor, the ratio, and how much memory grew."""
    with tempfile.TemporaryDirectory(prefix="wardline-bench-") as folder:
        base = Path(folder)
        source = base / "patients.csv"
        _write_list(source, _ROWS)
        _bring_in(new_settings(base / "warm"), _first(source, base, 2_000))
        settings = new_settings(base / "ours")
        before = memory_used()
        with highest_memory() as highest:
            ours = _bring_in(settings, source)
        grown = highest() - before
        floor = _floor(settings, new_settings(base / "floor"))
    yield (
        f"import of {_ROWS:,} patients, SQLite",
        f"{_ROWS / ours:,.0f} rows/s, +{grown:.0f} MB",
        f"{_ROWS / floor:,.0f} rows/s bare insert",
        f"{ours / floor:.1f} ×",
        "5 ×",
    )


def _write_list(path: Path, rows: int) -> None:
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["姓名", "手机", "性别", "出生日期", "门诊号", "家庭住址"])
        for place in range(rows):
            name = draw.choice(_SURNAMES) + "".join(draw.choices(_GIVEN, k=draw.choice((1, 2, 2))))
            day = f"{draw.randint(1930, 2020)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
            # Every twentieth number has the dirt that keeps it from the fast way.
            number = f"13{place:09d}" if place % 20 else f"+86 13{place:09d}（本人）"
            sheet.writerow([name, number, draw.choice("男女"), day, f"MZ{place:08d}", f"杭州市西湖区文三路{place}号"])


def _first(source: Path, base: Path, rows: int) -> Path:
    path = base / "first.csv"
    with source.open(encoding="utf-8") as lines:
        path.write_text("".join(line for line, _ in zip(lines, range(rows + 1), strict=False)), encoding="utf-8")
    return path


def new_settings(folder: Path) -> Settings:
    """The settings of a product with an empty database of its own below that folder."""
    folder.mkdir()
    settings = Settings.from_env({"WARDLINE_DATA_DIR": str(folder), "WARDLINE_SECRET_KEY": "bench" * 8})
    upgrade_schema(settings.database_url)
    return settings


def _bring_in(settings: Settings, path: Path) -> float:
    parts = Parts.open(settings)
    began = time.perf_counter()
    report = service.import_file(parts, path)
    seconds = time.perf_counter() - began
    parts.close()
    assert report.rejected == report.to_review == 0, report
    return seconds


def _floor(filled: Settings, empty: Settings) -> float:
    """The driver's executemany, a thousand people a transaction, rows ready in memory."""
    source, target = Database(filled.database_url), Database(empty.database_url)
    seconds = 0.0
    for name in _TABLES:
        table = Table.metadata.tables[name]
        rows = _raw_rows(source.engine, table)
        signs = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {name} VALUES ({signs})"  # noqa: S608
        size = 1000 * max(1, len(rows) // _ROWS)
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            began = time.perf_counter()
            with target.writing() as session:
                session.connection().exec_driver_sql(statement, chunk)
            seconds += time.perf_counter() - began
    source.close()
    target.close()
    return seconds


def _raw_rows(engine: Engine, table: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
        names = ", ".join(column[1] for column in columns)
        statement = f"SELECT {names} FROM {table.name}"  # noqa: S608
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


@contextmanager
def highest_memory() -> Iterator[Callable[[], float]]:
    """Asks for the highest value of `memory_used` so far."""
    seen = [memory_used()]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            seen[0] = max(seen[0], memory_used())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    yield lambda: seen[0]
    ended.set()
    watcher.join()


def memory_used() -> float:
    """Megabytes of this process that are not pages of files: SQLite maps the database into memory."""
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("RssAnon")]
    return int(line.split()[1]) / 1024
