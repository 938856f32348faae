"""Gifts and letters: the list, a new one, and how far each has come."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.mailings import service
from app.mailings.routes.selection import read_day, selection_in
from app.mailings.rules import KIND_TEXT, STATE_TEXT, MailingKind, MailingState
from app.paging import DEFAULT_LIMIT

pages = Blueprint("mailings", __name__, template_folder="../templates")

_BY_HAND = (MailingKind.GIFT, MailingKind.LETTER)


@pages.get("/mailings")
@allow(WITH_PATIENTS)
def show_mailings() -> str:
    occasion, state = request.args.get("occasion", "")[:40], request.args.get("state", "")
    with reading() as session:
        page = service.list_mailings(
            session,
            occasion=occasion,
            state=state if state in set(MailingState) else "",
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
        )
        prints = service.prints(session, 10)
        names = occasion_names(session)
    return render_template(
        "mailings/list.html", page=page, prints=prints, occasions=names, occasion=occasion, state=state, **words()
    )


@pages.get("/mailings/new")
@allow(WITH_PATIENTS)
def show_new() -> str:
    with reading() as session:
        selection = selection_in(session, {"patient": request.args.get("patient", "")})
        occasions = occasion_names(session)
    form = {"day": today().isoformat(), "kind": MailingKind.GIFT.value, "state": MailingState.PLANNED.value}
    return _form(selection.title, selection.query["patient"], form, occasions, {})


@pages.post("/mailings/new")
@allow(WITH_PATIENTS)
def create_mailing() -> Response | tuple[str, int]:
    form = request.form
    with reading() as session:
        selection = selection_in(session, {"patient": form.get("patient", "")})
        occasions = occasion_names(session)
    patient_id = int(selection.query["patient"])
    errors: dict[str, str] = {}
    try:
        data = service.MailingData(
            kind=MailingKind(form["kind"]) if form.get("kind") in set(_BY_HAND) else MailingKind.GIFT,
            occasion=form.get("occasion", ""),
            item=form.get("item", ""),
            day=read_day(form.get("day", ""), "day"),
            state=MailingState.SENT if form.get("state") == MailingState.SENT else MailingState.PLANNED,
            remark=form.get("remark", ""),
        )
        with writing() as session:
            made = service.add_mailing(
                session,
                patient_id,
                data,
                is_warned=form.get("is_warned") == form.get("occasion"),
                by=signed_in().username,
                now=parts().now(),
            )
            audit(session, Action.CREATE, patient_id=patient_id, subject=f"mailing:{made.id}")
    except Conflict as error:
        errors["warning"] = str(_(error.detail)) % error.fields
        return _form(selection.title, str(patient_id), form.to_dict(), occasions, errors), 409
    except InvalidInput as error:
        errors[str(error.fields.get("field", "item"))] = _(error.detail)
        return _form(selection.title, str(patient_id), form.to_dict(), occasions, errors), 422
    flash(_("The mailing was noted on the record."), "success")
    return redirect(url_for("patients.show_patient", patient_id=patient_id), 303)


@pages.post("/mailings/<int:mailing_id>/state")
@allow(WITH_PATIENTS)
def move_mailing(mailing_id: int) -> Response:
    name = request.form.get("state", "")
    state = MailingState(name) if name in set(MailingState) else MailingState.PLANNED
    try:
        with writing() as session:
            moved = service.move_mailing(session, mailing_id, state, day=today())
            audit(session, Action.CHANGE, patient_id=moved.patient_id, subject=f"mailing:{mailing_id}")
    except Conflict as error:
        flash(_(error.detail), "warning")
    return redirect(url_for(".show_mailings"), 303)


def occasion_names(session: Session) -> dict[str, str]:
    """The occasions that are offered, by code."""
    return {code.code: code.name for code in codes.items(session, CodeList.GIFT_OCCASION)}


def today() -> date:
    """The hospital's calendar day."""
    return parts().now().astimezone(parts().settings.timezone).date()


def words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "kinds": {kind.value: _(text) for kind, text in KIND_TEXT.items()},
        "states": {state.value: _(text) for state, text in STATE_TEXT.items()},
        "may_write": viewer().grant(Module.CONTACT).can_write,
    }


def _form(name: str, patient_id: str, form: dict[str, str], occasions: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "mailings/new.html",
        name=name,
        patient_id=patient_id,
        form=form,
        occasions=occasions,
        errors=errors,
        by_hand=[(kind.value, _(KIND_TEXT[kind])) for kind in _BY_HAND],
        **words(),
    )
