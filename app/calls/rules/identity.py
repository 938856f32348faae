"""Whether a caller is who the record says: two identifiers of different kinds, never shown to compare (guard 8)."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MOST_CHECKS = 5
"""A call takes so many tries: what is still wrong then is not a slip of the tongue."""
NEEDED_KINDS = 2
_SHORTEST_END = 4
_DATE = re.compile(r"([0-9]{4})[^0-9]*?([0-9]{1,2})[^0-9]+([0-9]{1,2})[^0-9]*")
_BARE_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


class IdentityKind(StrEnum):
    """What a caller is asked for."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    ID_CARD = "id_card"  # its last four characters, or more of its end
    CARD = "card"  # any other number of the hospital, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the caller said, as the agent typed it."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentity:
    """What the record says."""

    name: str
    birth_date: date | None
    id_cards: Sequence[str] = ()
    cards: Sequence[str] = ()


def right_kinds(given: Sequence[Given], known: KnownIdentity) -> frozenset[IdentityKind]:
    """The kinds that the caller gave rightly. Everything is compared, however the first one came out."""
    found = [(each.kind, _is_right(each, known)) for each in given]
    return frozenset(kind for kind, is_right in found if is_right)


def is_identified(right: frozenset[IdentityKind]) -> bool:
    """True for two right identifiers of different kinds."""
    return len(right) >= NEEDED_KINDS


def _is_right(given: Given, known: KnownIdentity) -> bool:
    if given.kind is IdentityKind.BIRTH_DATE:
        return known.birth_date is not None and _same(_spelled_day(given.value), known.birth_date.isoformat())
    value = _plain(given.value)
    if given.kind is IdentityKind.NAME:
        return _same(value, _plain(known.name))
    if given.kind is IdentityKind.CARD:
        return sum(_same(value, _plain(card)) for card in known.cards) > 0
    ends = [_plain(card)[-len(value) :] for card in known.id_cards] if len(value) >= _SHORTEST_END else []
    return sum(_same(value, end) for end in ends) > 0


def _same(one: str, other: str) -> bool:
    # Hashed first, so that not even the length of what is on record can be told from the time it takes.
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (one, other)]
    return hmac.compare_digest(*digests) and one != ""


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def _spelled_day(text: str) -> str:
    cleaned = unicodedata.normalize("NFKC", text).strip()
    found = _BARE_DATE.fullmatch(cleaned) or _DATE.fullmatch(cleaned)
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else ""
