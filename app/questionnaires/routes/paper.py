"""Paper forms, typed by keys alone: one digit a question, the last Enter saves and begins the next (Q-02)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import jsonify, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.http import allow, audit, parts, reading, signed_in, writing
from app.organisation import service as organisation
from app.questionnaires import service
from app.questionnaires.routes.blueprint import ANSWERERS, number_in, pages, render, sentence
from app.questionnaires.rules import LONGEST_ANSWER, QuestionKind, keys_of
from app.texts import N_
from app.versions import service as versions


@pages.get("/<int:questionnaire_id>/paper")
@allow(ANSWERERS)
def show_paper(questionnaire_id: int) -> str:
    """The form of the version in use. What stands in the address is kept for every form: department, ward, day."""
    with reading() as session:
        return _page(session, questionnaire_id, dict(request.args), {})


@pages.post("/<int:questionnaire_id>/paper")
@allow(ANSWERERS)
def save_paper(questionnaire_id: int) -> Response | str | tuple[str, int] | tuple[Response, int]:
    """One form. A page with its script gets JSON and stays; without one the page comes again, ready for the next."""
    is_script = request.accept_mimetypes.best == "application/json"
    form = request.form
    try:
        with writing() as session:
            response = service.enter_form(
                session,
                parts().bus,
                _form(session),
                zone=parts().settings.timezone,
                by=signed_in().username,
                now=parts().now(),
            )
            subject = f"questionnaire_response:{response.id}"
            audit(session, Action.CREATE, patient_id=response.patient_id, subject=subject, details={"way": "paper"})
            response_id, alarms = response.id, len(response.alarms)
            is_anonymous = response.patient_id is None
    except (InvalidInput, Conflict) as error:
        field = str(error.fields.get("field", ""))
        if is_script:
            return jsonify(field=field, sentence=sentence(error)), 422
        with reading() as session:
            return _page(session, questionnaire_id, dict(form), {field: sentence(error)}), 422
    notice = _notice(alarms, is_anonymous)
    if is_script:
        return jsonify(id=response_id, notice=notice)
    with reading() as session:
        kept = {name: form.get(name, "") for name in ("department", "ward", "doctor", "filled_on", "with_number")}
        return _page(session, questionnaire_id, {**kept, "saved": str(response_id), "notice": notice}, {})


@pages.post("/responses/<int:response_id>/undo")
@allow(ANSWERERS)
def undo_paper(response_id: int) -> tuple[Response, int] | Response:
    """Take back the form that was typed last."""
    try:
        with writing() as session:
            service.undo_paper(session, parts().bus, response_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"questionnaire_response:{response_id}", details={"state": "undone"})
    except (Conflict, NotAllowed) as error:
        return jsonify(sentence=sentence(error)), 409
    return jsonify(id=response_id)


def _notice(alarms: int, is_anonymous: bool) -> str:
    if not alarms:
        return ""
    if is_anonymous:
        return str(_("An answer asks for a call, but the form names nobody."))
    return str(_("An answer raised an alarm; a follow-up was made."))


def _form(session: Session) -> service.PaperForm:
    form = request.form
    day = form.get("filled_on", "").strip()
    try:
        filled_on = date.fromisoformat(day) if day else None
    except ValueError:
        raise InvalidInput(N_("Write a date such as 2026-11-21."), field="filled_on") from None
    department_id = number_in(form, "department")
    if department_id is not None:
        organisation.get_department(session, department_id)
    answers = {
        name.removeprefix("answer-"): [each[: LONGEST_ANSWER + 1] for each in form.getlist(name)[:30]]
        for name in form
        if name.startswith("answer-")
    }
    return service.PaperForm(
        key=form.get("key", ""),
        version_id=number_in(form, "version_id") or 0,
        answers=answers,
        filled_on=filled_on,
        number=form.get("number", "") if form.get("with_number") == "1" else "",
        about=service.About(
            department_id=department_id, ward=form.get("ward") or None, doctor=form.get("doctor") or None
        ),
    )


def _page(session: Session, questionnaire_id: int, form: dict[str, str], errors: dict[str, str]) -> str:
    questionnaire = service.get_questionnaire(session, questionnaire_id)
    version = versions.in_use(questionnaire.versions)
    if version is None:
        raise NotFound(N_("No version of this questionnaire is in use."))
    questions = service.questions_of(version)
    today = parts().now().astimezone(parts().settings.timezone).date()
    known = service.known_values(session, None)
    values: dict[str, Any] = {
        "digits": {question.code: _digits(question) for question in questions},
        "key": str(uuid.uuid4()),
        "departments": [("", _("None")), *((str(each.id), each.name) for each in organisation.departments(session))],
        "wards": known["ward"],
        "doctors": known["doctor"],
    }
    return render(
        "paper.html",
        questionnaire=questionnaire,
        version=version,
        questions=questions,
        form=form,
        errors=errors,
        today=today,
        **values,
    )


def _digits(question: Any) -> dict[str, str]:
    """What is typed for each option: a digit, or on a long scale the number itself; several digits for several."""
    if question.kind is QuestionKind.MULTIPLE:
        return {str(place): option.code for place, option in enumerate(question.options[:9], start=1)}
    keys = keys_of(question)
    if keys or not question.options:
        return keys
    is_scale = question.kind is QuestionKind.SCALE
    return {
        option.code if is_scale else str(place): option.code for place, option in enumerate(question.options, start=1)
    }
