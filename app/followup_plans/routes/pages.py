"""The pages of follow-up plans: the list, and one plan with its steps, notes and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, WITH_PATIENTS, Role
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import NotFound, WardlineError
from app.followup_plans import service
from app.followup_plans.routes.words import page_words
from app.followup_plans.rules import PlanState
from app.followup_plans.service import Notes, PlanFilters
from app.followup_templates import service as templates
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.texts import N_

pages = Blueprint("followup_plans", __name__, url_prefix="/followup-plans", template_folder="../templates")

READERS = WITH_PATIENTS
WRITERS = AT_THE_DESK | {Role.DOCTOR}
DECIDERS = OVER_AGENTS | {Role.DOCTOR}


@pages.get("")
@allow(READERS)
def list_plans() -> str:
    """The plans that fit the filters, the newest first."""
    chosen = _chosen()
    filters = PlanFilters(
        state=PlanState(chosen["state"]) if chosen["state"] else None,
        template_id=int(chosen["template"]) if chosen["template"] else None,
        department_id=int(chosen["department"]) if chosen["department"] else None,
        doctor=chosen["doctor"] or None,
        is_escalated=chosen["escalated"] == "1",
    )
    with reading() as session:
        page = service.list_plans(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
        listed = templates.list_templates(session, templates.TemplateFilters(), limit=500)
        departments = organisation.departments(session)
        doctors = [(name, shown) for name, shown in service.owners(session) if name]
    locale = str(get_locale())
    kept = {name: value for name, value in chosen.items() if value}
    return render(
        "list.html",
        page=page,
        chosen=kept,
        template_choices=[(str(each.id), templates.name_of(each, locale)) for each in listed.items],
        department_choices=[(str(each.id), each.name) for each in departments],
        doctor_choices=doctors,
    )


@pages.get("/<int:plan_id>")
@allow(READERS)
def show_plan(plan_id: int) -> str:
    """One plan: its event, its notes, its steps and what became of them."""
    with reading() as session:
        row = service.plan_row(session, plan_id)
        if row is None:
            raise NotFound(N_("There is no such follow-up plan."))
        tasks = service.tasks_of(session, plan_id)
        disease = codes.names(session, CodeList.DISEASE, [row.plan.disease]).get(row.plan.disease or "", "")
        choices = discharge_choices(session) if row.plan.state == PlanState.UNDECIDED else []
    return render("show.html", row=row, plan=row.plan, tasks=tasks, disease=disease, template_choices=choices)


@pages.post("/<int:plan_id>/stop")
@allow(WRITERS)
def stop_plan(plan_id: int) -> Response:
    def act(session: Session) -> None:
        reason = request.form.get("reason", "")
        service.stop_plan(session, parts().bus, plan_id, reason=reason, by=signed_in().username, now=parts().now())

    return act_on(plan_id, act, "stopped", _("The plan was stopped. Its open steps were cancelled."))


@pages.post("/<int:plan_id>/restart")
@allow(WRITERS)
def restart_plan(plan_id: int) -> Response:
    def act(session: Session) -> None:
        service.restart_plan(session, parts(), plan_id, by=signed_in().username)

    return act_on(plan_id, act, "restarted", _("The plan goes on with the steps that are still to come."))


@pages.post("/<int:plan_id>/notes")
@allow(DECIDERS)
def write_notes(plan_id: int) -> Response:
    def act(session: Session) -> None:
        service.write_notes(session, parts().bus, plan_id, notes_in(), by=signed_in().username, now=parts().now())

    return act_on(plan_id, act, "noted", _("The notes were saved."))


@pages.post("/<int:plan_id>/accept")
@allow(DECIDERS)
def accept_proposal(plan_id: int) -> Response:
    def act(session: Session) -> None:
        service.accept_proposal(session, parts(), plan_id, by=signed_in().username)

    return act_on(plan_id, act, "accepted", _("The plan has begun."))


@pages.post("/<int:plan_id>/decline")
@allow(DECIDERS)
def decline_proposal(plan_id: int) -> Response:
    def act(session: Session) -> None:
        reason = request.form.get("reason", "")
        service.decline_proposal(
            session, parts().bus, plan_id, reason=reason, by=signed_in().username, now=parts().now()
        )

    return act_on(plan_id, act, "declined", _("The plan was not begun. It is not proposed again for this event."))


@pages.post("/patients/<int:patient_id>")
@allow(WRITERS)
def start_plan(patient_id: int) -> Response:
    """Begin a template for one person, from the patient page."""
    back = redirect(url_for("patients.show_patient", patient_id=patient_id), 303)
    try:
        day = date.fromisoformat(request.form.get("on", ""))
    except ValueError:
        flash(_("Write a date such as 2026-11-21."), "danger")
        return back
    try:
        with writing() as session:
            plan = service.start_plan(
                session,
                parts(),
                patient_id,
                request.form.get("template", 0, type=int),
                day,
                notes=notes_in(),
                by=signed_in().username,
            )
            audit(session, Action.CREATE, patient_id=patient_id, subject=f"followup_plan:{plan.id}")
    except WardlineError as error:
        flash(sentence(error), "danger")
        return back
    flash(_("The plan has begun."), "success")
    return back


def act_on(plan_id: int, act: Callable[[Session], None], what: str, done: str, to: str | None = None) -> Response:
    """Do something to a plan, note it in the audit log, and go back to its page or to `to`."""
    try:
        with writing() as session:
            patient_id = service.get_plan(session, plan_id).patient_id
            act(session)
            subject = f"followup_plan:{plan_id}"
            audit(session, Action.CHANGE, patient_id=patient_id, subject=subject, details={"state": what})
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
    else:
        flash(done, "success")
    return redirect(to or url_for("followup_plans.show_plan", plan_id=plan_id), 303)


def notes_in() -> Notes:
    """The doctor's notes in the form that was sent."""
    form = request.form
    return Notes(condition=form.get("condition", ""), focus=form.get("focus", ""), cautions=form.get("cautions", ""))


def discharge_choices(session: Session) -> list[tuple[str, str]]:
    """The templates that a doctor may choose at discharge: those in use that hang on one, first the usual ones."""
    locale = str(get_locale())
    found = templates.versions_in_use(session, parts().settings.timezone)
    found.sort(key=lambda use: (use.programme.anchor != "discharge", use.specialty != "general", use.template_id))
    return [(str(use.template_id), use.title(locale)) for use in found if use.programme.anchor != "register"]


def sentence(error: WardlineError) -> str:
    """What an error says, in the reader's language."""
    told: str = _(error.detail)
    return told % error.fields if "%(" in told else told


def render(page: str, /, **values: Any) -> str:
    """A page of this room with its words and what the user may do."""
    can_write = viewer().grant(Module.FOLLOWUPS).can_write
    role = signed_in().role
    shown: str = render_template(
        f"followup_plans/{page}",
        **{
            **page_words(),
            "may_write": can_write and role in WRITERS,
            "may_decide": can_write and role in DECIDERS,
            "now": parts().now(),
            **values,
        },
    )
    return shown


def _chosen() -> dict[str, str]:
    """The filters in the address, only those that mean something."""
    names = ("state", "template", "department", "doctor", "escalated")
    chosen = {name: request.args.get(name, "").strip()[:64] for name in names}
    if chosen["state"] not in set(PlanState):
        chosen["state"] = ""
    for name in ("template", "department"):
        if not (chosen[name].isascii() and chosen[name].isdecimal() and len(chosen[name]) < 10):
            chosen[name] = ""
    return chosen
