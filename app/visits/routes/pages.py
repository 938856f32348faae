"""What people do with the clinical history: open a document, state something on health, lead courses of treatment."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS, Role
from app.audit.rules import Action
from app.errors import InvalidInput, NotFound
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.paging import DEFAULT_LIMIT
from app.patients.routes.acts import back_to, changing, day_in, number_in, says_faults
from app.patients.rules import clean_text
from app.patients.service import get_patient
from app.texts import N_
from app.visits import service
from app.visits.routes.labels import clinical_labels
from app.visits.service import CourseEntry

pages = Blueprint("visits", __name__, template_folder="../templates")

_TREATING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.DOCTOR, Role.ADMIN})
_LONGEST_REASON = 300


@pages.route("/patients/<int:patient_id>/documents/<int:document_id>", methods=["GET", "POST"])
@allow(WITH_PATIENTS)
def show_document(patient_id: int, document_id: int) -> str | tuple[str, int]:
    """Ask why, then show the text: each opening stands in the audit log with its reason (P-22)."""
    reason = clean_text(f"{request.form.get('reason', '')} {request.form.get('more', '')}")[:_LONGEST_REASON]
    with writing() as session:
        patient = get_patient(session, patient_id)
        document = service.get_document(session, patient_id, document_id)
        if not reason:
            page = render_template("visits/reason.html", patient=patient, document=document, words=clinical_labels())
            return page, 422 if request.method == "POST" else 200
        audit(session, Action.VIEW, patient_id=patient.id, subject=f"document:{document.id}", reason=reason)
    template = "visits/_document_text.html" if "HX-Request" in request.headers else "visits/document.html"
    return render_template(template, patient=patient, document=document, words=clinical_labels())


@pages.post("/patients/<int:patient_id>/health")
@allow(_TREATING)
@says_faults("health")
def add_health_entry(patient_id: int) -> Response:
    _need_clinical()
    with changing(patient_id, "health") as session:
        service.add_health_entry(
            session,
            patient_id,
            kind=request.form.get("kind", ""),
            text=request.form.get("text", ""),
            by=signed_in().username,
            now=parts().now(),
        )
    return back_to(patient_id, "health")


@pages.post("/patients/<int:patient_id>/courses")
@allow(_TREATING)
@says_faults("courses")
def create_course(patient_id: int) -> Response:
    _need_clinical()
    now = parts().now()
    entry = CourseEntry(
        title=request.form.get("title", ""),
        disease=request.form.get("disease") or None,
        doctor=request.form.get("doctor"),
        department_id=number_in("department_id"),
        starts_on=day_in("starts_on"),
        planned_end_on=day_in("planned_end_on"),
    )
    today = now.astimezone(parts().settings.timezone).date()
    with changing(patient_id, "course") as session:
        service.create_course(session, parts().bus, patient_id, entry, by=signed_in().username, now=now, today=today)
    return back_to(patient_id, "courses")


@pages.post("/patients/<int:patient_id>/courses/<int:course_id>/<word>")
@allow(_TREATING)
@says_faults("courses")
def change_course(patient_id: int, course_id: int, word: str) -> Response:
    """End, extend or reopen a course: what hangs on it moves with it (P-38)."""
    _need_clinical()
    by, now, bus = signed_in().username, parts().now(), parts().bus
    version = number_in("row_version")
    with changing(patient_id, f"course:{course_id}") as session:
        match word:
            case "end":
                on = day_in("on") or now.astimezone(parts().settings.timezone).date()
                course = service.end_course(session, bus, course_id, on=on, row_version=version, by=by, now=now)
            case "extend":
                until = day_in("on")
                if until is None:
                    raise InvalidInput(N_("Give the day on which the course is to end."), field="on")
                course = service.extend_course(
                    session, bus, course_id, planned_end_on=until, row_version=version, by=by, now=now
                )
            case "reopen":
                course = service.reopen_course(session, bus, course_id, row_version=version, by=by, now=now)
            case _:
                raise NotFound(N_("There is no such course."))
        if course.patient_id != get_patient(session, patient_id).id:
            raise NotFound(N_("There is no such course."))
    flash(_("The course was changed."), "success")
    return back_to(patient_id, "courses")


@pages.get("/courses")
@allow(_TREATING)
def show_open_courses() -> str:
    """The to-do list of courses that have no end date."""
    _need_clinical()
    with reading() as session:
        page = service.courses_without_end(session, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    template = "visits/_open_rows.html" if "HX-Request" in request.headers else "visits/open_courses.html"
    return render_template(template, page=page)


def _need_clinical() -> None:
    # What one may not see is not there: the same answer as for an unknown address.
    if not viewer().grant(Module.CLINICAL).can_view:
        raise NotFound(N_("There is no such page."))
