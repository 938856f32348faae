"""What the generator makes: one registration of one person, and the truth about it. Plain values, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Likeness(StrEnum):
    """How a record stands to the one before it in its household. The first group is the same person again."""

    ORIGINAL = "original"  # registered for the first time, like nobody near
    # The same person, registered once more.
    TYPO = "typo"  # a character of the given name misheard; same birth date and number
    SCRIPT = "script"  # the name in Traditional Chinese; same birth date, in half the cases another number
    LATIN = "latin"  # the name in Latin letters; same birth date and number
    SWAPPED_BIRTH = "swapped_birth"  # two digits of the birth date changed places; same name and number
    NO_BIRTH = "no_birth"  # the birth date that systems write for an unknown one; same name and number
    NEW_CARD = "new_card"  # a new card and a new number; same name and birth date
    OLD_ID_CARD = "old_id_card"  # another number, and the id card in its old form of 15 digits
    NEW_SURNAME = "new_surname"  # another surname; same given name, birth date and number
    # Somebody else, although much is the same.
    TWIN = "twin"  # same surname, birth date, address and number
    FATHER_AND_SON = "father_and_son"  # same number, and a name that begins the same
    NAMESAKE = "namesake"  # same name, sex and birth date, nothing else


SAME_PERSON = frozenset(
    {
        Likeness.TYPO,
        Likeness.SCRIPT,
        Likeness.LATIN,
        Likeness.SWAPPED_BIRTH,
        Likeness.NO_BIRTH,
        Likeness.NEW_CARD,
        Likeness.OLD_ID_CARD,
        Likeness.NEW_SURNAME,
    }
)
LOOK_ALIKE = frozenset({Likeness.TWIN, Likeness.FATHER_AND_SON, Likeness.NAMESAKE})


@dataclass(frozen=True, slots=True)
class SyntheticName:
    """A name in Simplified and Traditional Chinese and in Latin letters; all the same for a foreigner."""

    simplified: str
    traditional: str
    latin: str


@dataclass(frozen=True, slots=True)
class SyntheticPhone:
    """A number in E.164, and as a clerk wrote it."""

    number: str
    kind: str
    as_entered: str


@dataclass(frozen=True, slots=True)
class SyntheticIdentifier:
    system: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class SyntheticContact:
    name: str
    relation: str
    may_be_told: bool
    phones: tuple[SyntheticPhone, ...]


@dataclass(frozen=True, slots=True)
class SyntheticSocial:
    """Codes of the lists of the same names; None is unknown."""

    occupation: str | None = None
    industry: str | None = None
    education: str | None = None
    income_band: str | None = None
    economic_condition: str | None = None
    work_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPatient:
    """One record of the hospital. `number` counts the records from 1, `person` is the truth: equal for one person.

    `likeness` says how the record stands to record `like`, the first one of that person or of the one it resembles.
    """

    number: int
    person: int
    household: int
    likeness: Likeness
    like: int | None
    full_name: SyntheticName
    name: str
    sex: str
    birth_date: date | None
    region: str
    address: str | None
    postcode: str
    language: str | None
    email: str | None
    phones: tuple[SyntheticPhone, ...]
    identifiers: tuple[SyntheticIdentifier, ...]
    contacts: tuple[SyntheticContact, ...]
    kinds: tuple[str, ...]
    source: str | None
    social: SyntheticSocial
    member_type: str | None
    is_key_patient: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TruePair:
    """Two records of which the truth is known, the smaller number first: one person, or two who look alike."""

    first: int
    second: int
    is_same: bool
    likeness: Likeness
