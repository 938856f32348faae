"""The days of a year on which a hospital greets or reminds (S-11, S-15): by date, weekday or the Chinese calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from app.texts import N_


class ChineseCalendar(Protocol):
    """What the standard library does not know of a Chinese year."""

    def lunar_day(self, year: int, month: int, day: int) -> date:
        """That day of the Chinese year that begins in this solar year; a leap month is never meant."""

    def solar_term(self, year: int, name: str) -> date:
        """The day of this solar year on which the term begins, by its Chinese name in simplified characters."""


@dataclass(frozen=True, slots=True)
class FixedDay:
    """The same date each year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The n-th Sunday or other weekday of a month; Monday is 0, as in datetime."""

    month: int
    weekday: int
    nth: int


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of the Chinese year, moved by `shift` days: New Year's Eve is the day before its first."""

    month: int
    day: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class SolarTerm:
    """The beginning of one of the 24 terms."""

    name: str


When = FixedDay | NthWeekday | LunarDay | SolarTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One day of each year. `sex` says whom it is for where that is not everybody: M or F."""

    code: str
    title: str
    when: When
    sex: str | None = None


_SUNDAY = 6

OCCASIONS: Mapping[str, Occasion] = {
    occasion.code: occasion
    for occasion in (
        Occasion(code="new_year", title=N_("New Year's Day"), when=FixedDay(1, 1)),
        Occasion(code="laba", title=N_("Laba Festival"), when=LunarDay(12, 8)),
        Occasion(code="new_years_eve", title=N_("Chinese New Year's Eve"), when=LunarDay(1, 1, shift=-1)),
        Occasion(code="spring_festival", title=N_("Spring Festival"), when=LunarDay(1, 1)),
        Occasion(code="lantern", title=N_("Lantern Festival"), when=LunarDay(1, 15)),
        Occasion(code="womens_day", title=N_("Women's Day"), when=FixedDay(3, 8), sex="F"),
        Occasion(code="nurses_day", title=N_("Nurses' Day"), when=FixedDay(5, 12)),
        Occasion(code="mothers_day", title=N_("Mother's Day"), when=NthWeekday(5, _SUNDAY, 2), sex="F"),
        Occasion(code="labour_day", title=N_("Labour Day"), when=FixedDay(5, 1)),
        Occasion(code="childrens_day", title=N_("Children's Day"), when=FixedDay(6, 1)),
        Occasion(code="dragon_boat", title=N_("Dragon Boat Festival"), when=LunarDay(5, 5)),
        Occasion(code="fathers_day", title=N_("Father's Day"), when=NthWeekday(6, _SUNDAY, 3), sex="M"),
        Occasion(code="qixi", title=N_("Qixi Festival"), when=LunarDay(7, 7)),
        Occasion(code="doctors_day", title=N_("Doctors' Day"), when=FixedDay(8, 19)),
        Occasion(code="teachers_day", title=N_("Teachers' Day"), when=FixedDay(9, 10)),
        Occasion(code="mid_autumn", title=N_("Mid-Autumn Festival"), when=LunarDay(8, 15)),
        Occasion(code="national_day", title=N_("National Day"), when=FixedDay(10, 1)),
        Occasion(code="double_ninth", title=N_("Double Ninth Festival"), when=LunarDay(9, 9)),
        Occasion(code="christmas", title=N_("Christmas"), when=FixedDay(12, 25)),
        *(
            Occasion(code=f"term_{code}", title=title, when=SolarTerm(name))
            for code, name, title in (
                ("start_of_spring", "立春", N_("Start of Spring")),
                ("rain_water", "雨水", N_("Rain Water")),
                ("insects_awaken", "惊蛰", N_("Awakening of Insects")),
                ("spring_equinox", "春分", N_("Spring Equinox")),
                ("qingming", "清明", N_("Qingming")),
                ("grain_rain", "谷雨", N_("Grain Rain")),
                ("start_of_summer", "立夏", N_("Start of Summer")),
                ("grain_full", "小满", N_("Grain Full")),
                ("grain_in_ear", "芒种", N_("Grain in Ear")),
                ("summer_solstice", "夏至", N_("Summer Solstice")),
                ("minor_heat", "小暑", N_("Minor Heat")),
                ("major_heat", "大暑", N_("Major Heat")),
                ("start_of_autumn", "立秋", N_("Start of Autumn")),
                ("end_of_heat", "处暑", N_("End of Heat")),
                ("white_dew", "白露", N_("White Dew")),
                ("autumn_equinox", "秋分", N_("Autumn Equinox")),
                ("cold_dew", "寒露", N_("Cold Dew")),
                ("frost_descent", "霜降", N_("Frost's Descent")),
                ("start_of_winter", "立冬", N_("Start of Winter")),
                ("minor_snow", "小雪", N_("Minor Snow")),
                ("major_snow", "大雪", N_("Major Snow")),
                ("winter_solstice", "冬至", N_("Winter Solstice")),
                ("minor_cold", "小寒", N_("Minor Cold")),
                ("major_cold", "大寒", N_("Major Cold")),
            )
        ),
    )
}


def day_of(when: When, year: int, calendar: ChineseCalendar) -> date:
    """The day in that year; for the Chinese calendar, in the Chinese year that begins in it."""
    match when:
        case FixedDay(month, day):
            return date(year, month, day)
        case NthWeekday(month, weekday, nth):
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
        case LunarDay(month, day, shift):
            return calendar.lunar_day(year, month, day) + timedelta(days=shift)
        case SolarTerm(name):
            return calendar.solar_term(year, name)


def occurrences(when: When, since: date, until: date, calendar: ChineseCalendar) -> list[tuple[int, date]]:
    """The days on which it falls from `since` to `until`, both included, each with the year whose it is.

    The Laba of a Chinese year falls into the next solar one, and now and then a solar year has two.
    """
    years = range(since.year - 1, until.year + 1)
    return [(year, day) for year in years if since <= (day := day_of(when, year, calendar)) <= until]


def days_between(when: When, since: date, until: date, calendar: ChineseCalendar) -> list[date]:
    """The days alone."""
    return [day for _year, day in occurrences(when, since, until, calendar)]
