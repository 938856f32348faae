"""How well we speak with patients: the scores of a period, by whom or what, over time, each with its list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from app.http import allow, parts, reading
from app.quality import service
from app.quality.routes.blueprint import GRADERS, day_of, need_view, pages, render, today
from app.quality.routes.evaluations import filter_choices, filters_in_address
from app.quality.rules import GROUP_QUESTION_TEXT, GROUP_TEXT, GroupBy, days_of
from app.reports.rules import Period, choose_period
from app.reports.rules.charts import HEIGHT, WIDTH, Series, draw
from app.texts import N_

_FILTERS = ("agent", "team", "department", "queue", "scorecard", "grader")


@pages.get("/report")
@allow(GRADERS)
def show_report() -> str:
    """The report of the calls that began in the days of the address, else in the last 30."""
    need_view()
    now, zone = today(), parts().settings.timezone
    period = choose_period(day_of("from"), day_of("to"), now)
    by = GroupBy(request.args["by"]) if request.args.get("by") in set(GroupBy) else GroupBy.AGENT
    filters = filters_in_address()
    filters = replace(filters, first=None, last=None, state=None, item=None, reached=None, recording_id=None)
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
        group_names = service.group_names(session, by)
    series = Series(N_("Mean score"), tuple(value or 0.0 for value in report.over_time))
    kept = {name: text for name in (*_FILTERS, "from", "to", "by") if (text := request.args.get(name))}
    earlier = Period(period.first - (period.last - period.first) - timedelta(days=1), period.first - timedelta(days=1))
    return render(
        "report.html",
        report=report,
        period=period,
        step_days=days_of(report.steps, period.last),
        by=by.value,
        by_word={each.value: _(text) for each, text in GROUP_TEXT.items()},
        question=_(GROUP_QUESTION_TEXT[by]),
        usual=_usual(now),
        items=items,
        filters=filters,
        cards=cards,
        group_name=lambda key: group_names.get(key, key),
        nobody={"team": _("No team"), "department": _("No department"), "queue": _("No queue")}.get(by.value, ""),
        chart=draw(report.steps, [series]),
        size=(WIDTH, HEIGHT),
        list_url=_list_url(kept, period),
        earlier=earlier,
        kept=kept,
        export={**_export_query(kept, period), "by": by.value},
        as_of=parts().now(),
        **choices,
    )


def _usual(now: date) -> list[tuple[str, Period]]:
    yesterday = now - timedelta(days=1)
    return [
        (_("Last 7 days"), Period(now - timedelta(days=7), yesterday)),
        (_("Last 30 days"), Period(now - timedelta(days=30), yesterday)),
        (_("Last 365 days"), Period(now - timedelta(days=365), yesterday)),
    ]


def _list_url(kept: dict[str, str], period: Period) -> Callable[..., str]:
    """The address of exactly the evaluations that a figure counted: of the period, or of other `days`."""
    filters = {name: kept[name] for name in _FILTERS if name in kept}

    def address(figure: str, days: tuple[date, date] | None = None, **more: str) -> str:
        first, last = days or (period.first, period.last)
        wanted: dict[str, Any] = {"from": first.isoformat(), "to": last.isoformat(), **filters, **more}
        return url_for("quality.show_evaluations", figure=figure, **wanted)

    return address


def _export_query(kept: dict[str, str], period: Period) -> dict[str, str]:
    days = {"since": period.first.isoformat(), "until": period.last.isoformat()}
    return {**days, **{name: kept[name] for name in _FILTERS if name in kept}}
