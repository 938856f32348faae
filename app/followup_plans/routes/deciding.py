"""The doctor's part: discharges that wait for a decision, and what was not done in time."""

from __future__ import annotations

from collections.abc import Collection

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Viewer
from app.accounts.rules import OVER_AGENTS
from app.followup_plans import service
from app.followup_plans.routes.pages import DECIDERS, act_on, discharge_choices, notes_in, pages, render
from app.http import allow, parts, reading, signed_in, viewer


@pages.get("/decisions")
@allow(DECIDERS)
def show_decisions() -> str:
    """The discharges that wait for this doctor; supervisors see everybody's."""
    with reading() as session:
        rows = service.decisions_for(
            session,
            username=signed_in().username,
            departments=departments_of(viewer()),
            sees_all=signed_in().role in OVER_AGENTS,
        )
        choices = discharge_choices(session)
    return render("decisions.html", rows=rows, template_choices=choices)


@pages.post("/<int:plan_id>/decide")
@allow(DECIDERS)
def decide(plan_id: int) -> Response:
    """A template with notes, or none with a reason."""
    by, now = signed_in().username, parts().now()
    is_none = request.form.get("decision") == "none"

    def act(session: Session) -> None:
        if is_none:
            reason = request.form.get("reason", "")
            service.decide_none(session, parts().bus, plan_id, reason=reason, by=by, now=now)
        else:
            template_id = request.form.get("template", 0, type=int)
            service.decide_plan(session, parts(), plan_id, template_id=template_id, notes=notes_in(), by=by, now=now)

    done = _("Noted: no follow-up for this discharge.") if is_none else _("The plan has begun.")
    to = url_for("followup_plans.show_decisions") if request.form.get("back") == "decisions" else None
    return act_on(plan_id, act, "none" if is_none else "decided", done, to)


@pages.get("/escalated")
@allow(DECIDERS)
def show_escalated() -> str:
    """Decisions and first follow-ups whose time is over: of the doctor's departments, or of the whole house."""
    own = None if signed_in().role in OVER_AGENTS else departments_of(viewer())
    with reading() as session:
        decisions = service.escalated_decisions(session, departments=own)
        tasks = service.late_first_followups(session, departments=own)
    return render("escalated.html", decisions=decisions, tasks=tasks)


def departments_of(who: Viewer) -> Collection[int]:
    """The departments for which somebody answers."""
    return who.departments or ({who.department} if who.department is not None else frozenset())
