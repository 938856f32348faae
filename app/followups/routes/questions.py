"""Questions for doctors: asked from a follow-up, a text or the record, answered on the doctor's page, given back."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import AT_THE_DESK, Role
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput, NotAllowed
from app.followups import service
from app.followups.models import FollowupQuestion
from app.followups.routes.pages import WORKERS, doctors, pages, render_panel
from app.followups.routes.words import page_words
from app.followups.rules import QuestionState
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.messages import service as messages
from app.organisation import service as organisation
from app.patients import service as patients
from app.patients.models import Patient

DOCTORS = frozenset({Role.DOCTOR, Role.ADMIN})
_MOST_SHOWN = 100


@pages.get("/questions")
@allow(WORKERS)
def show_questions() -> str:
    """For a doctor what waits for an answer; for everybody else what was asked and not given back yet."""
    return _show_list({}, 0)


@pages.get("/ask")
@allow(WORKERS)
def show_ask_form() -> str:
    """A question to a doctor from a patient's record, or from a text that the patient wrote (F-33)."""
    return _ask_form({})


@pages.post("/ask")
@allow(WORKERS)
def ask_from_record() -> Response | tuple[str, int]:
    """Put it to a doctor; the answer comes back on the same way."""
    form = request.form
    doctor, department_id = _whom(form.get("whom", ""))
    try:
        with writing() as session:
            message = messages.get_message(session, form.get("message", 0, type=int)) if form.get("message") else None
            service.ask_doctor(
                session,
                parts().bus,
                patient_id=form.get("patient", 0, type=int),
                text=form.get("text", ""),
                department_id=department_id,
                doctor=doctor,
                message_id=message.id if message is not None else None,
                by=signed_in().username,
                now=parts().now(),
            )
    except InvalidInput as error:
        return _ask_form(errors_of(error)), 422
    flash(_("The question is with the doctor. The answer comes back to you."), "success")
    return redirect(url_for(".show_questions"), 303)


@pages.post("/<int:task_id>/question")
@allow(WORKERS)
def ask_doctor(task_id: int) -> str | tuple[str, int]:
    """Put the patient's question to a doctor, from the panel of the follow-up."""
    form, errors = request.form, {}
    doctor, department_id = _whom(form.get("whom", ""))
    try:
        with writing() as session:
            task = service.get_task(session, task_id)
            service.ask_doctor(
                session,
                parts().bus,
                patient_id=task.patient_id,
                text=form.get("text", ""),
                department_id=department_id,
                doctor=doctor,
                task_id=task_id,
                by=signed_in().username,
                now=parts().now(),
            )
    except InvalidInput as error:
        errors = {f"question_{name}": sentence for name, sentence in errors_of(error).items()}
    with reading() as session:
        panel = render_panel(session, task_id, errors)
    return (panel, 422) if errors else panel


@pages.post("/questions/<int:question_id>/answer")
@allow(DOCTORS)
def answer_question(question_id: int) -> Response | tuple[str, int]:
    """Answer it; whoever asked gets a task to tell the patient."""
    try:
        with writing() as session:
            answer = request.form.get("answer", "")
            service.answer_question(
                session, parts().bus, parts().settings, question_id, answer, viewer=viewer(), now=parts().now()
            )
    except (InvalidInput, Conflict, NotAllowed) as error:
        named = errors_of(error)
        return _show_list({"answer": next(iter(named.values()))}, question_id), 422
    flash(_("Answered. The service centre tells the patient."), "success")
    return redirect(url_for(".show_questions"), 303)


@pages.post("/questions/<int:question_id>/give-back")
@allow(AT_THE_DESK)
def give_back(question_id: int) -> Response | tuple[str, int]:
    """The patient knows: told on the phone, or by a reply to the text that asked."""
    try:
        with writing() as session:
            service.give_back(
                session,
                parts().bus,
                parts().settings,
                question_id,
                reply_text=request.form.get("reply") or None,
                by=signed_in().username,
                now=parts().now(),
            )
    except (InvalidInput, Conflict) as error:
        return _show_list({"reply": next(iter(errors_of(error).values()))}, question_id), 422
    flash(_("Noted: the patient has the answer."), "success")
    back = request.form.get("task", type=int)
    return redirect(url_for(".show_task", task_id=back) if back else url_for(".show_questions"), 303)


def _whom(chosen: str) -> tuple[str | None, int | None]:
    """A doctor's username, or "#" with the id of a department."""
    if chosen.startswith("#"):
        return None, int(chosen[1:]) if chosen[1:].isdecimal() and len(chosen) < 10 else None
    return chosen or None, None


def _ask_form(errors: dict[str, str]) -> str:
    given = request.values
    with reading() as session:
        message = messages.get_message(session, given.get("message", 0, type=int)) if given.get("message") else None
        patient_id = (message.patient_id if message is not None else None) or given.get("patient", 0, type=int)
        patient = patients.get_patient(session, patient_id or 0)
        return render_template(
            "followups/ask.html",
            patient=patient,
            message=message,
            text=given.get("text", message.text if message is not None else ""),
            chosen=given.get("whom", ""),
            doctors=doctors(session),
            departments=organisation.departments(session),
            errors=errors,
        )


def _show_list(errors: dict[str, str], wrong_id: int) -> str:
    with reading() as session:
        waiting = service.questions_for(session, viewer()) if viewer().role in DOCTORS else []
        asked = _asked(session)
        names = _names(session, [*waiting, *asked])
        return render_template(
            "followups/questions.html",
            **page_words(),
            waiting=waiting,
            asked=asked,
            names=names,
            errors=errors,
            wrong_id=wrong_id,
            typed=request.form,
            is_doctor=viewer().role in DOCTORS,
            may_give=viewer().role in AT_THE_DESK,
        )


def _asked(session: Session) -> list[FollowupQuestion]:
    query = select(FollowupQuestion).where(FollowupQuestion.state.in_([QuestionState.OPEN, QuestionState.ANSWERED]))
    if viewer().role is Role.DOCTOR:
        query = query.where(FollowupQuestion.answered_by == viewer().username)
    return list(session.scalars(query.order_by(FollowupQuestion.asked_at).limit(_MOST_SHOWN)))


def _names(session: Session, questions: list[FollowupQuestion]) -> dict[int, str]:
    ids = {question.patient_id for question in questions}
    return dict(session.execute(select(Patient.id, Patient.name).where(Patient.id.in_(ids))).all())
