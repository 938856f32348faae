"""Recordings: the first sound and a seek in an hour-long sealed file, conversion, and the list of a million.

Beside a plain file on the same disk, plain ffmpeg on the same raw files, and the bare count of the rows.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import imageio_ffmpeg
from sqlalchemy import text

from app.calls.models import Call
from app.db import Database
from app.patients.service import is_called
from app.quality.service import scored
from app.recordings import service
from app.recordings.rules import Kept, RecordingState, Store
from app.schema import upgrade_schema
from app.settings import Settings
from recordings import sound
from recordings.vault import Vault
from tests.bench.adapter import Row
from tests.bench.recorded_years import RARE_NAME, RARE_WORD, fill
from tests.two_sided import interleave, tone

_ROWS = int(os.environ.get("WARDLINE_BENCH_RECORDINGS", "1000000"))
_HOUR_SECONDS, _PIECE, _READS, _FILES = 3600, 64 * 1024, 200, 20
_NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)


def measure() -> list[Row]:
    """Reading, converting, searching."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_reading(Path(folder)), _converting(Path(folder)), *_searching(Path(folder))]


def _settings(folder: Path) -> Settings:
    return Settings.from_env({"WARDLINE_DATA_DIR": str(folder), "WARDLINE_SECRET_KEY": "for this run alone"})


def _reading(folder: Path) -> list[Row]:
    """A file as large as an hour of our FLAC: 40 MB. What is in it makes no difference to its reading."""
    plain = folder / "hour.flac"
    plain.write_bytes(random.Random(1).randbytes(40 * 1024 * 1024))
    vault = Vault(_settings(folder))
    vault.put(plain, "hour", "2026/hour.sealed")
    kept, size = Kept(id="hour", store=Store.MAIN, path="2026/hour.sealed", is_sealed=True), plain.stat().st_size
    places = [0, *(random.Random(2).randrange(size) for _ in range(_READS))]

    def sealed(at: int) -> None:
        with vault.opened(kept) as audio:
            assert sum(map(len, audio.read(at, _PIECE))) > 0

    def bare(at: int) -> None:
        with plain.open("rb") as file:
            file.seek(at)
            assert file.read(_PIECE)

    rows = []
    for what, wanted in (("first sound of an hour", [0] * _READS), ("seek in an hour", places[1:])):
        ours = _median([_timed(partial(sealed, at)) for at in wanted])
        floor = _median([_timed(partial(bare, at)) for at in wanted])
        rows.append((f"{what}, sealed, 64 KiB", _ms(ours), f"{_ms(floor)} (plain file)", f"{ours / floor:.1f}", "–"))
    return rows


def _converting(folder: Path) -> Row:
    raw = [folder / f"{number}.raw" for number in range(_FILES)]
    content = interleave(tone(440, 60), tone(1000, 60))
    for path in raw:
        path.write_bytes(content)
    vault = Vault(_settings(folder))

    def ours(path: Path) -> None:
        target = path.with_suffix(".part")
        sound.convert(path, target)
        vault.put(target, path.stem, f"converted/{path.stem}.sealed")
        target.unlink()

    def ffmpeg(path: Path) -> None:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "s16le", "-ar", "8000", "-ac", "2"]
        subprocess.run([*command, "-i", str(path), "-c:a", "flac", str(path.with_suffix(".flac"))], check=True)

    # File by file in turns: whatever else the machine does in between slows both.
    times = [(_timed(partial(ours, path)), _timed(partial(ffmpeg, path))) for path in raw * 3]
    own, bare = (1 / statistics.median(column) for column in zip(*times, strict=True))
    what = "minutes of sound converted, measured and sealed a second"
    return what, f"{own:.1f}/s", f"{bare:.1f}/s (plain ffmpeg)", f"{own / bare:.2f}", "≥ 0.9"


def _searching(folder: Path) -> list[Row]:
    url = f"sqlite:///{folder / 'list.db'}"
    upgrade_schema(url)
    database = Database(url)
    fill(database, _ROWS, until=_NOW)
    filters: dict[str, service.Filters] = {
        "newest": service.Filters(),
        "agent": service.Filters(agent="agent7"),
        "whole number": service.Filters(number="+8613800123456"),
        "last digits": service.Filters(number="23456"),
        "queue": service.Filters(queue="queue3"),
        "result": service.Filters(disposition="complaint"),
        "length": service.Filters(shortest_seconds=3590),
        "state": service.Filters(state=RecordingState.DAMAGED),
        "a day": service.Filters(since=_NOW - timedelta(days=30), until=_NOW - timedelta(days=29)),
        "marker": service.Filters(marker="held"),
        "held": service.Filters(is_held=True),
        "score": service.Filters(also=scored(least=0, most=59)),
        "no score": service.Filters(also=scored(is_scored=False)),
        "a common word": service.Filters(words=service.looked_for("您好")),
        "a word in one call of a thousand": service.Filters(words=service.looked_for(RARE_WORD)),
        "a word that nobody said": service.Filters(words=service.looked_for("彩虹橋")),
    }
    settings = _settings(folder)
    with database.reading() as session:
        for name, typed in (("a common name", "wang"), ("a rare name", RARE_NAME), ("no such name", "诸葛亮")):
            called = is_called(session, Call.patient_id, typed, settings=settings)
            filters[name] = service.Filters(also=[called])
        floor = _timed(lambda: session.execute(text("SELECT count(*) FROM recording")).one())
        rows = []
        for name, wanted in filters.items():
            took = _median([_timed(partial(service.list_recordings, session, wanted)) for _ in range(3)])
            what = f"list of {_ROWS:,} recordings by {name}, a page"
            rows.append((what, _ms(took), f"{_ms(floor)} (bare count)", f"{took / floor:.2f}", "< 0.5 s"))
    database.close()
    return rows


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _median(times: list[float]) -> float:
    return statistics.median(times)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
