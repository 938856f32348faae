"""How many paper forms a second are kept, and how long a report over 100,000 responses takes, beside SQL by hand.

The floor of a form is the bare rows of it in one transaction; the peer of the report is one statement for each of its
three parts, written for these tables and nothing else.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.bus import LocalBus
from app.db import Database
from app.questionnaires import service
from app.questionnaires.service import GroupBy, ReportFilters
from app.reports.rules import Period
from app.schema import upgrade_schema
from tests.bench.adapter import Row

_ZONE = ZoneInfo("Asia/Shanghai")
_NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
_FORMS, _RESPONSES, _ROUNDS = 200, 100_000, 5
_PERIOD = Period((_NOW - timedelta(days=99)).date(), _NOW.date())
_WINDOW = "r.version_id = :version AND r.completed_at >= :since AND r.completed_at < :until"
# Our own words only are put together here.
_BY_HAND = (
    f"SELECT count(*), sum(score), sum(highest_score), sum(score * 100 >= highest_score * 80) "  # noqa: S608
    f"FROM questionnaire_response r WHERE {_WINDOW}",
    f"SELECT ward, count(*), sum(score), sum(highest_score), sum(score * 100 >= highest_score * 80) "  # noqa: S608
    f"FROM questionnaire_response r WHERE {_WINDOW} GROUP BY ward",
    "SELECT a.question, a.option, count(*), sum(a.score) FROM questionnaire_response r "  # noqa: S608
    f"JOIN questionnaire_answer a ON a.response_id = r.id WHERE {_WINDOW} GROUP BY a.question, a.option",
)


def measure() -> list[Row]:
    """Forms a second beside bare rows; a whole report with the period before, beside the same by hand."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'wardline.db'}"
        upgrade_schema(url)
        database = Database(url)
        with database.writing() as session:
            service.install_shipped(session, _NOW)
            service.approve_for_demo(session, _NOW)
            version = service.latest_approved(session, "inpatient_satisfaction")
            assert version is not None
            questions = [question.code for question in service.questions_of(version)]
            version_id, questionnaire_id = version.id, version.questionnaire_id
        rows = [_forms(database, version_id, questions)]
        _fill(database, version_id, questions)
        rows.append(_report(database, version_id, questionnaire_id))
        database.close()
    return rows


def _forms(database: Database, version_id: int, questions: list[str]) -> Row:
    bus = LocalBus()
    began = time.perf_counter()
    for number in range(_FORMS):
        answers = {code: "yes" if "explained" in code or code in _CLEAR else "good" for code in questions}
        form = service.PaperForm(key=f"bench-{number:06}", version_id=version_id, answers=answers)
        with database.writing() as session:
            service.enter_form(session, bus, form, zone=_ZONE, by="bob", now=_NOW)
    ours = _FORMS / (time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(_FORMS):
        with database.writing() as session:
            _bare_form(session, version_id, questions)
    floor = _FORMS / (time.perf_counter() - began)
    return (
        "paper forms kept a second",
        f"{ours:,.0f}",
        f"{floor:,.0f} (bare rows)",
        f"{floor / ours:.1f}",
        "> 2 a second",
    )


_CLEAR = frozenset({"in_costs", "in_discharge_advice"})


def _bare_form(session: Session, version_id: int, questions: list[str]) -> None:
    made = session.execute(
        text(
            "INSERT INTO questionnaire_response (version_id, way, dimensions, alarms, started_at, completed_at, score,"
            " highest_score, row_version) VALUES (:version, 'paper', '{}', '{}', :now, :now, 40, 50, 1) RETURNING id"
        ),
        {"version": version_id, "now": "2020-01-01 00:00:00.000000"},
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO questionnaire_answer (response_id, question, option, score, at) "
            "VALUES (:id, :q, 'good', 4, :now)"
        ),
        [{"id": made, "q": code, "now": "2020-01-01 00:00:00.000000"} for code in questions],
    )


def _fill(database: Database, version_id: int, questions: list[str]) -> None:
    """Responses of the last hundred days, ten answers each, from arithmetic instead of chance."""
    with database.writing() as session:
        session.execute(text("DELETE FROM questionnaire_answer"))
        session.execute(text("DELETE FROM questionnaire_response"))
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
                "INSERT INTO questionnaire_response (id, version_id, way, ward, dimensions, alarms, started_at, "
                "completed_at, score, highest_score, row_version) SELECT i, :version, 'paper', 'W' || (i % 40), '{}', "
                "'{}', datetime(:now, '-' || (i % 200) || ' days') || '.000000', "
                "datetime(:now, '-' || (i % 200) || ' days') || '.000000', 20 + i * 7919 % 31, 50, 1 FROM n"
            ),
            {"count": 2 * _RESPONSES, "version": version_id, "now": "2026-11-24 04:00:00"},
        )
        for place, code in enumerate(questions):
            session.execute(
                text(
                    "INSERT INTO questionnaire_answer (response_id, question, option, score, at) "
                    "SELECT id, :code, CASE (id * 7919 + :place) % 5 WHEN 0 THEN 'very_good' WHEN 1 THEN 'good' "
                    "WHEN 2 THEN 'fair' WHEN 3 THEN 'poor' ELSE 'very_poor' END, 5 - (id * 7919 + :place) % 5, "
                    "completed_at FROM questionnaire_response"
                ),
                {"code": code, "place": place},
            )


def _report(database: Database, version_id: int, questionnaire_id: int) -> Row:
    filters = ReportFilters(period=_PERIOD, zone=_ZONE, questionnaire_id=questionnaire_id)

    def ours(session: Session) -> int:
        questions = service.questions_asked(session, questionnaire_id)
        found = service.measure(session, filters)
        service.measure(session, filters.before)
        service.by_group(session, filters, GroupBy.WARD)
        service.by_question(session, filters, questions)
        return found.count

    def by_hand(session: Session) -> int:
        counts = []
        for period in (_PERIOD, _PERIOD.previous):
            span = {
                "version": version_id,
                "since": f"{period.start(_ZONE).astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000",
                "until": f"{period.end(_ZONE).astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000",
            }
            counts.append([session.execute(text(statement), span).all() for statement in _BY_HAND])
        return int(counts[0][0][0][0])

    mine, counted = _timed(database, ours)
    peer, same = _timed(database, by_hand)
    assert counted == same, f"{counted} responses, by hand {same}"
    what = f"report over {counted:,} responses and as many before"
    return what, f"{mine * 1000:,.0f} ms", f"{peer * 1000:,.0f} ms (SQL by hand)", f"{mine / peer:.2f}", "< 1.3"


def _timed(database: Database, run: Callable[[Session], int]) -> tuple[float, int]:
    times, found = [], 0
    for _ in range(_ROUNDS):
        with database.reading() as session:
            began = time.perf_counter()
            found = run(session)
            times.append(time.perf_counter() - began)
    return statistics.median(times), found
