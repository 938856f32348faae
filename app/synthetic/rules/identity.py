"""Names, numbers, id cards and addresses. Numbers that belong to one person never repeat within a hospital."""

from __future__ import annotations

from datetime import date
from operator import mul
from random import Random

from app.synthetic.rules.chance import low
from app.synthetic.rules.records import SyntheticName, SyntheticPhone
from app.synthetic.rules.spelling import spell_number
from app.synthetic.rules.words import (
    GIVEN_FEMALE,
    GIVEN_MALE,
    LATIN_GIVEN,
    LATIN_SURNAMES,
    MISHEARD,
    PLACES,
    STREETS,
    SURNAMES,
    Place,
    Syllable,
)

MOST_HOUSEHOLDS = 1_024_000
"""As many id cards as can be told apart with 40 places, 500 orders of a sex and a step of 512 days."""
PERSONS_PER_HOUSEHOLD = 10

_DAY_STEP = 512
_ORDERS = 500
_IN_THE_CITY = 13  # places at the beginning of the list
_MOBILE_PREFIXES = ("150", "151", "152", "157", "158", "159", "178", "182", "183", "187", "188", "153", "177", "180")
_SEVEN_DIGITS = frozenset({"0570", "0572", "0578", "0580"})
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def make_surname(chance: Random) -> Syllable:
    """Common surnames come first in the list and are drawn more often."""
    return SURNAMES[int(len(SURNAMES) * low(chance))]


def make_given(chance: Random, sex: str) -> tuple[Syllable, ...]:
    """One or two characters that are usual for this sex."""
    names = GIVEN_FEMALE if sex == "F" else GIVEN_MALE
    size = len(names)
    first = names[int(size * chance.random())]
    return (first,) if chance.random() < 0.15 else (first, names[int(size * chance.random())])


def full_name(surname: Syllable, given: tuple[Syllable, ...]) -> SyntheticName:
    """The name in all its spellings."""
    return SyntheticName(
        surname.simplified + "".join(each.simplified for each in given),
        surname.traditional + "".join(each.traditional for each in given),
        f"{surname.reading.capitalize()} {''.join(each.reading for each in given).capitalize()}",
    )


def foreign_name(chance: Random, sex: str) -> SyntheticName:
    """A name that has no Chinese spelling."""
    given = LATIN_GIVEN[sex]
    name = f"{given[int(len(given) * chance.random())]} {LATIN_SURNAMES[int(len(LATIN_SURNAMES) * chance.random())]}"
    return SyntheticName(name, name, name)


def misheard(name: str) -> str | None:
    """The name with one character of the given name as a clerk may mishear it; nothing for a name without such."""
    for place in range(len(name) - 1, 0, -1):
        other = MISHEARD.get(name[place])
        if other is not None:
            return name[:place] + other + name[place + 1 :]
    return None


def swapped_birth(born: date) -> date | None:
    """Two digits of the birth date exchanged so that another day comes out; nothing where that gives none."""
    day = f"{born.day:02d}"
    for other in ((born.month, int(day[::-1])), (born.day, born.month)):
        try:
            swapped = born.replace(month=other[0], day=other[1])
        except ValueError:
            continue
        if swapped != born:
            return swapped
    return None


def place_of(household: int) -> Place:
    """Where a household lives: seven of ten in the city of the hospital."""
    spread = household * 7919 % 1000
    if spread < 700:
        return PLACES[_IN_THE_CITY * spread // 700]
    return PLACES[_IN_THE_CITY + (spread - 700) * (len(PLACES) - _IN_THE_CITY) // 300]


def address_of(chance: Random, place: Place) -> str:
    street = STREETS[int(len(STREETS) * chance.random())]
    room = int(chance.random() * 3600)
    return f"{place.name}{street}{1 + room % 300}号{1 + room % 12}幢{1 + room // 300}0{1 + room % 4}室"


def birth_date(household: int, chance: Random, *, oldest: int, youngest: int) -> date:
    """A day on which somebody of that age range at the beginning of 2026 was born.

    All of one household are born a multiple of 512 days apart, which keeps their id cards apart from everybody's.
    """
    today = date(2026, 1, 1).toordinal()
    day = today - int(365.25 * (youngest + (oldest - youngest) * chance.random()))
    day -= (day - _scattered(household) % _DAY_STEP) % _DAY_STEP
    return date.fromordinal(day)


def id_card(household: int, slot: int, born: date, sex: str) -> str:
    """A number with a true check digit (GB 11643-1999), unlike any other of the hospital."""
    combination = (_scattered(household) // _DAY_STEP * PERSONS_PER_HOUSEHOLD + slot) * 7919 % (len(PLACES) * _ORDERS)
    place, order = PLACES[combination % len(PLACES)], combination // len(PLACES)
    digits = f"{place.id_card}{born.year}{born.month:02d}{born.day:02d}{2 * order + (sex == 'M'):03d}"
    total = sum(map(mul, map(int, digits), _WEIGHTS))
    return digits + "10X98765432"[total % 11]


def old_id_card(card: str) -> str:
    """The same card in the form of 15 digits that was given out until 1999."""
    return card[:6] + card[8:17]


def mobile(household: int, slot: int, chance: Random) -> SyntheticPhone:
    """A mobile number that nobody else of the hospital has. Slots above the persons' are for further numbers."""
    # 12,345,679 is prime to 10^8: different keys give different numbers.
    key = (household * 2 * PERSONS_PER_HOUSEHOLD + slot) * 12_345_679 % 100_000_000
    number = f"{_MOBILE_PREFIXES[household % len(_MOBILE_PREFIXES)]}{key:08d}"
    return SyntheticPhone(f"+86{number}", "mobile", spell_number(number, "", chance))


def landline(household: int, place: Place, chance: Random) -> SyntheticPhone:
    """A number of the household's home."""
    digits = 6 if place.area_code in _SEVEN_DIGITS else 7
    local = f"8{household * 7907 % 10**digits:0{digits}d}"
    return SyntheticPhone(
        f"+86{place.area_code.removeprefix('0')}{local}", "landline", spell_number(local, place.area_code, chance)
    )


def _scattered(household: int) -> int:
    """The households in another order, so that neighbours are not born on the same days."""
    return household * 314_159 % MOST_HOUSEHOLDS
