"""Whether two records may be one person, and why. A proposal only: a person decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.patients.rules import IdentifierType, Sex
from app.texts import N_


class PairState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"  # two people; never proposed again
    MERGED = "merged"


class DuplicateReason(StrEnum):
    SAME_ID_CARD = "same_id_card"
    ID_CARD_TYPO = "id_card_typo"
    SAME_IDENTIFIER = "same_identifier"
    SAME_NAME_BIRTH = "same_name_birth"
    OTHER_SCRIPT = "other_script"
    SAME_SOUND_BIRTH = "same_sound_birth"
    SIMILAR_NAME_BIRTH = "similar_name_birth"
    NEAR_BIRTH = "near_birth"
    SAME_PHONE_NAME = "same_phone_name"
    SAME_PHONE_BIRTH = "same_phone_birth"
    SAME_NAME_ADDRESS = "same_name_address"
    PROPOSED = "proposed"  # by a colleague


REASON_TEXT = {
    DuplicateReason.SAME_ID_CARD: N_("Same id card number"),
    DuplicateReason.ID_CARD_TYPO: N_("Id card numbers that differ by one slip"),
    DuplicateReason.SAME_IDENTIFIER: N_("Same number in another system or of another type"),
    DuplicateReason.SAME_NAME_BIRTH: N_("Same name and birth date"),
    DuplicateReason.OTHER_SCRIPT: N_("Same name in the other script"),
    DuplicateReason.SAME_SOUND_BIRTH: N_("Name that sounds the same, same birth date"),
    DuplicateReason.SIMILAR_NAME_BIRTH: N_("Similar name and same birth date"),
    DuplicateReason.NEAR_BIRTH: N_("Same name, birth dates that differ by one slip"),
    DuplicateReason.SAME_PHONE_NAME: N_("Same telephone number and similar name"),
    DuplicateReason.SAME_PHONE_BIRTH: N_("Same telephone number and birth date, another name"),
    DuplicateReason.SAME_NAME_ADDRESS: N_("Same name and address"),
    DuplicateReason.PROPOSED: N_("Proposed by a colleague"),
}
_WEIGHT = {
    DuplicateReason.SAME_ID_CARD: 95,
    DuplicateReason.ID_CARD_TYPO: 85,
    DuplicateReason.SAME_IDENTIFIER: 80,
    DuplicateReason.SAME_PHONE_NAME: 75,
    DuplicateReason.SAME_NAME_BIRTH: 70,
    DuplicateReason.OTHER_SCRIPT: 70,
    DuplicateReason.SAME_NAME_ADDRESS: 60,
    DuplicateReason.NEAR_BIRTH: 55,
    DuplicateReason.SAME_SOUND_BIRTH: 55,
    DuplicateReason.PROPOSED: 50,
    DuplicateReason.SIMILAR_NAME_BIRTH: 45,
    DuplicateReason.SAME_PHONE_BIRTH: 40,
}
# Two valid id cards of two people are proof against; a wrong birth date or sex is often a slip of the keyboard.
_AGAINST_OTHER_CARD, _AGAINST_OTHER_SEX = 45, 15
_MORE = 6
"""What each further reason adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is compared of a record. `folded` and `sound` are its name without script, width and tone."""

    id: int
    name: str
    folded: str
    sound: str
    sex: str
    birth_date: date | None
    address: str | None = None
    numbers: frozenset[str] = frozenset()
    identifiers: frozenset[tuple[str, str, str]] = frozenset()  # system, type, value


def compare(one: Person, other: Person) -> list[DuplicateReason]:
    """Why the two may be one person, the strongest reason first; nothing when they hardly are."""
    reasons = {
        *_by_identifiers(one, other),
        *_by_name_and_birth(one, other),
        *_by_number(one, other),
        *_by_address(one, other),
    }
    return sorted(reasons, key=lambda reason: -_WEIGHT[reason])


def score_of(reasons: Collection[DuplicateReason], one: Person, other: Person) -> int:
    """1 to 100: how likely it is one person."""
    score = max(_WEIGHT[reason] for reason in reasons) + _MORE * (len(reasons) - 1)
    cards, others = _cards(one), _cards(other)
    if cards and others and not cards & others and DuplicateReason.ID_CARD_TYPO not in reasons:
        score -= _AGAINST_OTHER_CARD
    if {one.sex, other.sex} == {Sex.MALE, Sex.FEMALE}:
        score -= _AGAINST_OTHER_SEX
    return max(1, min(100, score))


def is_name_similar(one: Person, other: Person) -> bool:
    """The same name but for script or sound, or one sign that is missing, too many, another or swapped."""
    if one.folded == other.folded or (one.sound and one.sound == other.sound):
        return True
    shorter = min(len(one.folded), len(other.folded))
    return shorter >= 2 and _is_one_slip(one.folded, other.folded)


def is_birth_near(one: date, other: date) -> bool:
    """One digit is another, two neighbours or day and month are swapped; the same day is near too."""
    if one == other or (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return True
    return _is_one_slip(one.isoformat(), other.isoformat())


def _by_identifiers(one: Person, other: Person) -> list[DuplicateReason]:
    found = []
    cards, others = _cards(one), _cards(other)
    if cards & others:
        found.append(DuplicateReason.SAME_ID_CARD)
    elif any(_is_one_slip(card, theirs) for card in cards for theirs in others) and is_name_similar(one, other):
        found.append(DuplicateReason.ID_CARD_TYPO)
    values = {value for _system, kind, value in one.identifiers if kind != IdentifierType.ID_CARD and len(value) >= 4}
    theirs = {value for _system, kind, value in other.identifiers if kind != IdentifierType.ID_CARD}
    # Short numbers run in every system; only the name makes them say something.
    if values & theirs and is_name_similar(one, other):
        found.append(DuplicateReason.SAME_IDENTIFIER)
    return found


def _by_name_and_birth(one: Person, other: Person) -> list[DuplicateReason]:
    if one.birth_date is None or other.birth_date is None or not is_birth_near(one.birth_date, other.birth_date):
        return []
    if not is_known_birth(one.birth_date):
        return []
    is_same_day = one.birth_date == other.birth_date
    if one.folded == other.folded:
        if not is_same_day:
            return [DuplicateReason.NEAR_BIRTH]
        return [DuplicateReason.SAME_NAME_BIRTH if one.name == other.name else DuplicateReason.OTHER_SCRIPT]
    if not is_same_day:
        return []
    if one.sound and one.sound == other.sound:
        return [DuplicateReason.SAME_SOUND_BIRTH]
    return [DuplicateReason.SIMILAR_NAME_BIRTH] if is_name_similar(one, other) else []


def _by_number(one: Person, other: Person) -> list[DuplicateReason]:
    if not one.numbers & other.numbers:
        return []
    if is_name_similar(one, other):
        return [DuplicateReason.SAME_PHONE_NAME]
    if one.birth_date is not None and one.birth_date == other.birth_date:
        return [DuplicateReason.SAME_PHONE_BIRTH]
    return []


def _by_address(one: Person, other: Person) -> list[DuplicateReason]:
    """Father and son of one name live together too: a birth date on both sides decides by itself."""
    if not one.address or one.address != other.address or one.folded != other.folded:
        return []
    known = is_known_birth(one.birth_date) and is_known_birth(other.birth_date)
    return [] if known else [DuplicateReason.SAME_NAME_ADDRESS]


def is_known_birth(day: date | None) -> bool:
    """False for nothing, and for the day that systems write when they know nothing."""
    return day is not None and (day.year, day.month) != (1900, 1)


def _cards(person: Person) -> set[str]:
    return {value for _system, kind, value in person.identifiers if kind == IdentifierType.ID_CARD}


def _is_one_slip(one: str, other: str) -> bool:
    """One sign more, less or another, or two neighbours swapped."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if left[1:] == right[1:] or left[1:] == right or left == right[1:]:
        return True
    return len(left) > 1 and len(right) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
