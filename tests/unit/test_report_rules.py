"""Periods, changes and charts of the dashboard."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.rules import LONGEST_DAYS, Period, Series, Unit, change_of, choose_period, draw, split
from app.reports.rules.charts import HEIGHT, WIDTH
from app.reports.rules.figures import DEFINITION_TEXT, FIGURE_TEXT, FigureKey

TODAY = date(2026, 11, 21)
DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def test_the_last_thirty_days_are_shown_until_somebody_chooses() -> None:
    assert choose_period(None, None, TODAY) == Period(date(2026, 10, 22), date(2026, 11, 20))


@given(first=st.none() | DAYS, last=st.none() | DAYS)
def test_a_period_is_never_backwards_nor_longer_than_a_year(first: date | None, last: date | None) -> None:
    period = choose_period(first, last, TODAY)
    assert 1 <= period.days <= LONGEST_DAYS
    assert period.previous.days == period.days
    assert period.previous.last + timedelta(days=1) == period.first


@given(first=DAYS, days=st.integers(1, LONGEST_DAYS))
def test_the_steps_of_a_chart_cover_the_period_in_order(first: date, days: int) -> None:
    period = Period(first, first + timedelta(days=days - 1))
    steps = split(period)
    assert steps[0] == period.first
    assert list(steps) == sorted(set(steps))
    assert steps[-1] <= period.last
    assert len(steps) <= 35


def test_a_day_begins_at_the_hospitals_midnight() -> None:
    period = Period(TODAY, TODAY)
    assert period.start(ZoneInfo("Asia/Shanghai")).astimezone(UTC).isoformat() == "2026-11-20T16:00:00+00:00"


@pytest.mark.parametrize(
    ("value", "before", "unit", "expected"),
    [(15, 10, Unit.COUNT, 0.5), (5, 0, Unit.COUNT, None), (0.5, 0.75, Unit.SHARE, -0.25), (-5, -10, Unit.CENTS, 0.5)],
)
def test_change_is_a_share_of_what_was_before(value: float, before: float, unit: Unit, expected: float | None) -> None:
    assert change_of(value, before, unit) == expected


@given(values=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=35))
def test_bars_stand_inside_the_drawing_and_are_as_tall_as_their_values(values: list[tuple[int, int]]) -> None:
    steps = [TODAY + timedelta(days=place) for place in range(len(values))]
    series = [Series(name, tuple(float(pair[place]) for pair in values)) for place, name in enumerate("ab")]
    chart = draw(steps, series)
    assert (chart is None) == (not any(map(sum, values)))
    for bar in chart.bars if chart else ():
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert -0.1 <= bar.y <= bar.y + bar.height <= HEIGHT


def test_a_month_of_more_refunds_than_charges_hangs_below_the_line() -> None:
    chart = draw([TODAY, TODAY], [Series("net", (300.0, -100.0))], is_money=True)
    assert chart is not None
    up, down = chart.bars
    assert up.y + up.height == pytest.approx(chart.zero_y, abs=0.2)
    assert down.y == chart.zero_y
    assert up.height == pytest.approx(3 * down.height, abs=0.3)


def test_every_figure_has_a_name_and_a_definition() -> None:
    assert set(FIGURE_TEXT) == set(DEFINITION_TEXT) == set(FigureKey)
