"""The laboratory: a version tried on last year's patients, and a template started for a segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from flask import flash, redirect, request, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.errors import InvalidInput, NotFound, WardlineError
from app.followup_plans import service as plans
from app.followup_templates import service
from app.followup_templates.routes.pages import WRITERS, pages, render, sentence
from app.followups.rules import TaskMode
from app.http import allow, audit, parts, reading, signed_in, writing
from app.reports.rules.charts import HEIGHT, WIDTH, Chart, Series, draw
from app.segments import service as segments
from app.segments.models import SavedSegment
from app.texts import N_

_MOST_AGENTS = 500


@pages.get("/<int:template_id>/laboratory")
@allow(WRITERS)
def show_laboratory(template_id: int) -> str:
    """What a version would have meant for the events of the last year, of whom the user sees."""
    agents = min(max(request.args.get("agents", 10, type=int), 1), _MOST_AGENTS)
    with reading() as session:
        template = service.get_template(session, template_id)
        number = request.args.get("version", type=int)
        version = next((each for each in template.versions if each.number == number), template.versions[0])
        today = parts().now().astimezone(parts().settings.timezone).date()
        trial = plans.try_out(session, service.programme_of(version), today, parts().settings.timezone)
    return render(
        "laboratory.html",
        template=template,
        version=version,
        trial=trial,
        agents=agents,
        load=_load_chart(trial.by_day),
        starts=_starts_chart(trial.by_month),
        most_starts=plans.MOST_STARTS,
        size=(WIDTH, HEIGHT),
        number=lambda value: format_decimal(value, format="#,##0.#"),
    )


@pages.get("/<int:template_id>/start")
@allow(OVER_AGENTS)
def show_start(template_id: int) -> str:
    """For whom a start would make plans, before it is begun."""
    with reading() as session:
        template = service.get_template(session, template_id)
        offered = segments.list_segments(session)
        segment_id, day = request.args.get("segment", 0, type=int), _day(request.args.get("on", ""))
        seen, problem = None, ""
        if segment_id:
            try:
                seen = plans.preview_start(session, parts(), template_id, segment_id, day)
            except WardlineError as error:
                problem = sentence(error)
    return render(
        "start.html",
        template=template,
        segments=[("", _("Choose a segment")), *((str(each.id), each.name) for each in offered)],
        segment_id=str(segment_id or ""),
        day=day,
        seen=seen,
        problem=problem,
        left_out_word=left_out_words(),
    )


@pages.post("/<int:template_id>/start")
@allow(OVER_AGENTS)
def begin_start(template_id: int) -> Response:
    segment_id, day = request.form.get("segment", 0, type=int), _day(request.form.get("on", ""))
    try:
        with writing() as session:
            made = plans.begin_start(session, parts(), template_id, segment_id, day, by=signed_in().username)
            start_id = made.id
            details = {"segment": segment_id, "members": made.members}
            audit(session, Action.CREATE, subject=f"followup_start:{made.id}", details=details)
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(url_for(".show_start", template_id=template_id, segment=segment_id, on=day.isoformat()), 303)
    flash(_("The plans are being made."), "success")
    return redirect(url_for(".show_progress", start_id=start_id), 303)


@pages.get("/starts/<int:start_id>")
@allow(OVER_AGENTS)
def show_progress(start_id: int) -> str:
    """How far a start is; the page asks again by itself while it runs."""
    with reading() as session:
        start = plans.get_start(session, start_id)
        template = service.get_template(session, start.template_id)
        segment = session.get(SavedSegment, start.segment_id)
    page = "_progress.html" if request.headers.get("HX-Request") else "progress.html"
    return render(
        page, start=start, template=template, segment=segment.name if segment else "", left_out_word=left_out_words()
    )


@pages.post("/starts/<int:start_id>/stop")
@allow(OVER_AGENTS)
def stop_start(start_id: int) -> Response:
    try:
        with writing() as session:
            plans.stop_start(session, parts().bus, start_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"followup_start:{start_id}", details={"state": "stopped"})
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
    else:
        flash(_("No further plans are made. Those that were begun run on."), "success")
    return redirect(url_for(".show_progress", start_id=start_id), 303)


def left_out_words() -> dict[str, str]:
    """Why somebody of a segment gets no plan."""
    return {
        "running": _("This template runs for them already."),
        "stopped": _("They want no contact at all."),
        "deceased": _("They have died."),
        "too_late": _("No step is left for this day."),
    }


def _day(text: str) -> date:
    if not text:
        return parts().now().astimezone(parts().settings.timezone).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(N_("Write a date such as 2026-11-21."), field="on") from None


def _load_chart(by_day: Mapping[date, Mapping[TaskMode, int]]) -> Chart | None:
    """By week, because a year of days is narrower than its own ink."""
    weeks: dict[date, Counter[str]] = {}
    for day, modes in by_day.items():
        week = weeks.setdefault(day - timedelta(days=day.weekday()), Counter())
        for mode, count in modes.items():
            week["texts" if mode is TaskMode.SMS else "visits" if mode is TaskMode.VISIT else "calls"] += count
    steps = _without_gaps(sorted(weeks), timedelta(days=7))
    series = [
        Series(name, tuple(float(weeks.get(step, Counter())[key]) for step in steps))
        for key, name in (("calls", N_("Calls")), ("visits", N_("Face to face")), ("texts", N_("Messages")))
    ]
    return draw(steps, series) if steps else None


def _without_gaps(steps: list[date], width: timedelta) -> list[date]:
    """Also the weeks in which nothing is to be done: a gap must look like one."""
    if not steps:
        return []
    return [steps[0] + place * width for place in range((steps[-1] - steps[0]) // width + 1)]


def _starts_chart(by_month: Mapping[date, int]) -> Chart | None:
    steps = sorted(by_month)
    return draw(steps, [Series(N_("Starts"), tuple(float(by_month[step]) for step in steps))]) if steps else None
