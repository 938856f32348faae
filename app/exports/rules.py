"""What may stand in a cell, how long a file lasts, and which exports are made at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from app.texts import N_


class ExportState(StrEnum):
    """queued → running → done / failed; done → expired."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class CellKind(StrEnum):
    """How a column's values are written."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # integer cents
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """A column as it is written: its header and the words for its codes are already in the reader's language."""

    title: str
    kind: CellKind
    value: Callable[[Any], object]
    words: Mapping[str, str]
    width: int


# 2,000 rows of 17 columns took 1.9 s of processor time here; more are made in the background, where no page waits.
ROWS_AT_ONCE = 2_000
KEPT_FOR = timedelta(days=7)
SHORTEST_REASON = 4
LONGEST_REASON = 300
# A sheet of .xlsx ends here; the first row is the header.
LARGEST_SHEET = 1_048_575
# The longest text that Excel opens in one cell.
_LONGEST_CELL = 32_767
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

STATE_TEXT = {
    ExportState.QUEUED: N_("Waiting"),
    ExportState.RUNNING: N_("Being made"),
    ExportState.DONE: N_("Ready"),
    ExportState.FAILED: N_("Failed"),
    ExportState.EXPIRED: N_("Removed after 7 days"),
}


def cell_text(value: object) -> str:
    """A text as a cell can hold it: without what XML forbids, cut to what Excel opens."""
    return _UNWRITABLE.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n"))[:_LONGEST_CELL]


def is_within_limit(rows: int, limit: int | None) -> bool:
    """Whether somebody with this row limit may take so many rows out."""
    return rows <= LARGEST_SHEET and (limit is None or rows <= limit)
