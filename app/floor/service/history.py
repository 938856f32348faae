"""How the present day went so far, half hour by half hour, beside the same day of last week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.floor_reports.rules import QueueFigures, Step
from app.floor_reports.service import FloorChoice, FloorReport, queue_report
from app.settings import Settings

_WEEK = timedelta(days=7)


def day_history(session: Session, settings: Settings, queues: frozenset[str] | None, now: datetime) -> dict[str, Any]:
    """The figures of these queues, or of all, as the reports of the floor count them.

    Steps of today that have not begun are left out of `today`; a call belongs to the step in which it began.
    """
    zone = settings.timezone
    today = now.astimezone(zone).date()
    present, before = (_report(session, settings, day, now) for day in (today, today - _WEEK))
    begun = [start for start in present.steps.starts if start <= now]
    return {
        "day": today.isoformat(),
        "starts": [start.astimezone(UTC).isoformat() for start in present.steps.starts],
        "today": [_figures(present, queues, place) for place in range(len(begun))],
        "week_before": [_figures(before, queues, place) for place in range(len(before.steps.starts))],
    }


def _report(session: Session, settings: Settings, day: date, now: datetime) -> FloorReport:
    choice = FloorChoice.of(day, day, Step.HALF_HOUR)
    return queue_report(session, choice, zone=settings.timezone, now=now)


def _figures(report: FloorReport, queues: frozenset[str] | None, place: int) -> dict[str, Any]:
    if queues is None:
        return _shown(report.queue(None, place))
    total = QueueFigures()
    for name in queues:
        total.add_all(report.queue(name, place))
    return _shown(total)


def _shown(figures: QueueFigures) -> dict[str, Any]:
    level, answer = figures.service_level, figures.average_answer
    return {
        "offered": figures.offered,
        "answered": figures.answered,
        "abandoned": figures.abandoned,
        "service_level": None if level is None else round(level, 4),
        "average_answer_seconds": None if answer is None else round(answer),
    }
