"""When a birthday is kept, by the solar or the lunar calendar (P-31).

Solar: who was born on 29 February has it on 28 February of a common year. Lunar: the same month and day of the Chinese
calendar; who was born in a leap month has it in the ordinary month of that number, and who was born on a 30th has it on
the 29th where the month has no 30th. The age is the one reached on that day, counted in years of the same calendar.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Birthday:
    """One birthday: the day on which it is kept, and the age reached."""

    day: date
    age: int


def birthday_in_range(birth: date, *, is_lunar: bool, since: date, until: date) -> Birthday | None:
    """The first birthday from `since` to `until`, both included; none of a day on which nobody is a year old yet."""
    for year in range(since.year - 1, until.year + 1):
        kept = _lunar(birth, year) if is_lunar else _solar(birth, year)
        if kept is not None and kept.age > 0 and since <= kept.day <= until:
            return kept
    return None


def lunar_day(year: int, month: int, day: int) -> date:
    """That day of the Chinese year that begins in this solar year, or the month's last where it has no 30th."""
    found = next(each for each in _months_of(year) if each.number == month)
    return found.first + timedelta(days=min(day, found.days) - 1)


def _solar(birth: date, year: int) -> Birthday:
    is_leap_day = (birth.month, birth.day) == (2, 29)
    try:
        day = birth.replace(year=year)
    except ValueError:
        assert is_leap_day
        day = date(year, 2, 28)
    return Birthday(day=day, age=year - birth.year)


def _lunar(birth: date, year: int) -> Birthday | None:
    born, month, day = _lunar_day(birth)
    return Birthday(day=lunar_day(year, month, day), age=year - born)


def _lunar_day(day: date) -> tuple[int, int, int]:
    """Year, month and day of the Chinese calendar; a leap month counts as the ordinary one."""
    # The Chinese year begins in January or February of the solar one.
    year = day.year if day >= _months_of(day.year)[0].first else day.year - 1
    month = next(each for each in reversed(_months_of(year)) if each.first <= day)
    return year, month.number, (day - month.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Month:
    number: int
    first: date
    days: int


# Working out a year took 1 ms here, and people were born in some hundred of them. A leap month follows its ordinary
# one, so whoever asks for a number finds the ordinary month first.
@functools.lru_cache(maxsize=400)
def _months_of(year: int) -> tuple[_Month, ...]:
    from lunar_python import LunarYear, Solar  # a tenth of a second that no start waits for

    def first_day(month: Any) -> date:
        solar = Solar.fromJulianDay(month.getFirstJulianDay())
        return date(solar.getYear(), solar.getMonth(), solar.getDay())

    months = (each for each in LunarYear.fromYear(year).getMonths() if each.getYear() == year)
    return tuple(_Month(number=abs(each.getMonth()), first=first_day(each), days=each.getDayCount()) for each in months)
