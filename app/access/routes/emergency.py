"""Opening a record in an emergency (/emergency), and the list of those who look at it afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules.emergency import SHORTEST_REASON, Sought, Verdict, is_reason_enough
from app.access.service import emergency
from app.accounts.rules import OVER_AGENTS, WITH_PATIENTS
from app.audit.rules import Action
from app.configuration.menu import AdminLink, add_links
from app.errors import InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.paging import DEFAULT_LIMIT
from app.texts import N_

pages = Blueprint("emergency", __name__, url_prefix="/emergency", template_folder="../templates")
add_links(
    AdminLink(path="/emergency/review", title=N_("Emergency openings"), icon="shield-exclamation", roles=OVER_AGENTS)
)

_FIELDS = ("key", "name", "birth_date", "reason", "call")


@pages.get("")
@allow(WITH_PATIENTS)
def show_form() -> str:
    """The form; from the desk with the call whose caller is outside the agent's scope."""
    form = {name: request.args.get(name, "")[:64] if name == "call" else "" for name in _FIELDS}
    return _form_page(form, {})


@pages.post("")
@allow(WITH_PATIENTS)
def open_record() -> Response | tuple[str, int]:
    form = {name: request.form.get(name, "").strip()[:300] for name in _FIELDS}
    errors = _faults(form)
    if errors:
        return _form_page(form, errors), 422
    with writing() as session:
        left = emergency.tries_left(session, signed_in().username, parts().now())
        found = _try(session, form) if left else None
        minutes = emergency.minutes_open(session)
    if not left:
        errors = {"form": _("You have tried five times within an hour. Ask your supervisor.")}
        return _form_page(form, errors), 429
    if found is None:
        errors = {"form": _("No single record fits what you entered. Check the number and the name or birth date.")}
        return _form_page(form, errors), 404
    if found.was_opened:
        flash(_("A record was found and opened for %(minutes)s minutes.", minutes=minutes), "warning")
    return redirect(url_for("patients.show_patient", patient_id=found.patient_id), 303)


@pages.get("/review")
@allow(OVER_AGENTS)
def show_review() -> str:
    """What was opened, newest first; htmx asks for the further rows only."""
    only_open = request.args.get("all") != "1"
    cursor = request.args.get("cursor")
    with reading() as session:
        page = emergency.list_openings(session, only_unreviewed=only_open, limit=DEFAULT_LIMIT, cursor=cursor)
    return render_template("access/review.html", page=page, only_open=only_open, errors={}, me=signed_in().username)


@pages.post("/review/<int:opening_id>")
@allow(OVER_AGENTS)
def review(opening_id: int) -> Response:
    verdict, note = request.form.get("verdict", ""), request.form.get("note", "").strip()[:300]
    if verdict not in set(Verdict):
        raise InvalidInput(N_("Say whether the opening was justified."), field="verdict")
    if verdict == Verdict.QUESTIONED and not note:
        flash(_("Say in a few words what is in question."), "danger")
        return redirect(url_for(".show_review"), 303)
    by = signed_in().username
    with writing() as session:
        seen = emergency.review(session, parts().bus, opening_id, Verdict(verdict), note, by=by, now=parts().now())
        subject, details = f"opening:{opening_id}", {"verdict": verdict}
        audit(session, Action.REVIEW, patient_id=seen.patient_id, subject=subject, reason=note, details=details)
    flash(_("Noted."), "success")
    return redirect(url_for(".show_review"), 303)


def _try(session: Session, form: dict[str, str]) -> emergency.Found | None:
    username = signed_in().username
    key = form["key"] or emergency.number_of_own_call(session, form["call"], username)
    found = emergency.open_in_emergency(
        session,
        parts().bus,
        Sought(key=key, name=form["name"], birth_date=_day(form["birth_date"])),
        reason=form["reason"],
        username=username,
        settings=parts().settings,
        now=parts().now(),
    )
    audit(
        session,
        Action.OPEN_IN_EMERGENCY,
        patient_id=found.patient_id if found else None,
        subject=f"call:{form['call']}" if form["call"] else "",
        reason=form["reason"],
        details={"outcome": _outcome(found)},
    )
    return found


def _faults(form: dict[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not form["key"] and not form["call"]:
        errors["key"] = _("Enter the whole telephone number or identifier.")
    if not form["name"] and not form["birth_date"]:
        errors["name"] = _("Enter the name or the birth date as well.")
    if form["birth_date"] and _day(form["birth_date"]) is None:
        errors["birth_date"] = _("A date has the form 2026-11-21.")
    if not is_reason_enough(form["reason"]):
        errors["reason"] = _("Give the reason in at least %(count)s characters.", count=SHORTEST_REASON)
    return errors


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _outcome(found: emergency.Found | None) -> str:
    if found is None:
        return "nothing_found"
    return "opened" if found.was_opened else "in_scope"


def _form_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    with reading() as session:
        minutes = emergency.minutes_open(session)
    return render_template("access/emergency.html", form=form, errors=errors, minutes=minutes)
