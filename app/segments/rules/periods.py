"""Periods of a condition: days of the hospital's calendar, fixed or counted back from today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` to `until`, both days included and either open; or the last `days` days, today included."""

    since: date | None = None
    until: date | None = None
    days: int | None = None

    def bounds(self, today: date) -> tuple[date | None, date | None]:
        """The first and the last day, as of `today`; None where the period is open."""
        if self.days is not None:
            return today - timedelta(days=self.days - 1), today
        return self.since, self.until


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
