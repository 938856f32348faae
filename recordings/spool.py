"""Where Asterisk leaves its raw files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Asterisk's uniqueid is letters, digits, dots and dashes. Anything else could leave the directory.
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# MixMonitor appends each 20 ms and closes the file within 0.1 s of the hangup; a second without a write is the end.
_QUIET = timedelta(seconds=1)


def directory(spool_dir: Path) -> Path:
    """Where MixMonitor writes below Asterisk's spool directory."""
    return spool_dir / "monitor"


def raw_file(spool_dir: Path, stem: str) -> Path | None:
    """The raw file of this stem, if it is there."""
    if not _STEM.fullmatch(stem):
        return None
    path = directory(spool_dir) / f"{stem}.raw"
    return path if path.is_file() else None


def is_complete(path: Path, now: datetime) -> bool:
    """Whether nobody has written to the file for a second."""
    return now - datetime.fromtimestamp(path.stat().st_mtime, UTC) >= _QUIET


def old_files(folder: Path, now: datetime, age: timedelta) -> Iterator[Path]:
    """The raw or half-converted files in this folder that nobody has written to for `age`."""
    for path in [*folder.glob("*.raw"), *folder.glob("*.part")]:
        if path.is_file() and now - datetime.fromtimestamp(path.stat().st_mtime, UTC) >= age:
            yield path
