"""How well we speak with patients: the scores of a period, by whom or what, over time, each with its list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from app.http import allow, parts, reading
from app.organisation import service as organisation
from app.quality import service
from app.quality.routes.blueprint import GRADERS, day_of, need_view, pages, render, today
from app.quality.routes.evaluations import filter_choices, filters_in_address
from app.quality.service import GroupBy
from app.reports.rules import Period, choose_period
from app.reports.rules.charts import HEIGHT, WIDTH, Series, draw
from app.texts import N_


@pages.get("/report")
@allow(GRADERS)
def show_report() -> str:
    """The report of the calls that began in the days of the address, else in the last 30."""
    need_view()
    now, zone = today(), parts().settings.timezone
    period = choose_period(day_of("from"), day_of("to"), now)
    by = GroupBy(request.args["by"]) if request.args.get("by") in set(GroupBy) else GroupBy.AGENT
    filters = filters_in_address()
    filters = replace(filters, first=None, last=None, state=None, item=None, below=None, recording_id=None)
    with reading() as session:
        report = service.quality_report(session, filters, by=by, first=period.first, last=period.last, zone=zone)
        choices = filter_choices(session)
        cards = service.card_names(session)
        chosen = replace(filters, first=period.first, last=period.last)
        items = (
            service.item_lines(session, chosen, filters.scorecard_id, zone=zone)
            if filters.scorecard_id is not None
            else []
        )
        group_names = {
            GroupBy.AGENT: choices["names"],
            GroupBy.GRADER: choices["names"],
            GroupBy.DEPARTMENT: {str(key): name for key, name in organisation.department_names(session).items()},
            GroupBy.QUEUE: dict(choices["queues"]),
            GroupBy.SCORECARD: {str(card.id): card for card in cards.values()},
        }[by]
    series = Series(N_("Mean score"), tuple(value or 0.0 for value in report.over_time))
    kept = {name: text for name, text in request.args.items() if text and name != "lang"}
    return render(
        "report.html",
        report=report,
        period=period,
        by=by.value,
        by_word=_by_words(),
        usual=_usual(now),
        items=items,
        filters=filters,
        cards=cards,
        group_name=lambda key: group_names.get(key, key),
        chart=draw(report.steps, [series]),
        size=(WIDTH, HEIGHT),
        list_url=_list_url(kept, period),
        kept=kept,
        export=_export_query(filters, period),
        as_of=parts().now(),
        **choices,
    )


def _by_words() -> dict[str, str]:
    return {
        GroupBy.AGENT.value: _("Agent"),
        GroupBy.DEPARTMENT.value: _("Department"),
        GroupBy.QUEUE.value: _("Queue"),
        GroupBy.SCORECARD.value: _("Scorecard"),
        GroupBy.GRADER.value: _("Grader"),
    }


def _usual(now: date) -> list[tuple[str, Period]]:
    yesterday = now - timedelta(days=1)
    return [
        (_("Last 7 days"), Period(now - timedelta(days=7), yesterday)),
        (_("Last 30 days"), Period(now - timedelta(days=30), yesterday)),
        (_("Last 365 days"), Period(now - timedelta(days=365), yesterday)),
    ]


def _list_url(kept: dict[str, str], period: Period) -> Callable[..., str]:
    """The address of exactly the evaluations that a figure counted."""
    names: tuple[str, ...] = ("agent", "department", "queue", "scorecard", "grader")
    filters = {name: kept[name] for name in names if name in kept}

    def address(figure: str, **more: str) -> str:
        days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
        wanted: dict[str, Any] = {**days, **filters, **more, "figure": figure}
        return url_for("quality.show_evaluations", **{name: value for name, value in wanted.items() if value != ""})

    return address


def _export_query(filters: service.EvaluationFilters, period: Period) -> dict[str, str]:
    query = {
        "since": period.first.isoformat(),
        "until": period.last.isoformat(),
        "agent": filters.agent,
        "grader": filters.grader,
        "queue": filters.queue,
        "department": filters.department_id,
        "scorecard": filters.scorecard_id,
    }
    return {name: str(value) for name, value in query.items() if value is not None}
