"""The Chinese calendar, from lunar_python."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any

from app.mailings.service.calendar import lunar_day


class LunarPython:
    """What app.sending_rules.rules asks of a Chinese calendar."""

    def lunar_day(self, year: int, month: int, day: int) -> date:
        return lunar_day(year, month, day)

    def solar_term(self, year: int, name: str) -> date:
        return _terms(year)[name]


@functools.lru_cache(maxsize=20)
def _terms(year: int) -> dict[str, date]:
    from lunar_python import Lunar  # a tenth of a second that no start waits for

    found: dict[str, date] = {}
    # The table of a Chinese year runs over two solar ones; the middle of each year is within its own.
    for table_year in (year - 1, year, year + 1):
        table: dict[str, Any] = Lunar.fromYmd(table_year, 6, 1).getJieQiTable()
        for name, solar in table.items():
            day = date(solar.getYear(), solar.getMonth(), solar.getDay())
            if day.year == year and name.isascii() is False:
                found[name] = day
    return found
