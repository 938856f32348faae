"""Draws and agreement as rules: fair, repeatable, and as it was published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.quality.rules import (
    Level,
    PeriodKind,
    Problem,
    Span,
    Worth,
    consensus,
    draw,
    drawn_at,
    drift,
    longest_silence,
    seed_of,
    span_before,
    span_of,
    step_at,
    steps_of,
    worth,
)
from app.quality.service.agreement import agreement

IDS = st.lists(st.uuids().map(str), unique=True, max_size=40)


@given(IDS, st.text("0123456789abcdef", min_size=8, max_size=32), st.integers(0, 12), st.randoms())
def test_a_draw_is_the_same_again_whatever_the_order(ids: list[str], seed: str, count: int, chance: object) -> None:
    shuffled = list(ids)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    drawn = draw(seed, ids, count)
    assert drawn == draw(seed, shuffled, count)
    assert len(drawn) == len(set(drawn)) == min(count, len(ids))
    assert draw(seed, ids, count + 1)[: len(drawn)] == drawn


@given(IDS, st.integers(1, 5))
def test_nothing_is_drawn_twice(ids: list[str], count: int) -> None:
    before: list[str] = []
    for period in range(10):
        drawn = draw(f"seed {period}", ids, count, drawn_before=before)
        assert not set(drawn) & set(before)
        before += drawn
    assert len(before) == min(len(ids), 10 * count)


def test_every_call_is_drawn_about_equally_often() -> None:
    ids = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(20)]
    counts = dict.fromkeys(ids, 0)
    for seed in range(2_000):
        for each in draw(str(seed), ids, 5):
            counts[each] += 1
    # Each is drawn with probability 1/4: 500 of 2000, standard deviation 19.4; four of them on either side.
    assert all(422 <= count <= 578 for count in counts.values())


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(list(PeriodKind)))
def test_periods_follow_each_other_without_a_gap(day: date, kind: PeriodKind) -> None:
    span = span_of(kind, day)
    assert span.first <= day <= span.last
    assert span_before(kind, span).last == span.first - timedelta(days=1)
    assert span_of(kind, span.first) == span == span_of(kind, span.last)


def test_a_period_is_drawn_in_the_night_after_it_with_a_seed_that_nobody_chose() -> None:
    week = span_of(PeriodKind.WEEK, date(2026, 11, 28))
    assert week == Span(date(2026, 11, 23), date(2026, 11, 29))
    assert drawn_at(week, ZoneInfo("Asia/Shanghai")) == datetime(2026, 11, 29, 17, 0, tzinfo=UTC)
    assert seed_of("ab", week) == seed_of("ab", week) != seed_of("ac", week)
    assert seed_of("ab", week) != seed_of("ab", span_before(PeriodKind.WEEK, week))


def test_silence_is_where_neither_side_is_heard() -> None:
    peaks = {"per_second": 2, "patient": [0.5, 0, 0, 0, 0, 0.5], "agent": [0, 0, 0, 0.4, 0, 0, 0.01]}
    assert longest_silence(peaks) == 1.0
    assert longest_silence(None) == 0
    assert longest_silence({"per_second": 0, "patient": [], "agent": []}) == 0
    assert longest_silence({"per_second": 1, "patient": [0] * 9, "agent": [0] * 9}) == 9


def test_time_is_shown_by_weeks_and_then_by_months() -> None:
    assert steps_of(date(2026, 11, 1), date(2026, 11, 30))[1] == date(2026, 11, 8)
    months = steps_of(date(2026, 1, 15), date(2026, 12, 31))
    assert months[:3] == (date(2026, 1, 15), date(2026, 2, 1), date(2026, 3, 1))
    assert step_at(months, date(2026, 2, 28)) == 1


# --- agreement ---

_ = None
# Krippendorff, K. (2011), Computing Krippendorff's Alpha-Reliability, University of Pennsylvania ScholarlyCommons,
# section C: four observers, twelve units, missing data. Rows are observers.
KRIPPENDORFF_2011 = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3),
    (_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _),
)
# The same paper, section A: two observers, ten units, binary data: alpha = 0.095.
BINARY_2011 = ((0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0))
# The same paper, section B: two observers, twelve units, nominal data a…e: alpha = 0.692.
NOMINAL_2011 = ((1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1), (2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4))


def units(table: tuple[tuple[int | None, ...], ...]) -> list[list[float | None]]:
    return [[None if value is None else float(value) for value in unit] for unit in zip(*table, strict=True)]


@pytest.mark.parametrize(
    ("table", "level", "alpha", "values", "counted"),
    [
        (KRIPPENDORFF_2011, Level.NOMINAL, 0.743, 40, 11),
        (KRIPPENDORFF_2011, Level.ORDINAL, 0.815, 40, 11),
        (KRIPPENDORFF_2011, Level.INTERVAL, 0.849, 40, 11),
        (BINARY_2011, Level.NOMINAL, 0.095, 20, 10),
        (NOMINAL_2011, Level.NOMINAL, 0.692, 24, 12),
    ],
)
def test_alpha_is_what_krippendorff_published(
    table: tuple[tuple[int | None, ...], ...], level: Level, alpha: float, values: int, counted: int
) -> None:
    found = agreement(units(table), level)
    assert found.alpha == pytest.approx(alpha, abs=0.0006)
    assert (found.values, found.units, found.problem) == (values, counted, None)


@pytest.mark.parametrize(
    ("judged_units", "problem"),
    [
        ([], Problem.NO_PAIRS),
        ([[1, None], [None, 2]], Problem.NO_PAIRS),
        ([[1, 1], [1, 1], [None, 2]], Problem.NO_VARIATION),
        ([[1, 2, 3], [None, 2, None]], Problem.ONE_UNIT),
    ],
)
def test_where_alpha_cannot_be_computed_it_is_said_why(
    judged_units: list[list[float | None]], problem: Problem
) -> None:
    found = agreement(judged_units, Level.INTERVAL)
    assert (found.alpha, found.problem) == (None, problem)


VALUE = st.none() | st.integers(0, 5).map(float)


@given(st.lists(st.lists(VALUE, min_size=3, max_size=3), max_size=12), st.sampled_from(list(Level)))
def test_alpha_is_a_number_of_at_most_one_or_there_is_a_reason(table: list[list[float | None]], level: Level) -> None:
    found = agreement(table, level)
    assert (found.alpha is None) == (found.problem is not None)
    assert found.alpha is None or -2 <= found.alpha <= 1 + 1e-9


@given(st.lists(st.integers(0, 5), min_size=2, max_size=12), st.sampled_from(list(Level)))
def test_graders_who_say_the_same_agree_wholly(said: list[int], level: Level) -> None:
    assume(len(set(said)) > 1)
    assert agreement([[float(value)] * 3 for value in said], level).alpha == pytest.approx(1)


def test_what_alpha_is_worth_follows_krippendorff_s_bounds() -> None:
    worths = [worth(alpha) for alpha in (0.8, 0.79, 0.667, 0.66)]
    assert worths == [Worth.RELIABLE, Worth.TENTATIVE, Worth.TENTATIVE, Worth.UNRELIABLE]


def test_drift_is_the_mean_distance_from_the_consensus() -> None:
    totals = {"r1": [60.0, 70.0, 90.0], "r2": [50.0, 40.0, 44.0], "r3": [88.0]}
    assert consensus(totals["r1"]) == 70
    assert drift({"r1": 90.0, "r2": 50.0, "r3": 88.0}, totals) == 13
    assert drift({"r3": 88.0}, totals) is None
