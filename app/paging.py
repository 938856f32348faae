"""Keyset paging: a page ends with a cursor that names its last row, so that no page gets slower or repeats a row."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from app.errors import InvalidInput
from app.texts import N_

Item = TypeVar("Item")
DEFAULT_LIMIT = 50
# 200 rows with their phones are about 100 kB of JSON; who wants more pages on.
LARGEST_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some rows, and where the next page begins; no cursor on the last page."""

    items: list[Item]
    next_cursor: str | None


def write_cursor(*values: str | int | datetime) -> str:
    """An opaque text for the sort values of a row."""
    plain = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, kinds: Sequence[type]) -> list[str | int | datetime]:
    """The sort values in a cursor, of these types in this order. Raises InvalidInput for anything we did not write."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        read = [_read(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidInput(
            N_("This page address is damaged. Start again from the first page."), field="cursor"
        ) from None
    return read


def _read(value: object, kind: type) -> str | int | datetime:
    if kind is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("naive")
        return at
    # Larger integers than SQLite and PostgreSQL can hold would fail in the driver.
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    if kind is str and isinstance(value, str) and len(value) <= 200 and "\x00" not in value:
        return value
    raise ValueError("another type")
