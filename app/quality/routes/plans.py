"""Sampling plans: written, resting or drawing, and each draw with its proof."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit.rules import Action
from app.errors import InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.organisation import service as organisation
from app.quality import service
from app.quality.models import SamplingPlan
from app.quality.routes.blueprint import GRADERS, act, need_view, pages, render, sentence
from app.quality.rules import Conditions, PeriodKind, read_conditions
from app.queues.service import queue_labels
from app.texts import N_

# A line of the list names so many agents, and how many more there are.
_MOST_NAMED = 5
_NUMBERS = ("shortest", "longest", "silence")


@pages.get("/plans")
@allow(GRADERS)
def show_plans() -> str:
    """All plans, each with its last draw."""
    need_view()
    with reading() as session:
        plans = service.list_plans(session)
        draws = {plan.id: next(iter(service.draws_of(session, plan.id)), None) for plan in plans}
        cards = service.card_names(session)
        words = {plan.id: _words(session, read_conditions(plan.conditions)) for plan in plans}
    return render("plans.html", plans=plans, draws=draws, cards=cards, words=words)


@pages.get("/plans/new")
@allow(GRADERS)
def show_new_plan() -> str:
    with reading() as session:
        return _edit_page(session, None, _fresh(), {})


@pages.post("/plans/new")
@allow(GRADERS)
def create_plan() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/plans/<int:sampling_id>")
@allow(GRADERS)
def show_plan(sampling_id: int) -> str:
    """One plan: what it draws from, and every draw."""
    with reading() as session:
        plan = service.get_plan(session, sampling_id)
        return render(
            "plan.html",
            plan=plan,
            draws=service.draws_of(session, sampling_id),
            words=_words(session, read_conditions(plan.conditions)),
            cards=service.card_names(session),
        )


@pages.get("/plans/<int:sampling_id>/edit")
@allow(GRADERS)
def show_edit_plan(sampling_id: int) -> str:
    with reading() as session:
        plan = service.get_plan(session, sampling_id)
        return _edit_page(session, plan, _typed_of(plan), {})


@pages.post("/plans/<int:sampling_id>/edit")
@allow(GRADERS)
def change_plan(sampling_id: int) -> Response | tuple[str, int]:
    return _save(sampling_id)


@pages.post("/plans/<int:sampling_id>/active")
@allow(GRADERS)
def set_plan_active(sampling_id: int) -> Response:
    is_active = request.form.get("active") == "1"

    def set_it(session: Session) -> None:
        zone = parts().settings.timezone
        service.set_active(session, sampling_id, is_active=is_active, now=parts().now(), zone=zone)

    told = _("The plan draws again.") if is_active else _("The plan rests: nothing is drawn until you let it.")
    to = url_for(".show_plan", sampling_id=sampling_id)
    return act(set_it, f"sampling_plan:{sampling_id}", "active" if is_active else "resting", told, to=to)


@pages.post("/plans/<int:sampling_id>/draw")
@allow(GRADERS)
def draw_plan(sampling_id: int) -> Response:
    """Have the last finished period drawn."""

    def ask(session: Session) -> None:
        service.ask_for_draw(session, sampling_id, now=parts().now(), zone=parts().settings.timezone)

    to = url_for(".show_plan", sampling_id=sampling_id)
    told = _("The calls are drawn within some seconds. Reload the page then.")
    return act(ask, f"sampling_plan:{sampling_id}", "drawn", told, to=to)


@pages.get("/draws/<int:draw_id>")
@allow(GRADERS)
def show_draw(draw_id: int) -> str:
    """What was drawn from what, and that the seed gives the same calls again."""
    with reading() as session:
        again = service.drawn_again(session, draw_id)
        return render(
            "draw.html",
            draw=again.draw,
            again=again,
            plan=service.get_plan(session, again.draw.plan_id),
            names=service.names(session),
        )


def _save(sampling_id: int | None) -> Response | tuple[str, int]:
    need_view()
    typed = _typed()
    now, zone = parts().now(), parts().settings.timezone
    try:
        data = _data(typed)
        with writing() as session:
            if sampling_id is None:
                sampling_id = service.create_plan(session, data, by=signed_in().username, now=now, zone=zone).id
                audit(session, Action.CREATE, subject=f"sampling_plan:{sampling_id}")
            else:
                service.change_plan(session, sampling_id, data, now=now, zone=zone)
                audit(session, Action.CHANGE, subject=f"sampling_plan:{sampling_id}")
    except InvalidInput as error:
        with reading() as session:
            plan = service.get_plan(session, sampling_id) if sampling_id is not None else None
            errors = {str(error.fields.get("field", "name")): sentence(error)}
            return _edit_page(session, plan, typed, errors), 422
    flash(_("The plan was saved."), "success")
    return redirect(url_for(".show_plan", sampling_id=sampling_id), 303)


def _fresh() -> dict[str, Any]:
    return {
        "name": "", "card": "", "period": PeriodKind.WEEK.value, "per_agent": "3", "grade_days": "7", "direction": "",
        "agents": [], "department": "", "queues": [], "dispositions": [], "shortest": "", "longest": "", "silence": "",
        "low_satisfaction": "",
    }  # fmt: skip


def _typed() -> dict[str, Any]:
    form, fresh = request.form, _fresh()
    return {
        name: form.getlist(name)[:500] if isinstance(usual, list) else form.get(name, "").strip()
        for name, usual in fresh.items()
    }


def _typed_of(plan: SamplingPlan) -> dict[str, Any]:
    wanted = read_conditions(plan.conditions)
    return {
        "name": plan.name,
        "card": str(plan.scorecard_id or ""),
        "period": plan.period,
        "per_agent": str(plan.per_agent),
        "grade_days": str(plan.grade_days),
        "direction": wanted.direction,
        "agents": list(wanted.agents),
        "department": str(wanted.department_id or ""),
        "queues": list(wanted.queues),
        "dispositions": list(wanted.dispositions),
        **{name: "" if getattr(wanted, name) is None else str(getattr(wanted, name)) for name in _NUMBERS},
        "low_satisfaction": "1" if wanted.low_satisfaction else "",
    }


def _data(typed: dict[str, Any]) -> service.PlanData:
    return service.PlanData(
        name=typed["name"],
        scorecard_id=_number(typed["card"], "card"),
        period=PeriodKind(typed["period"]) if typed["period"] in set(PeriodKind) else PeriodKind.WEEK,
        per_agent=_number(typed["per_agent"], "per_agent") or 0,
        grade_days=_number(typed["grade_days"], "grade_days") or 0,
        conditions=Conditions(
            agents=tuple(each[:64] for each in typed["agents"]),
            department_id=_number(typed["department"], "department"),
            direction=typed["direction"] if typed["direction"] in ("inbound", "outbound") else "",
            queues=tuple(each[:40] for each in typed["queues"]),
            dispositions=tuple(each[:40] for each in typed["dispositions"]),
            shortest=_number(typed["shortest"], "shortest"),
            longest=_number(typed["longest"], "longest"),
            silence=_number(typed["silence"], "silence"),
            low_satisfaction=typed["low_satisfaction"] == "1",
        ),
    )


def _number(text: str, field: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput(N_("Write a number."), field=field)
    return int(text)


def _edit_page(session: Session, plan: SamplingPlan | None, typed: dict[str, Any], errors: dict[str, str]) -> str:
    query = select(User.username, User.display_name).where(User.is_active.is_(True), User.role == Role.AGENT.value)
    return render(
        "plan_edit.html",
        plan=plan,
        typed=typed,
        errors=errors,
        agents=session.execute(query.order_by(User.display_name)).all(),
        departments=[(str(each.id), each.name) for each in organisation.departments(session)],
        queues=list(queue_labels(session).items()),
        cards=service.cards_in_use(session),
    )


def _more_agents(names: str, more: int) -> str:
    return str(
        ngettext("of %(names)s and %(num)s more agent", "of %(names)s and %(num)s more agents", more, names=names)
    )


def _words(session: Session, wanted: Conditions) -> list[str]:
    """What a plan draws from, in words."""
    names, found = service.names(session), []
    if wanted.direction:
        found.append(_("incoming calls only") if wanted.direction == "inbound" else _("outgoing calls only"))
    if wanted.agents:
        shown = "、".join(names.get(each, each) for each in wanted.agents[:_MOST_NAMED])
        more = len(wanted.agents) - _MOST_NAMED
        found.append(_("of %(names)s", names=shown) if more <= 0 else _more_agents(shown, more))
    if wanted.department_id is not None:
        department = organisation.department_names(session).get(wanted.department_id, "")
        found.append(_("agents of %(department)s", department=department))
    if wanted.queues:
        labels = queue_labels(session)
        found.append(_("queue: %(names)s", names="、".join(labels.get(each, each) for each in wanted.queues)))
    if wanted.dispositions:
        found.append(_("with one of %(num)s dispositions", num=len(wanted.dispositions)))
    if wanted.shortest is not None:
        found.append(_("at least %(seconds)s s long", seconds=wanted.shortest))
    if wanted.longest is not None:
        found.append(_("at most %(seconds)s s long", seconds=wanted.longest))
    if wanted.silence is not None:
        found.append(_("with %(seconds)s s of silence or more", seconds=wanted.silence))
    if wanted.low_satisfaction:
        found.append(_("after which the patient was not satisfied"))
    return found
