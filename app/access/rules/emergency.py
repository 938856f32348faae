"""Opening a record outside one's scope in an emergency: how often, and what is said about it later."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

TRIES_WITHIN = timedelta(hours=1)
# Five: a real emergency needs one, and somebody who guesses at records is stopped before it pays.
MOST_TRIES = 5
SHORTEST_REASON = 10


class Verdict(StrEnum):
    """What the person who looked at an opening says."""

    JUSTIFIED = "justified"
    QUESTIONED = "questioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What somebody knows of the person: an exact number or identifier, and the birth date or the name."""

    key: str
    birth_date: date | None = None
    name: str = ""


def is_reason_enough(reason: str) -> bool:
    """True for a reason of ten characters that are not spaces, and more than one of them different."""
    letters = re.sub(r"\s", "", reason)
    return len(letters) >= SHORTEST_REASON and len(set(letters)) > 2


def same_name(one: str, other: str) -> bool:
    """True when the two names differ in width, capitals and spaces only; empty names are never the same."""
    return bool(_plain(one)) and _plain(one) == _plain(other)


def fits(sought: Sought, *, name: str, birth_date: date | None) -> bool:
    """Whether what is known of the person besides the key is right. Whatever was given must be right."""
    if sought.birth_date is None and not _plain(sought.name):
        return False
    is_name_right = not _plain(sought.name) or same_name(sought.name, name)
    return is_name_right and (sought.birth_date is None or sought.birth_date == birth_date)


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
