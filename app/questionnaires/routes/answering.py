"""Answers on the phone: a fragment whose answers are saved as they are given, and the page of one response (Q-08 a).

The fragment stands in the panel of a follow-up and on a page of its own. Until the first answer nothing is written.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.errors import Conflict, InvalidInput, NotFound, WardlineError
from app.followups.models import FollowupTask
from app.followups.service import get_task
from app.http import allow, audit, parts, reading, signed_in, writing
from app.patients.models import Patient
from app.patients.service import require_patient
from app.questionnaires import service
from app.questionnaires.models import QuestionnaireResponse, QuestionnaireVersion
from app.questionnaires.routes.blueprint import ANSWERERS, READERS, number_in, pages, render, sentence
from app.questionnaires.rules import LONGEST_ANSWER, ResponseWay, keys_of
from app.texts import N_


@pages.get("/tasks/<int:task_id>")
@allow(READERS)
def show_for_task(task_id: int) -> str:
    """The questions of a follow-up, for its panel."""
    with reading() as session:
        task = get_task(session, task_id)
        return _fragment(session, _version_of(session, task), _response_of(session, task), task=task)


@pages.post("/tasks/<int:task_id>/answers")
@allow(ANSWERERS)
def save_for_task(task_id: int) -> str | tuple[str, int]:
    """One answer of a follow-up; the first one begins the response."""

    def begin(session: Session) -> QuestionnaireResponse:
        return _begin(session, get_task(session, task_id))

    return _save(begin)


@pages.post("/tasks/<int:task_id>/complete")
@allow(ANSWERERS)
def complete_for_task(task_id: int) -> str:
    with reading() as session:
        task = get_task(session, task_id)
        response = _response_of(session, task)
    return _complete(response.id if response else None, task_id)


@pages.post("/responses")
@allow(ANSWERERS)
def begin_response() -> Response:
    """Ask this person: on the phone now, or by text or link. Back to where the wish came from."""
    form, now = request.form, parts().now()
    patient_id, version_id = number_in(form, "patient_id"), number_in(form, "version_id")
    way = form.get("way", ResponseWay.PHONE)
    if patient_id is None or version_id is None:
        raise NotFound(N_("There is no such questionnaire."))
    back = url_for("patients.show_patient", patient_id=patient_id)
    try:
        with writing() as session:
            patient_id = require_patient(session, patient_id)
            response = _ask(session, way, version_id, patient_id, now)
            details = {"way": str(way), "version": version_id}
            subject = f"questionnaire_response:{response.id}"
            audit(session, Action.CREATE, patient_id=patient_id, subject=subject, details=details)
            response_id = response.id
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(back, 303)
    if way in (ResponseWay.SMS, ResponseWay.LINK):
        flash(_("The text is on its way."), "success")
        return redirect(back, 303)
    return redirect(url_for(".show_response", response_id=response_id), 303)


@pages.get("/responses/<int:response_id>")
@allow(READERS)
def show_response(response_id: int) -> str:
    """One person's answers; open ones can be gone on with. Within another page only the fragment."""
    is_part = "HX-Request" in request.headers
    with writing() as session:
        response = service.get_response(session, response_id)
        version = service.get_version(session, response.version_id)
        if is_part:
            return _fragment(session, version, response)
        patient = session.get(Patient, response.patient_id) if response.patient_id is not None else None
        subject = f"questionnaire_response:{response.id}"
        audit(session, Action.VIEW, patient_id=response.patient_id, subject=subject)
        return render("response.html", patient=patient, **_values(session, version, response))


@pages.post("/responses/<int:response_id>")
@allow(ANSWERERS)
def save_answer(response_id: int) -> str | tuple[str, int]:
    return _save(lambda session: service.get_response(session, response_id))


@pages.post("/responses/<int:response_id>/complete")
@allow(ANSWERERS)
def complete_response(response_id: int) -> str:
    return _complete(response_id, None)


def _ask(session: Session, way: str, version_id: int, patient_id: int, now: Any) -> QuestionnaireResponse:
    bus, settings, by = parts().bus, parts().settings, signed_in().username
    if way == ResponseWay.SMS:
        return service.start_by_sms(session, bus, settings, version_id, patient_id=patient_id, by=by, now=now)
    if way == ResponseWay.LINK:
        return service.send_link(session, bus, settings, version_id, patient_id=patient_id, by=by, now=now).response
    return service.start_response(
        session, bus, version_id, patient_id=patient_id, way=ResponseWay.PHONE, by=by, now=now
    )


def _begin(session: Session, task: FollowupTask) -> QuestionnaireResponse:
    return service.start_response(
        session,
        parts().bus,
        _version_of(session, task).id,
        patient_id=task.patient_id,
        way=ResponseWay.PHONE,
        task_id=task.id,
        by=signed_in().username,
        now=parts().now(),
    )


def _save(find: Any) -> str | tuple[str, int]:
    question = request.form.get("question", "")[:60]
    given = request.form.getlist("given")[:30]
    try:
        with writing() as session:
            response = find(session)
            before = set(response.alarms)
            service.save_answer(
                session,
                parts().bus,
                response.id,
                question,
                [each[: LONGEST_ANSWER + 1] for each in given],
                zone=parts().settings.timezone,
                by=signed_in().username,
                now=parts().now(),
            )
            answered = len(service.answers_of(session, response.id))
            values = {"answered": answered, "raised": question in response.alarms and question not in before}
            is_anonymous = response.patient_id is None
    except (InvalidInput, Conflict) as error:
        # 200, so that the sentence stands beside the question; nothing was saved, and it says so.
        return render("_saved.html", problem=sentence(error), answered=None, raised=False)
    return render("_saved.html", problem="", is_anonymous=is_anonymous, now=parts().now(), **values)


def _complete(response_id: int | None, task_id: int | None) -> str:
    problem = ""
    try:
        if response_id is None:
            raise InvalidInput(N_("Nothing was answered yet."))
        with writing() as session:
            service.complete(session, parts().bus, response_id, by=signed_in().username, now=parts().now())
    except InvalidInput as error:
        problem = sentence(error)
    with reading() as session:
        task = get_task(session, task_id) if task_id is not None else None
        response = service.get_response(session, response_id) if response_id is not None else None
        if response is not None:
            version = service.get_version(session, response.version_id)
        else:
            assert task is not None
            version = _version_of(session, task)
        return _fragment(session, version, response, task=task, problem=problem)


def _fragment(
    session: Session,
    version: QuestionnaireVersion,
    response: QuestionnaireResponse | None,
    *,
    task: FollowupTask | None = None,
    problem: str = "",
) -> str:
    return render("_answering.html", problem=problem, **_values(session, version, response, task))


def _values(
    session: Session,
    version: QuestionnaireVersion,
    response: QuestionnaireResponse | None,
    task: FollowupTask | None = None,
) -> dict[str, Any]:
    questions = service.questions_of(version)
    if task is not None:
        save, finish = (url_for(f".{name}", task_id=task.id) for name in ("save_for_task", "complete_for_task"))
    else:
        assert response is not None
        names = ("save_answer", "complete_response")
        save, finish = (url_for(f".{name}", response_id=response.id) for name in names)
    is_over = response is not None and response.expires_at is not None and response.expires_at <= parts().now()
    return {
        "questionnaire": version.questionnaire,
        "version": version,
        "response": response,
        "questions": questions,
        "digits": {each.code: {code: key for key, code in keys_of(each).items()} for each in questions},
        "given": service.answers_of(session, response.id) if response is not None else {},
        "save_url": save,
        "complete_url": finish,
        "is_open": not is_over and (response is None or response.completed_at is None),
        "scope": f"t{task.id}" if task is not None else f"r{response.id if response else 0}",
    }


def _version_of(session: Session, task: FollowupTask) -> QuestionnaireVersion:
    """The version that a follow-up asks: the one it was made with, or once that was replaced the one in use now, as
    long as nobody has begun to answer.
    """
    if task.questionnaire_version_id is None:
        raise NotFound(N_("This follow-up asks no questionnaire."))
    version = service.get_version(session, task.questionnaire_version_id)
    begun = _response_of(session, task)
    if begun is not None:
        return service.get_version(session, begun.version_id)
    return service.latest_approved(session, version.questionnaire.code) or version


def _response_of(session: Session, task: FollowupTask) -> QuestionnaireResponse | None:
    query = select(QuestionnaireResponse).where(QuestionnaireResponse.task_id == task.id)
    return session.scalar(query.order_by(QuestionnaireResponse.id.desc()).limit(1))
