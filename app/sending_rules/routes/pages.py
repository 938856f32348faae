"""The pages of sending rules: the list, the editor, what a rule would send, and what it has planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module, Reach
from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import InvalidInput, NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.message_templates import service as templates
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.patients.service import patient_cards
from app.segments import service as segments
from app.sending_rules import service
from app.sending_rules.models import SendingRule
from app.sending_rules.routes.words import page_words
from app.sending_rules.rules import MOST_DAYS, PlanState
from app.sending_rules.service import PlannedFilters, RuleData, anchor_kinds
from app.texts import N_

pages = Blueprint("sending_rules", __name__, url_prefix="/sending-rules", template_folder="../templates")

_MONTH = timedelta(days=30)
_VISIT_KINDS = ("outpatient", "inpatient", "emergency", "exam")


@pages.get("")
@allow(OVER_AGENTS)
def show_rules() -> str:
    """Every rule with its state, and what it sent and left out in the last thirty days."""
    with reading() as session:
        rules = service.list_rules(session)
        figures = service.figures(session, parts().now() - _MONTH)
        names = {
            rule.id: templates.name_of(rule.template, str(get_locale())) for rule in rules if rule.template is not None
        }
    return _render("list.html", rules=rules, figures=figures, template_names=names)


@pages.get("/planned")
@allow(OVER_AGENTS)
def show_planned() -> str:
    """What is planned, what went and what did not, of the people whom the user may see."""
    chosen = _chosen()
    filters = PlannedFilters(
        rule_id=int(chosen["rule"]) if chosen["rule"] else None,
        state=PlanState(chosen["state"]) if chosen["state"] else None,
    )
    with reading() as session:
        page = service.list_planned(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
        people = patient_cards(session, {row.patient_id for row in page.items}, now=parts().now())
        rules = service.list_rules(session)
    kept = {name: value for name, value in chosen.items() if value}
    return _render("planned.html", page=page, people=people, rules=rules, chosen=kept)


@pages.post("/planned/<int:planned_id>/cancel")
@allow(OVER_AGENTS)
def cancel_planned(planned_id: int) -> Response:
    try:
        with writing() as session:
            row = service.cancel_planned(session, parts().bus, planned_id, now=parts().now())
            audit(
                session,
                Action.CHANGE,
                patient_id=row.patient_id,
                subject=f"planned_message:{planned_id}",
                details={"state": "cancelled"},
            )
    except NotFound:
        raise
    except WardlineError as error:
        flash(_sentence(error), "danger")
    else:
        flash(_("The message was taken back."), "success")
    return redirect(url_for(".show_planned", state=PlanState.PLANNED), 303)


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    with reading() as session:
        return _edit_page(session, None, {"days": "1", "direction": "before", "at": "10:00", "late_days": "0"}, {})


@pages.post("/new")
@allow(OVER_AGENTS)
def create_rule() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/<int:rule_id>")
@allow(OVER_AGENTS)
def show_rule(rule_id: int) -> str:
    with reading() as session:
        rule = service.get_rule(session, rule_id)
        return _edit_page(session, rule, _form_of(rule), {})


@pages.post("/<int:rule_id>")
@allow(OVER_AGENTS)
def change_rule(rule_id: int) -> Response | tuple[str, int]:
    return _save(rule_id)


@pages.get("/<int:rule_id>/simulation")
@allow(OVER_AGENTS)
def show_simulation(rule_id: int) -> str:
    """What the rule would send in the coming weeks to the people whom the user may see."""
    with reading() as session:
        rule = service.get_rule(session, rule_id)
        seen = service.simulate(session, rule, parts())
        people = patient_cards(session, {each.patient_id for each in seen.samples}, now=parts().now())
    # The rule writes to everybody whom it concerns; who sees some of them reads smaller figures than will be sent.
    is_partial = any(viewer().grant(module).reach is not Reach.ALL for module in (Module.CONTACT, Module.CLINICAL))
    return _render(
        "simulation.html", rule=rule, seen=seen, people=people, days=service.SIMULATED_DAYS, is_partial=is_partial
    )


@pages.post("/<int:rule_id>/simulation")
@allow(OVER_AGENTS)
def simulate_rule(rule_id: int) -> Response:
    def act(session: Session) -> None:
        service.note_simulated(session, rule_id, by=signed_in().username, now=parts().now())

    return _act(rule_id, act, "simulated", None, to=".show_simulation")


@pages.post("/<int:rule_id>/activate")
@allow(OVER_AGENTS)
def activate_rule(rule_id: int) -> Response:
    def act(session: Session) -> None:
        text = service.text_of(session, service.get_rule(session, rule_id), parts())
        service.activate(session, rule_id, text=text, by=signed_in().username, now=parts().now())

    return _act(rule_id, act, "activated", _("The rule is switched on."))


@pages.post("/<int:rule_id>/pause")
@allow(OVER_AGENTS)
def pause_rule(rule_id: int) -> Response:
    def act(session: Session) -> None:
        service.pause(session, rule_id, by=signed_in().username, now=parts().now())

    return _act(rule_id, act, "paused", _("The rule is paused. What it has planned waits."))


def _act(
    rule_id: int, act: Callable[[Session], None], what: str, done: str | None, to: str = ".show_rules"
) -> Response:
    try:
        with writing() as session:
            act(session)
            audit(session, Action.CHANGE, subject=f"sending_rule:{rule_id}", details={"state": what})
    except NotFound:
        raise
    except WardlineError as error:
        flash(_sentence(error), "danger")
        return redirect(url_for(".show_rule", rule_id=rule_id), 303)
    if done is not None:
        flash(done, "success")
    return redirect(url_for(to, rule_id=rule_id if to != ".show_rules" else None), 303)


def _save(rule_id: int | None) -> Response | tuple[str, int]:
    form, now, by = request.form.to_dict(), parts().now(), signed_in().username
    try:
        data = _data(form)
        with writing() as session:
            if rule_id is None:
                rule_id = service.create_rule(session, data, by=by, now=now).id
                audit(session, Action.CREATE, subject=f"sending_rule:{rule_id}")
            else:
                row_version = request.form.get("row_version", 0, type=int)
                service.change_rule(session, rule_id, data, row_version=row_version, by=by, now=now)
                audit(session, Action.CHANGE, subject=f"sending_rule:{rule_id}", details={"days": data.days})
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "name")): _sentence(error)}
        with reading() as session:
            rule = service.get_rule(session, rule_id) if rule_id is not None else None
            return _edit_page(session, rule, form, errors), 422
    flash(_("The rule was saved. Look at what it would send, then switch it on."), "success")
    return redirect(url_for(".show_rule", rule_id=rule_id), 303)


def _data(form: dict[str, str]) -> RuleData:
    days = _number(form.get("days", ""), "days", MOST_DAYS)
    try:
        at = time.fromisoformat(form.get("at", ""))
    except ValueError:
        raise InvalidInput(N_("Write a time such as 10:00."), field="at") from None
    return RuleData(
        name=form.get("name", ""),
        anchor=form.get("anchor", "")[:40],
        days=-days if form.get("direction") == "before" else days,
        at=at.replace(second=0, microsecond=0, tzinfo=None),
        late_days=_number(form.get("late_days", "0"), "late_days", 60),
        template_id=_id(form.get("template", "")),
        segment_id=_id(form.get("segment", "")),
        filters={
            "word": form.get("word", "").strip()[:60],
            "visit_kind": form.get("visit_kind", "") if form.get("visit_kind") in _VISIT_KINDS else "",
            "diseases": [form["disease"][:40]] if form.get("disease") else [],
            "department_id": _id(form.get("department", "")),
            "month_day": form.get("month_day", "").strip()[:5],
        },
    )


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= most):
        raise InvalidInput(N_("From 0 to %(most)s days."), field=name, most=most)
    return int(text)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _form_of(rule: SendingRule) -> dict[str, str]:
    return {
        "name": rule.name,
        "anchor": rule.anchor,
        "days": str(abs(rule.days)),
        "direction": "before" if rule.days < 0 else "after",
        "at": rule.at.strftime("%H:%M"),
        "late_days": str(rule.late_days),
        "template": str(rule.template_id or ""),
        "segment": str(rule.segment_id or ""),
        "word": str(rule.filters.get("word", "")),
        "visit_kind": str(rule.filters.get("visit_kind", "")),
        "disease": next(iter(rule.filters.get("diseases", [])), ""),
        "department": str(rule.filters.get("department_id", "")),
        "month_day": str(rule.filters.get("month_day", "")),
        "row_version": str(rule.row_version),
    }


def _edit_page(session: Session, rule: SendingRule | None, form: dict[str, str], errors: dict[str, str]) -> str:
    locale = str(get_locale())
    page = templates.list_templates(session, templates.TemplateFilters(), limit=1000)
    chosen = [(str(each.id), templates.name_of(each, locale)) for each in page.items]
    diseases = [(code.code, "\u2003" * code.depth + code.name) for code in codes.items(session, CodeList.DISEASE)]
    return _render(
        "edit.html",
        rule=rule,
        form=form,
        errors=errors,
        anchors=[(code, _(kind.label)) for code, kind in anchor_kinds().items()],
        filters={code: kind.filters for code, kind in anchor_kinds().items()},
        templates=[("", _("None yet")), *chosen],
        segments=[("", _("Everybody whom the date concerns")),
                  *((str(each.id), each.name) for each in segments.list_segments(session))],
        diseases=[("", _("Every disease")), *diseases],
        departments=[("", _("Every department")),
                     *((str(each.id), each.name) for each in organisation.departments(session))],
        visit_kinds=[("", _("Every kind of visit")), ("outpatient", _("Outpatient")), ("inpatient", _("Inpatient")),
                     ("emergency", _("Emergency")), ("exam", _("Physical examination"))],
    )  # fmt: skip


def _chosen() -> dict[str, str]:
    rule, state = request.args.get("rule", ""), request.args.get("state", "")
    return {
        "rule": str(_id(rule) or ""),
        "state": state if state in set(PlanState) else "",
    }


def _sentence(error: WardlineError) -> str:
    sentence: str = _(error.detail)
    return sentence % error.fields if "%(" in sentence else sentence


def _render(page_name: str, /, **values: Any) -> str:
    may_write = viewer().grant(Module.MESSAGES).can_write
    return render_template(f"sending_rules/{page_name}", may_write=may_write, **page_words(), **values)
