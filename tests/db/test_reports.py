"""The dashboard's figures are those of hand-written SQL over a synthetic hospital."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, text

from app.calls.models import Call
from app.db import UTCDateTime
from app.parts import Parts
from app.reports.rules import Answer, FigureKey, Period
from app.reports.service import answers
from app.synthetic.service import fill, fill_histories

ZONE = ZoneInfo("Asia/Shanghai")
LEVEL = timedelta(seconds=20)
YEAR = Period(date(2025, 11, 1), date(2026, 10, 31))
_CALLS = (
    "SELECT count(*) FROM call WHERE direction = 'inbound' AND queued_at IS NOT NULL "
    "AND started_at >= :since AND started_at < :until AND "
)
_TEXTS = "SELECT count(*) FROM message WHERE created_at >= :since AND created_at < :until AND "
_VISITS = (
    "SELECT count(*) FROM visit WHERE started_at >= :since AND started_at < :until "
    "AND status != 'withdrawn' AND kind = "
)
_MONEY = "SELECT coalesce(sum(amount_cents), 0) FROM charge WHERE day >= :first AND day <= :last AND "
SQL = {
    FigureKey.OFFERED: _CALLS + "1 = 1",
    FigureKey.ANSWERED: _CALLS + "answered_at IS NOT NULL",
    FigureKey.ABANDONED: _CALLS + "outcome = 'abandoned'",
    FigureKey.TEXTS_OUT: _TEXTS + "direction = 'out' AND state IN ('sent', 'delivered', 'undelivered', 'expired')",
    FigureKey.TEXTS_DELIVERED: _TEXTS + "direction = 'out' AND state = 'delivered'",
    FigureKey.TEXTS_IN: _TEXTS + "direction = 'in'",
    FigureKey.NEW_PATIENTS: "SELECT count(*) FROM patient WHERE created_at >= :since AND created_at < :until "
    "AND merged_into_id IS NULL",
    FigureKey.OUTPATIENT: _VISITS + "'outpatient'",
    FigureKey.INPATIENT: _VISITS + "'inpatient'",
    FigureKey.EMERGENCY: _VISITS + "'emergency'",
    FigureKey.EXAM: _VISITS + "'exam'",
    FigureKey.CHARGED: _MONEY + "amount_cents > 0",
    FigureKey.REFUNDED: _MONEY.replace("sum(", "sum(-") + "amount_cents < 0",
    FigureKey.NET: _MONEY + "1 = 1",
}


@pytest.fixture
def hospital(parts: Parts) -> Parts:
    offset = fill(parts.database, 5, 150)
    fill_histories(parts.database, 5, 150, offset=offset)
    return parts


def asked(parts: Parts, period: Period) -> list[Answer]:
    with parts.database.reading() as session:
        return answers(session, period, zone=ZONE, service_level=LEVEL)


def by_hand(parts: Parts, query: str, period: Period) -> Any:
    moments = {"since": period.start(ZONE), "until": period.end(ZONE)}
    given = [bindparam(name, at, UTCDateTime()) for name, at in moments.items() if f":{name}" in query]
    given += [
        bindparam(name, day) for name, day in (("first", period.first), ("last", period.last)) if f":{name}" in query
    ]
    with parts.database.reading() as session:
        return session.scalar(text(query).bindparams(*given))


@pytest.mark.parametrize("period", [YEAR, Period(date(2026, 10, 1), date(2026, 10, 31))])
def test_figures_are_those_of_hand_written_sql(hospital: Parts, period: Period) -> None:
    figures = {figure.key: figure for answer in asked(hospital, period) for figure in answer.figures}
    for key, query in SQL.items():
        assert figures[key].value == by_hand(hospital, query, period), key
        assert figures[key].before == by_hand(hospital, query, period.previous), key
    assert figures[FigureKey.NET].value != 0


def test_charts_hold_the_same_sums_as_the_table(hospital: Parts) -> None:
    calls, texts, visits, charges, _ = asked(hospital, YEAR)
    for answer, place, key in ((calls, 0, "answered"), (texts, 0, "texts_delivered"), (visits, 0, "outpatient")):
        assert answer.chart is not None
        assert sum(answer.chart.series[place].values) == value_of(answer, key)
    assert charges.chart is not None
    assert sum(charges.chart.series[0].values) == value_of(charges, "net")


def test_service_level_is_what_was_answered_in_time_of_all_that_was_offered(parts: Parts) -> None:
    noon = datetime(2026, 10, 5, 4, 0, tzinfo=ZoneInfo("UTC"))
    rows = [a_call(number, noon, waited) for number, waited in enumerate((5, 20, 21, None))]
    with parts.database.writing() as session:
        session.add_all(rows)
    calls = asked(parts, Period(date(2026, 10, 5), date(2026, 10, 5)))[0]
    assert value_of(calls, "service_level") == 0.5
    assert [value_of(calls, key) for key in ("offered", "answered", "abandoned")] == [4, 3, 1]


def test_an_empty_hospital_has_figures_and_no_charts(parts: Parts) -> None:
    found = asked(parts, YEAR)
    assert {figure.value for answer in found for figure in answer.figures} == {0, None}
    assert {answer.chart for answer in found} == {None}


def value_of(answer: Answer, key: str) -> float | int | None:
    return next(figure.value for figure in answer.figures if figure.key == key)


def a_call(number: int, at: datetime, waited: int | None) -> Call:
    answered = at + timedelta(seconds=waited) if waited is not None else None
    return Call(
        id=f"call-{number}", linkedid=f"linked-{number}", direction="inbound", number="", number_signalled="",
        dialled="4000", started_at=at, queued_at=at, answered_at=answered, ended_at=at + timedelta(minutes=2),
        state="wrapped_up" if answered else "abandoned", outcome="answered" if answered else "abandoned",
    )  # fmt: skip
