"""The manager's dashboard: a few questions about a period, beside the one before. No single patients (G-13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS
from app.errors import NotFound
from app.http import allow, parts, reading, viewer
from app.reports import service
from app.reports.rules import Figure, Period, Unit, choose_period
from app.reports.rules.charts import HEIGHT, WIDTH
from app.reports.rules.figures import DEFINITION_TEXT, FIGURE_TEXT, QUESTION_TEXT, FigureKey
from app.texts import N_

pages = Blueprint("reports", __name__, template_folder="templates")

# The outcome that the list of calls is narrowed to, for figures whose rows it shows.
_CALL_LISTS: Mapping[FigureKey, str] = {
    FigureKey.OFFERED: "",
    FigureKey.ANSWERED: "answered",
    FigureKey.ABANDONED: "abandoned",
}


@pages.get("/reports")
@allow(OVER_AGENTS)
def show_dashboard() -> str:
    """The dashboard for the days in the address, else for the last 30."""
    if not viewer().grant(Module.REPORTS).can_view:
        raise NotFound(N_("There is no such page."))
    zone = parts().settings.timezone
    today = parts().now().astimezone(zone).date()
    period = choose_period(_day("from"), _day("to"), today)
    with reading() as session:
        found = service.answers(session, period, zone=zone, service_level=parts().settings.service_level)
    return render_template(
        "reports/dashboard.html",
        answers=found,
        period=period,
        choices=_choices(today),
        questions={key: _(text) for key, text in QUESTION_TEXT.items()},
        names={key: _(text) for key, text in FIGURE_TEXT.items()},
        definitions={key: _(text) for key, text in DEFINITION_TEXT.items()},
        call_lists=_CALL_LISTS,
        service_seconds=int(parts().settings.service_level.total_seconds()),
        size=(WIDTH, HEIGHT),
        shown=_shown,
        changed=_changed,
        money=_money,
        number=format_decimal,
    )


def _choices(today: date) -> list[tuple[str, Period]]:
    """Periods that managers ask for, one click each."""
    yesterday = today - timedelta(days=1)
    last_month_end = today.replace(day=1) - timedelta(days=1)
    return [
        (_("Last 7 days"), Period(today - timedelta(days=7), yesterday)),
        (_("Last 30 days"), Period(today - timedelta(days=30), yesterday)),
        (_("Last month"), Period(last_month_end.replace(day=1), last_month_end)),
        (_("Last 365 days"), Period(today - timedelta(days=365), yesterday)),
    ]


def _day(name: str) -> date | None:
    """A day of the address; what is no day is as if it were not there."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    # Time zones and the period before need some room at both ends of the calendar.
    return day if 1990 <= day.year <= 2100 else None


def _shown(value: float | int | None, unit: Unit) -> str:
    if value is None:
        return "–"
    if unit is Unit.SHARE:
        return str(format_percent(value, "#,##0.0 %"))
    return _money(value) if unit is Unit.CENTS else str(format_decimal(value))


def _money(cents: float) -> str:
    return f"¥{format_decimal(cents / 100, '#,##0.00')}"


def _changed(figure: Figure) -> str:
    """The change in words that need no colour: an arrow and a share; of a share, percentage points."""
    if figure.change is None:
        return "–"
    arrow = "▲" if figure.change > 0 else "▼" if figure.change < 0 else "="
    if figure.unit is Unit.SHARE:
        return f"{arrow} {_('%(points)s points', points=format_decimal(round(abs(figure.change) * 100, 1)))}"
    return f"{arrow} {format_percent(abs(figure.change), '#,##0.0 %')}"
