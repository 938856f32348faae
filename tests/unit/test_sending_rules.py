"""When a message of a rule is due, and on which days of a year a hospital greets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sending_rules.rules import (
    MOVES,
    OCCASIONS,
    RuleState,
    Timing,
    anchors_wanted,
    days_between,
    may_move,
    next_try,
    plan,
)
from app.sending_rules.service.calendar import LunarPython

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Published by the State Council's holiday notices and the Purple Mountain Observatory's almanacs.
KNOWN_DAYS = {
    "spring_festival": [
        "2024-02-10",
        "2025-01-29",
        "2026-02-17",
        "2027-02-06",
        "2028-01-26",
        "2029-02-13",
        "2030-02-03",
    ],
    "new_years_eve": ["2024-02-09", "2025-01-28", "2026-02-16", "2027-02-05", "2028-01-25", "2029-02-12", "2030-02-02"],
    "lantern": ["2024-02-24", "2025-02-12", "2026-03-03", "2027-02-20"],
    "dragon_boat": ["2024-06-10", "2025-05-31", "2026-06-19", "2027-06-09"],
    "qixi": ["2024-08-10", "2025-08-29", "2026-08-19", "2027-08-08"],
    "mid_autumn": ["2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22", "2030-09-12"],
    "double_ninth": ["2024-10-11", "2025-10-29", "2026-10-18", "2027-10-08"],
    "laba": ["2024-01-18", "2025-01-07", "2026-01-26", "2027-01-15"],
    "mothers_day": ["2024-05-12", "2025-05-11", "2026-05-10", "2027-05-09"],
    "fathers_day": ["2024-06-16", "2025-06-15", "2026-06-21", "2027-06-20"],
    "womens_day": ["2024-03-08", "2025-03-08", "2026-03-08", "2027-03-08"],
    "term_qingming": ["2024-04-04", "2025-04-04", "2026-04-05", "2027-04-05"],
    "term_winter_solstice": ["2024-12-21", "2025-12-21", "2026-12-22", "2027-12-22"],
    "term_start_of_spring": ["2024-02-04", "2025-02-03", "2026-02-04", "2027-02-04"],
    "term_minor_cold": ["2024-01-06", "2025-01-05", "2026-01-05", "2027-01-05"],
}


@pytest.mark.parametrize("code", KNOWN_DAYS)
def test_an_occasion_falls_on_the_day_of_the_almanac(code: str) -> None:
    known = [date.fromisoformat(day) for day in KNOWN_DAYS[code]]
    last = date(known[-1].year, 12, 31)
    assert days_between(OCCASIONS[code].when, date(2024, 1, 1), last, LunarPython()) == known


def test_every_occasion_comes_once_a_year_and_the_terms_come_in_order() -> None:
    for year in range(2020, 2040):
        counts = {
            code: len(days_between(each.when, date(year, 1, 1), date(year, 12, 31), LunarPython()))
            for code, each in OCCASIONS.items()
        }
        # A Chinese year may bring Laba twice into a solar one, or leave it without.
        assert {code for code, count in counts.items() if count != 1} <= {"laba"}
    terms = [
        days_between(each.when, date(2026, 2, 1), date(2027, 1, 31), LunarPython())
        for code, each in OCCASIONS.items()
        if code.startswith("term_")
    ]
    assert len(terms) == 24 and terms == sorted(terms)


def test_lead_of_two_days_at_ten_sends_on_8_january_for_an_appointment_on_10_january_2009() -> None:
    due = plan(Timing(days=-2, at=time(10)), date(2009, 1, 10), None, SHANGHAI)
    assert due.due_at == datetime(2009, 1, 8, 10, tzinfo=SHANGHAI)


def test_reminder_is_of_no_use_once_its_date_has_come() -> None:
    at = datetime(2026, 3, 10, 14, 30, tzinfo=SHANGHAI)
    timing = Timing(days=-1, at=time(10), late_days=5)
    assert plan(timing, at.date(), at, SHANGHAI).useless_at == at
    assert plan(timing, at.date(), None, SHANGHAI).useless_at == datetime(2026, 3, 10, tzinfo=SHANGHAI)


def test_follow_up_text_is_of_use_for_its_late_days() -> None:
    due = plan(Timing(days=3, at=time(10), late_days=2), date(2026, 3, 10), None, SHANGHAI)
    assert due.due_at == datetime(2026, 3, 13, 10, tzinfo=SHANGHAI)
    assert due.useless_at == datetime(2026, 3, 16, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("at", "shown"), [(time(2, 30), "03:30"), (time(3, 0), "03:00"), (time(10), "10:00")])
def test_time_that_a_change_of_clocks_leaves_out_is_an_hour_later(at: time, shown: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    due = plan(Timing(days=0, at=at), date(2026, 3, 29), None, berlin)
    assert due.due_at.astimezone(berlin).strftime("%H:%M") == shown


_timings = st.builds(
    Timing,
    days=st.integers(-400, 400),
    at=st.times(),
    late_days=st.integers(0, 60),
)
_days = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@given(_timings, _days)
def test_message_is_due_on_its_day_by_the_hospitals_clock_and_of_use_for_a_while(timing: Timing, on: date) -> None:
    due = plan(timing, on, None, SHANGHAI)
    assert due.due_at.astimezone(SHANGHAI).date() == on + timedelta(days=timing.days)
    assert not due.is_useless(due.due_at)
    assert due.is_useless(due.useless_at)


@given(_timings, _days, st.integers(0, 30))
def test_every_date_whose_message_is_due_within_the_horizon_is_looked_at(
    timing: Timing, today: date, horizon: int
) -> None:
    since, until = anchors_wanted(timing, today, horizon)
    for due_on in (today - timedelta(days=timing.late_days), today, today + timedelta(days=horizon)):
        assert since <= due_on - timedelta(days=timing.days) <= until


@given(_timings, _days, st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_message_that_a_cap_holds_back_goes_another_day_or_never(timing: Timing, on: date, now: datetime) -> None:
    due = plan(timing, on, None, SHANGHAI)
    later = next_try(due, now, timing, SHANGHAI)
    assert later is None or now.astimezone(SHANGHAI).date() < later.astimezone(SHANGHAI).date()
    assert later is None or later < due.useless_at


def test_rule_is_switched_on_only_after_somebody_has_looked_at_it() -> None:
    assert not may_move(RuleState.DRAFT, RuleState.ACTIVE)
    assert may_move(RuleState.DRAFT, RuleState.SIMULATED) and may_move(RuleState.SIMULATED, RuleState.ACTIVE)
    assert set(MOVES) == set(RuleState)
