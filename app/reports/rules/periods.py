"""Periods of whole days of the hospital's calendar, and the steps of a chart over one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST_DAYS = 366
"""A longer period would read millions of rows while a manager waits."""
_USUAL_DAYS = 30
# A chart of more bars than this cannot be read at 1280 pixels.
_MOST_DAILY, _MOST_WEEKLY = 35, 200


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> Period:
        """The days just before, as many of them."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def start(self, zone: ZoneInfo) -> datetime:
        """The moment when the first day begins at the hospital."""
        return datetime.combine(self.first, time.min, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The moment when the last day is over."""
        return datetime.combine(self.last + timedelta(days=1), time.min, zone)


def choose_period(first: date | None, last: date | None, today: date) -> Period:
    """The period that was asked for, or the last 30 days up to yesterday.

    A period backwards is turned round, and one of more than LONGEST_DAYS keeps its last day.
    """
    last = last or (first + timedelta(days=_USUAL_DAYS - 1) if first else today - timedelta(days=1))
    first = first or last - timedelta(days=_USUAL_DAYS - 1)
    if first > last:
        first, last = last, first
    return Period(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last)


def split(period: Period) -> tuple[date, ...]:
    """The first day of each step of a chart: days, or weeks, or months where there are too many."""
    if period.days <= _MOST_DAILY:
        return tuple(period.first + timedelta(days=day) for day in range(period.days))
    if period.days <= _MOST_WEEKLY:
        return tuple(period.first + timedelta(days=day) for day in range(0, period.days, 7))
    starts = [period.first]
    while True:
        following = (starts[-1].replace(day=1) + timedelta(days=32)).replace(day=1)
        if following > period.last:
            return tuple(starts)
        starts.append(following)
