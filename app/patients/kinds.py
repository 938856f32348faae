"""What a person can be to the hospital and to other people, and what is noted about them: the words, and no cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What somebody is to the hospital (G-08)."""

    PATIENT = "patient"
    FAMILY = "family"
    FRIEND = "friend"
    PROSPECT = "prospect"
    GROUP = "group"
    PAYER = "payer"
    COMMUNITY = "community"
    PARTNER = "partner"
    STAFF = "staff"


class Channel(StrEnum):
    """How somebody wishes to be reached (G-06)."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    WEB = "web"


class LinkRelation(StrEnum):
    """What one person is to another (P-35). In words of the first one: A is the `child` of B."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    GUARDIAN = "guardian"
    WARD = "ward"
    FRIEND = "friend"
    INTRODUCED_BY = "introduced_by"
    INTRODUCED = "introduced"
    OTHER = "other"


INVERSE: Mapping[LinkRelation, LinkRelation] = {
    LinkRelation.SPOUSE: LinkRelation.SPOUSE,
    LinkRelation.CHILD: LinkRelation.PARENT,
    LinkRelation.PARENT: LinkRelation.CHILD,
    LinkRelation.SIBLING: LinkRelation.SIBLING,
    LinkRelation.GUARDIAN: LinkRelation.WARD,
    LinkRelation.WARD: LinkRelation.GUARDIAN,
    LinkRelation.FRIEND: LinkRelation.FRIEND,
    LinkRelation.INTRODUCED_BY: LinkRelation.INTRODUCED,
    LinkRelation.INTRODUCED: LinkRelation.INTRODUCED_BY,
    LinkRelation.OTHER: LinkRelation.OTHER,
}
"""The same tie seen from the other side."""

_STORED = {
    LinkRelation.PARENT: LinkRelation.CHILD,
    LinkRelation.WARD: LinkRelation.GUARDIAN,
    LinkRelation.INTRODUCED: LinkRelation.INTRODUCED_BY,
}


def one_way(from_id: int, relation: LinkRelation, to_id: int) -> tuple[int, LinkRelation, int]:
    """The one form in which this tie is kept, whichever side it was told from, so that it cannot be kept twice."""
    if relation in _STORED:
        return to_id, _STORED[relation], from_id
    if INVERSE[relation] is relation and from_id > to_id:
        return to_id, relation, from_id
    return from_id, relation, to_id


class TieKind(StrEnum):
    """To what in the hospital somebody is tied (P-34)."""

    DEPARTMENT = "department"
    DOCTOR = "doctor"
    UNIT = "unit"
    SCHEME = "scheme"


class NoteKind(StrEnum):
    """A wish with its answer (G-11), or what somebody thinks (P-21)."""

    WISH = "wish"
    OPINION = "opinion"
    SUGGESTION = "suggestion"
    PROBLEM = "problem"


def makes_cycle(introduced: int, by: int, introducers_of: Callable[[Iterable[int]], Iterable[int]]) -> bool:
    """True when `introduced` is `by` or has, over any number of people, introduced `by` (D-14).

    `introducers_of` gives who introduced any of these people. It is asked once for each step up the chain.
    """
    seen: set[int] = set()
    level = {by}
    while level:
        if introduced in level:
            return True
        seen |= level
        level = set(introducers_of(sorted(level))) - seen
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduced:
    """Somebody in the tree below an introducer. `depth` is 1 for whom the introducer introduced directly."""

    patient_id: int
    by_id: int
    depth: int
