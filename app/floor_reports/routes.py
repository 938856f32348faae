"""The reports of the floor: queues and agents, today by half hours or any days, each number with its calls behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_percent
from flask_babel import gettext as _

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS
from app.agents.service import reason_names
from app.errors import NotFound
from app.floor_reports import service
from app.floor_reports.rules import (
    AGENT_FIGURES,
    FIGURE_TEXT,
    MEANING_TEXT,
    MOST_DAYS,
    QUEUE_FIGURES,
    STEP_TEXT,
    FloorFigure,
    Step,
)
from app.floor_reports.service import FloorChoice, FloorReport
from app.http import allow, parts, reading, viewer
from app.queues.service import queue_labels
from app.texts import N_

pages = Blueprint("floor_reports", __name__, template_folder="templates", url_prefix="/reports/floor")


@pages.get("")
@allow(OVER_AGENTS)
def show_queues() -> str:
    """Each queue over the chosen days, and the steps of one of them or of all together."""
    choice = _choice()
    wanted = request.args.get("queue", "")[:40] or None
    with reading() as session:
        report = service.floor_report(session, choice, zone=parts().settings.timezone, now=parts().now())
        labels = queue_labels(session)
    places = [place for place in range(len(report.steps.starts)) if report.queue(wanted, place).offered]
    return render_template(
        "floor_reports/queues.html",
        figures=QUEUE_FIGURES,
        report=report,
        labels=labels,
        names=[name for name in {**labels, **dict.fromkeys(report.queue_names())} if report.queue(name).offered],
        wanted=wanted,
        places=places,
        calls_behind=_calls_behind(choice, report),
        **_common(choice, "floor_reports.show_queues", queue=wanted),
    )


@pages.get("/agents")
@allow(OVER_AGENTS)
def show_agents() -> str:
    """Each agent over the chosen days; of a chosen one the steps, too."""
    choice = _choice()
    wanted = request.args.get("agent", "")[:64] or None
    with reading() as session:
        report = service.floor_report(session, choice, zone=parts().settings.timezone, now=parts().now())
        names = service.agent_names(session)
        reasons = reason_names(session, translate=_)
    places = [place for place in range(len(report.steps.starts)) if wanted and report.agent(wanted, place).was_there]
    return render_template(
        "floor_reports/agents.html",
        figures=AGENT_FIGURES,
        report=report,
        names=names,
        agents=report.agent_ids(),
        wanted=wanted,
        places=places,
        reasons=reasons,
        calls_behind=_calls_behind(choice, report),
        **_common(choice, "floor_reports.show_agents", agent=wanted),
    )


def _choice() -> FloorChoice:
    """The days and steps of the address, else today by half hours. Raises NotFound for who may see no reports."""
    if not viewer().grant(Module.REPORTS).can_view:
        raise NotFound(N_("There is no such page."))
    today = parts().now().astimezone(parts().settings.timezone).date()
    first, last = _day("from"), _day("to")
    step = request.args.get("step", "")
    return FloorChoice.of(
        first or last or today, last or first or today, Step(step) if step in set(Step) else Step.HALF_HOUR
    )


def _common(choice: FloorChoice, endpoint: str, **kept: str | None) -> dict[str, Any]:
    """What both pages show: the form, the usual periods, and how figures are written."""
    today = parts().now().astimezone(parts().settings.timezone).date()
    usual = (
        (_("Today"), today, today, Step.HALF_HOUR),
        (_("Yesterday"), today - timedelta(days=1), today - timedelta(days=1), Step.HALF_HOUR),
        (_("Last 7 days"), today - timedelta(days=7), today - timedelta(days=1), Step.DAY),
        (_("Last 30 days"), today - timedelta(days=30), today - timedelta(days=1), Step.DAY),
    )
    stays: dict[str, Any] = {name: value for name, value in kept.items() if value}
    return {
        "choice": choice,
        "kept": stays,
        "query": {"from": choice.first, "to": choice.last, "step": choice.step.value},
        "usual": [
            (label, url_for(endpoint, **_plain(first, last, step), **stays), (first, last, step) == _key(choice))
            for label, first, last, step in usual
        ],
        "step_choices": [(each.value, _(text)) for each, text in STEP_TEXT.items()],
        "most_days": MOST_DAYS[choice.step],
        "titles": {each: _(text) for each, text in FIGURE_TEXT.items()},
        "meanings": {each: _(text) for each, text in MEANING_TEXT.items()},
        "percent": lambda share: "–" if share is None else format_percent(share, "#,##0.0 %"),
        "Figure": FloorFigure,
    }


def _calls_behind(choice: FloorChoice, report: FloorReport) -> Callable[..., str]:
    """The address of the list of exactly the calls that a figure counted."""

    def address(place: int | None = None, **conditions: str | None) -> str:
        if place is None:
            times = {"from": choice.first.isoformat(), "to": choice.last.isoformat()}
        else:
            zone, steps = parts().settings.timezone, report.steps
            begin, end = steps.starts[place].astimezone(zone), steps.end_of(place).astimezone(zone)
            times = {"from": begin.isoformat(), "to": end.isoformat()}
        given: dict[str, Any] = {name: value for name, value in {**times, **conditions}.items() if value}
        return url_for("calls.show_calls", **given)

    return address


def _plain(first: date, last: date, step: Step) -> dict[str, Any]:
    return {"from": first.isoformat(), "to": last.isoformat(), "step": step.value}


def _key(choice: FloorChoice) -> tuple[date, date, Step]:
    return choice.first, choice.last, choice.step


def _day(name: str) -> date | None:
    """A day of the address; what is no day is as if it were not there."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    # Time zones and long periods need some room at both ends of the calendar.
    return day if 1990 <= day.year <= 2100 else None
