"""The record of one person: the page with its sections, the timeline, and the buttons that act."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, WITH_PATIENTS
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.audit.rules import Action
from app.audit.service import is_view_known
from app.calls import service as calls
from app.calls.rules import CommandKind
from app.codes import service as codes
from app.contact_policy.service import require_dialable
from app.errors import NotFound, Refused, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.messages import service as messages
from app.messages.rules import MessageKind
from app.organisation.models import Department
from app.paging import Page
from app.patients import service
from app.patients.models import Patient, PatientFlag, PatientPhone
from app.patients.routes.pages import pages
from app.patients.routes.rendering import render, sentence
from app.patients.routes.sections import sections_for
from app.patients.rules import age_on
from app.patients.service import TimelineItem

# Each call brings a player with its waveform; twenty fill more than two screens.
_TIMELINE_LIMIT = 20
# A receipt that has not come after an hour hardly comes while somebody watches.
_WATCHED = timedelta(hours=1)
# The page asks for its parts every few seconds while it is open.
_ONE_VIEW = timedelta(minutes=10)


@pages.get("/<int:patient_id>")
@allow(WITH_PATIENTS)
def show_patient(patient_id: int) -> str | Response:
    """The whole record. An old id of a merged record leads to the record that holds the person now."""
    with reading() as session:
        patient = service.get_patient(session, patient_id)
        if patient.id != patient_id:
            return redirect(url_for(".show_patient", patient_id=patient.id, merged=patient_id))
        shown = [(section, section.load(session, patient)) for section in sections_for(viewer())]
        head = _head(session, patient)
        timeline = _timeline_page(session, patient.id, None)
        channels = service.channels_for(session)
    with writing() as session:
        audit(session, Action.VIEW, patient_id=patient.id)
    return _render(
        "patients/show.html",
        patient=patient,
        sections=shown,
        merged_id=request.args.get("merged", type=int),
        timeline=timeline,
        channels=channels,
        **head,
    )


@pages.get("/<int:patient_id>/timeline")
@allow(WITH_PATIENTS)
def show_timeline(patient_id: int) -> str | tuple[str, int]:
    """Part of the timeline for htmx: a page, or with `newest` what came since that item."""
    newest = request.args.get("newest")
    with reading() as session:
        page = _timeline_page(session, patient_id, request.args.get("cursor"))
    _note_view(patient_id)
    if newest is None:
        template = "patients/_timeline.html" if "cursor" in request.args else "patients/_timeline_whole.html"
        return _render(template, patient_id=patient_id, timeline=page)
    keys = [f"{item.kind}-{item.id}" for item in page.items]
    fresh = page.items[: keys.index(newest)] if newest in keys else page.items
    # 204 tells htmx to leave the page as it is, so that a recording that plays goes on.
    return _render("patients/_newer.html", patient_id=patient_id, items=fresh) if fresh else ("", 204)


@pages.get("/<int:patient_id>/timeline/<kind>/<item_id>")
@allow(WITH_PATIENTS)
def show_timeline_item(patient_id: int, kind: str, item_id: str) -> str | tuple[str, int]:
    """One entry anew, while its state can still change."""
    with reading() as session:
        item = service.timeline_item(session, patient_id, kind, item_id)
    _note_view(patient_id)
    if f"{item.state}-{item.recording_state or ''}" == request.args.get("seen"):
        return "", 204
    return _render("patients/_item.html", patient_id=patient_id, item=item)


def _note_view(patient_id: int) -> None:
    """A part of the page that is asked for by itself is a view too; a page that renews its parts is one."""
    since = parts().now() - _ONE_VIEW
    with reading() as session:
        known = service.require_patient(session, patient_id)
        if is_view_known(session, signed_in().username, known, since):
            return
    with writing() as session:
        audit(session, Action.VIEW, patient_id=known, subject="timeline")


def _why_not_called(session: Session, patient_id: int, phone_id: int) -> Refused | None:
    try:
        require_dialable(session, patient_id=patient_id, phone_id=phone_id, now=parts().now())
    except Refused as refused:
        return refused
    return None


@pages.post("/<int:patient_id>/call")
@allow(AT_THE_DESK)
def call_patient(patient_id: int) -> Response:
    """Dial through the agent's own desk; a desk that is not open yet is opened to dial."""
    with reading() as session:
        phone = _phone(session, patient_id)
        if phone is None:
            raise NotFound("This number is no longer on record.")
        status = session.get(AgentStatus, signed_in().username)
        refused = _why_not_called(session, patient_id, phone.id)
    if refused is not None:
        flash(sentence(refused), "danger")
        return redirect(url_for(".show_patient", patient_id=patient_id), 303)
    if status is None or status.state == AgentState.OFFLINE:
        return redirect(f"/desk?dial={phone.id}", 303)
    try:
        calls.order(
            parts(),
            id=_command_id(),
            kind=CommandKind.DIAL,
            args={"patient_id": patient_id, "phone_id": phone.id},
            agent=signed_in().username,
            issued_by=signed_in().username,
        )
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
    else:
        flash(_("Calling on your desk."), "success")
    return redirect(url_for(".show_patient", patient_id=patient_id), 303)


@pages.post("/<int:patient_id>/message")
@allow(AT_THE_DESK)
def send_message(patient_id: int) -> Response | tuple[str, int]:
    """Put a text to this patient into the outbox; what was typed comes back when it cannot be sent."""
    text = request.form.get("text", "")
    try:
        with writing() as session:
            service.require_patient(session, patient_id)
            phone = _phone(session, patient_id)
            messages.send_message(
                session,
                parts().bus,
                settings=parts().settings,
                patient_id=patient_id,
                number=phone.number if phone is not None else None,
                text=text,
                kind=MessageKind.CARE,
                dedup_key=f"page:{_command_id()}",
                created_by=signed_in().username,
                now=parts().now(),
            )
    except NotFound:
        raise
    except WardlineError as error:
        return render("patients/unsent.html", patient_id=patient_id, text=text, error=sentence(error)), 422
    flash(_("The message is on its way."), "success")
    return redirect(url_for(".show_patient", patient_id=patient_id), 303)


def _timeline_page(session: Session, patient_id: int, cursor: str | None) -> Page[TimelineItem]:
    return service.timeline(
        session,
        patient_id,
        limit=_TIMELINE_LIMIT,
        cursor=cursor,
        phase=request.args.get("phase"),
        channel=request.args.get("channel"),
    )


def _head(session: Session, patient: Patient) -> dict[str, Any]:
    """What must be known at a glance, in a fixed number of statements."""
    today = parts().now().astimezone(parts().settings.timezone).date()
    of_person = select(PatientFlag).where(PatientFlag.patient_id == patient.id).order_by(PatientFlag.since)
    raised = session.scalars(of_person).all()
    coded = {
        name: codes.names(session, list, [code])[code]
        for name, list in service.CODED.items()
        if (code := getattr(patient, name))
    }
    department = session.get(Department, patient.department_id) if patient.department_id else None
    return {
        "age": age_on(patient.birth_date, today),
        "flags": raised,
        "flag_names": codes.names(session, "flag", [flag.flag for flag in raised]),
        "coded": coded,
        "department": department,
        "has_clinical": viewer().grant(Module.CLINICAL).can_view,
    }


def _phone(session: Session, patient_id: int) -> PatientPhone | None:
    phone_id = request.form.get("phone_id", type=int)
    phone = session.get(PatientPhone, phone_id) if phone_id and 0 < phone_id < 2**31 else None
    return phone if phone is not None and phone.patient_id == patient_id else None


def _command_id() -> str:
    """The id in the form, which makes a double click one order."""
    try:
        return str(uuid.UUID(request.form.get("id", "")))
    except ValueError:
        return str(uuid.uuid4())


def _render(template: str, **values: Any) -> str:
    return render(
        template,
        is_fresh=lambda item: parts().now() - item.at < _WATCHED,
        new_id=lambda: str(uuid.uuid4()),
        phase=request.args.get("phase", ""),
        channel=request.args.get("channel", ""),
        source_of=service.SOURCES.__getitem__,
        **values,
    )
