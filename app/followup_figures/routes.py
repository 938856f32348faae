"""The figures of follow-up: each with its definition beside it and its list behind it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.rules import Module
from app.accounts.models import User
from app.accounts.rules import WITH_PATIENTS
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import NotFound
from app.followup_figures import service
from app.followup_figures.service import Choice, Rates
from app.followup_templates.models import FollowupTemplate
from app.followups.routes.words import effect_words, template_name, who
from app.followups.service import DIALLER
from app.followups.service.counting import TaskFigure
from app.http import allow, parts, reading, viewer
from app.organisation import service as organisation
from app.reports.rules import Period, choose_period
from app.texts import N_

pages = Blueprint("followup_figures", __name__, url_prefix="/followup-figures", template_folder="templates")

_GROUPS = ("disease", "department", "doctor")


@pages.get("")
@allow(WITH_PATIENTS)
def show_figures() -> str:
    """The figures of the follow-ups that fell due in the days of the address, else in the last 30."""
    if not viewer().grant(Module.FOLLOWUPS).can_view:
        raise NotFound(N_("There is no such page."))
    zone = parts().settings.timezone
    today = parts().now().astimezone(zone).date()
    period = choose_period(_day("from"), _day("to"), today)
    group = request.args.get("by") if request.args.get("by") in _GROUPS else "disease"
    choice = Choice(
        first=period.first,
        last=period.last,
        department_id=_number("department"),
        template_id=_number("template"),
        list_id=_number("list"),
        doctor=request.args.get("doctor", "")[:64] or None,
    )
    with reading() as session:
        before = Choice(
            first=period.previous.first,
            last=period.previous.last,
            department_id=choice.department_id,
            template_id=choice.template_id,
            list_id=choice.list_id,
            doctor=choice.doctor,
        )
        grouped = {
            "disease": service.by_disease,
            "department": service.by_department,
            "doctor": service.by_doctor,
        }[str(group)](session, choice)
        people = service.workload(session, period.first, period.last, zone)
        diseases = codes.names(session, CodeList.DISEASE, {each.key for each in grouped if each.key})
        return render_template(
            "followup_figures/figures.html",
            period=period,
            choices=_choices(today),
            choice=choice,
            group=group,
            group_word=_group_words(),
            now=_rates(service.rates(session, choice)),
            before=_rates(service.rates(session, before)),
            definitions=_definitions(),
            list_url=lambda figure, **more: _list_url(choice, figure, **more),
            groups=grouped,
            group_name=lambda each: diseases.get(each.key, each.name) if group == "disease" else each.name,
            group_argument=lambda each: {str(group): each.key} if group != "doctor" else {},
            effects=service.effects(session, choice).get("", []),
            effects_by=service.effects(session, choice, group=str(group)),
            effect_word=effect_words(),
            satisfaction=service.satisfaction(session, choice),
            people=people,
            names={DIALLER: who(DIALLER), **dict(session.execute(select(User.username, User.display_name)).all())},
            departments=organisation.departments(session),
            templates=[
                (each.id, template_name(each))
                for each in session.scalars(select(FollowupTemplate).where(FollowupTemplate.removed_at.is_(None)))
            ],
            percent=_percent,
            number=format_decimal,
            as_of=parts().now(),
        )


def _rates(found: Rates) -> dict[str, Any]:
    counts = found.counts
    return {
        **{str(figure): counts[figure] for figure in TaskFigure},
        "done_rate": found.share(TaskFigure.DONE),
        "reached_rate": found.share(TaskFigure.REACHED),
        "attempted_rate": found.share(TaskFigure.ATTEMPTED),
        "in_time_rate": found.share(TaskFigure.IN_TIME, TaskFigure.DONE),
        "first_call_rate": found.share(TaskFigure.FIRST_CALL, TaskFigure.ATTEMPTED),
        "lost_rate": found.share(TaskFigure.LOST),
    }


def _definitions() -> list[tuple[str, str, str, str | None]]:
    """Figure, its name, its definition, and the rate that stands beside the number."""
    return [
        (
            "due",
            _("Due"),
            _("Follow-ups by phone, automatic call or face to face that fall into the period and were not cancelled."),
            None,
        ),
        ("attempted", _("Attempted"), _("Of those due: called at least once, or done otherwise."), "attempted_rate"),
        ("reached", _("Reached"), _("Of those due: somebody spoke with the patient."), "reached_rate"),
        ("done", _("Done"), _("Of those due: closed with a result. Done ÷ due is the follow-up rate."), "done_rate"),
        (
            "in_time",
            _("Done in time"),
            _("Of those done: closed within the days that the step allows."),
            "in_time_rate",
        ),
        (
            "first_call",
            _("First-call success"),
            _("Of those attempted: reached with the first call."),
            "first_call_rate",
        ),
        (
            "lost",
            _("Lost to follow-up"),
            _("Of those due: all tries used up, or no number that is right."),
            "lost_rate",
        ),
        ("left_out", _("Left out"), _("Of those due: left out by somebody, with a reason."), None),
        ("open", _("Still open"), _("Of those due: neither done, lost nor left out yet."), None),
    ]


def _group_words() -> dict[str, str]:
    return {"disease": _("Disease"), "department": _("Department"), "doctor": _("Attending doctor")}


def _list_url(choice: Choice, figure: str, **more: Any) -> str:
    arguments = {
        "whose": "all",
        "when": "any",
        "figure": figure,
        "from": choice.first.isoformat(),
        "to": choice.last.isoformat(),
        "department": choice.department_id,
        "template": choice.template_id,
        "list": choice.list_id,
        "doctor": choice.doctor,
        **more,
    }
    wanted: dict[str, Any] = {key: value for key, value in arguments.items() if value not in (None, "")}
    return url_for("followups.show_today", **wanted)


def _choices(today: date) -> list[tuple[str, Period]]:
    yesterday = today - timedelta(days=1)
    return [
        (_("Today"), Period(today, today)),
        (_("Last 7 days"), Period(today - timedelta(days=7), yesterday)),
        (_("Last 30 days"), Period(today - timedelta(days=30), yesterday)),
        (_("Next 7 days"), Period(today, today + timedelta(days=6))),
        (_("Last 365 days"), Period(today - timedelta(days=365), yesterday)),
    ]


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2100 else None


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _percent(value: float | None) -> str:
    return "–" if value is None else str(format_percent(value, "#,##0.0 %"))
