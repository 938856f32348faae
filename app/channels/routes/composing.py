"""Writing to somebody: the form, switching its channel with all that was typed kept, and sending."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import AT_THE_DESK
from app.audit.rules import Action
from app.channels import service
from app.channels.models import Interaction
from app.channels.routes.form import FormValues, form_values, letter_of
from app.channels.routes.labels import page_words
from app.channels.routes.pages import pages
from app.errors import NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, writing
from app.patients.models import Patient
from app.patients.service import get_patient


@pages.get("/new")
@allow(AT_THE_DESK)
def show_compose() -> str:
    """The form for one person; alone where a page asks for it as a part of its own."""
    with writing() as session:
        patient, answered = _about(session)
        if patient is not None:
            audit(session, Action.VIEW, patient_id=patient.id, subject="compose")
        form = form_values(session, patient, answered)
    return _page(form, patient)


@pages.post("/new")
@allow(AT_THE_DESK)
def compose() -> Response | str | tuple[str, int]:
    """Send it, keep it as a draft, or only show the form for another channel."""
    wanted = request.form.get("action", "switch")
    with reading() as session:
        patient, answered = _about(session)
        form = form_values(session, patient, answered)
    if wanted not in ("send", "draft"):
        return _page(form, patient)
    try:
        with writing() as session:
            letter = letter_of(form, is_held=wanted == "draft")
            now = parts().now()
            service.send(session, parts().bus, letter, settings=parts().settings, agent=signed_in().username, now=now)
    except NotFound:
        raise
    except WardlineError as error:
        sentence = str(_(error.detail))
        shown = sentence % error.fields if "%(" in sentence else sentence
        return _page(form, patient, errors={str(error.fields.get("field", "text")): shown}), 422
    flash(_("The draft is kept.") if wanted == "draft" else _("It is on its way."), "success")
    if form.answers_id is not None:
        return redirect(url_for(".show_interaction", interaction_id=form.answers_id), 303)
    if form.patient_id is not None:
        return redirect(url_for("patients.show_patient", patient_id=form.patient_id), 303)
    return redirect(url_for(".show_inbox", box="out"), 303)


def _about(session: Session) -> tuple[Patient | None, Interaction | None]:
    """Whom the form is about, and what it answers. Raises NotFound for either that cannot be seen."""
    patient_id, answers_id = (request.values.get(name, type=int) for name in ("patient_id", "answers"))
    answered = service.get_interaction(session, answers_id) if answers_id is not None else None
    if answered is not None and answered.patient_id is not None:
        patient_id = answered.patient_id
    return (get_patient(session, patient_id) if patient_id is not None else None), answered


def _page(form: FormValues, patient: Patient | None, errors: dict[str, str] | None = None) -> str:
    template = "channels/_compose.html" if "HX-Request" in request.headers else "channels/compose.html"
    return render_template(template, form=form, patient=patient, errors=errors or {}, may_write=True, **page_words())
