"""The list of patients and the form of a record, with its draft. The record itself is in record.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.access import service as access
from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.patients import service
from app.patients.models import Patient
from app.patients.phones import display_number, parse_number
from app.patients.routes.choices import form_choices, lists_of, region_choices
from app.patients.routes.forms import (
    ContactRow,
    IdentifierRow,
    PatientForm,
    PhoneRow,
    data_in,
    errors_by_row,
    form_of,
    read_form,
)
from app.patients.routes.rendering import render
from app.patients.routes.showing import Shown
from app.patients.rules import PhoneKind

pages = Blueprint("patients", __name__, url_prefix="/patients", template_folder="../templates")

_BLANK_ROWS = PatientForm(phones=[PhoneRow()] * 2, identifiers=[IdentifierRow()], contacts=[ContactRow()])


@pages.get("/new")
@allow(WITH_PATIENTS)
def show_new_form() -> str:
    """An empty form, or the draft; with `call` or `message` its number is filled in, as the viewer may see it."""
    number = display_number(request.args.get("number", "")[:60])
    origin = next((f"{name}:{request.args[name]}"[:60] for name in ("call", "message") if name in request.args), "")
    with reading() as session:
        number = access.number_for(viewer(), access.number_of_contact(session, origin)) or number
        draft = service.draft_of(session, signed_in().username, None)
        form = read_form(MultiDict(draft.fields)) if draft else PatientForm()
        if number:
            draft, form = None, PatientForm(phones=[PhoneRow(id=origin, number=number)])
        return _form_page(session, form, None, draft=draft)


@pages.post("/new")
@allow(WITH_PATIENTS)
def create_patient() -> Response | tuple[str, int]:
    form = read_form(request.form)
    try:
        with writing() as session:
            data = data_in(_with_numbers(session, form), None, parts().settings, Shown(viewer()))
            patient_id = service.create_patient(
                session, parts().bus, data, settings=parts().settings, by=signed_in().username, now=parts().now()
            ).id
            service.drop_draft(session, signed_in().username, None)
            audit(session, Action.CREATE, patient_id=patient_id)
    except (InvalidInput, Conflict) as error:
        return _form_again(form, error, None)
    return redirect(url_for(".show_patient", patient_id=patient_id), 303)


@pages.get("/<int:patient_id>/edit")
@allow(WITH_PATIENTS)
def show_edit_form(patient_id: int) -> str:
    """The form as the record stands, or the draft that this user has left."""
    with writing() as session:
        patient = service.get_patient(session, patient_id)
        access.need_write(session, Module.CONTACT)
        audit(session, Action.VIEW, patient_id=patient.id, subject="form")
        draft = service.draft_of(session, signed_in().username, patient.id)
        form = read_form(MultiDict(draft.fields)) if draft else _form_of(session, patient)
        return _form_page(session, form, patient, draft=draft)


@pages.post("/<int:patient_id>/edit")
@allow(WITH_PATIENTS)
def update_patient(patient_id: int) -> Response | tuple[str, int]:
    form = read_form(request.form)
    version = int(form.row_version) if form.row_version.isdecimal() and len(form.row_version) < 10 else None
    try:
        with writing() as session:
            before = service.get_patient(session, patient_id)
            service.update_patient(
                session,
                parts().bus,
                before.id,
                data_in(form, before, parts().settings, Shown(viewer())),
                row_version=version,
                settings=parts().settings,
                by=signed_in().username,
                now=parts().now(),
            )
            service.drop_draft(session, signed_in().username, before.id)
            audit(session, Action.CHANGE, patient_id=before.id)
    except (InvalidInput, Conflict) as error:
        return _form_again(form, error, patient_id)
    flash(_("The record was saved."), "success")
    return redirect(url_for(".show_patient", patient_id=patient_id), 303)


@pages.post("/draft", defaults={"patient_id": None})
@pages.post("/<int:patient_id>/draft")
@allow(WITH_PATIENTS)
def keep_draft(patient_id: int | None) -> tuple[str, int]:
    """Keep what the form holds while somebody types. Nothing in the page changes."""
    fields = [(name, value[:4000]) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    with writing() as session:
        known = None if patient_id is None else service.require_patient(session, patient_id)
        access.need_write(session, Module.CONTACT)
        service.keep_draft(session, signed_in().username, known, fields, parts().now())
    return "", 204


@pages.post("/draft/discard", defaults={"patient_id": None})
@pages.post("/<int:patient_id>/draft/discard")
@allow(WITH_PATIENTS)
def discard_draft(patient_id: int | None) -> Response:
    """Give the draft up and begin from the record again."""
    with writing() as session:
        known = None if patient_id is None else service.require_patient(session, patient_id)
        service.drop_draft(session, signed_in().username, known)
    if patient_id is None:
        return redirect(url_for(".show_new_form"), 303)
    return redirect(url_for(".show_edit_form", patient_id=patient_id), 303)


@pages.get("/region")
@allow(WITH_PATIENTS)
def propose_region() -> str:
    """The field with the region that the address in the form speaks of, else where the mobile number was sold."""
    settings = parts().settings
    given = (
        parse_number(text, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
        for text in request.args.getlist("phone")[:5]
    )
    numbers = [number.e164 for number in given if number is not None and number.kind == PhoneKind.MOBILE]
    with reading() as session:
        region = service.propose_region(session, request.args.get("address", "")[:300], numbers)
        chosen = region or request.args.get("region", "")[:40]
        return render("patients/_region.html", regions=region_choices(session), chosen=chosen, found=region is not None)


def _with_numbers(session: Session, form: PatientForm) -> PatientForm:
    """The form with the whole number of the call or text that the record is made from, where it was shown masked."""
    whole = {row.id: access.number_of_contact(session, row.id) for row in form.phones if "*" in row.number}
    return replace(form, phones=[replace(row, number=whole.get(row.id) or row.number) for row in form.phones])


def _form_of(session: Session, patient: Patient) -> PatientForm:
    more = lists_of(session, patient.id)
    return form_of(patient, kinds=more.kinds, tags=more.tags, zone=parts().settings.timezone, shown=Shown(viewer()))


def _form_page(session: Session, form: PatientForm, patient: Patient | None, **values: Any) -> str:
    return render(
        "patients/form.html",
        form=form,
        patient=patient,
        blank=_BLANK_ROWS,
        lists=form_choices(session, patient),
        **{"errors": {}, "draft": None, "holder_id": None, **values},
    )


def _form_again(form: PatientForm, error: InvalidInput | Conflict, patient_id: int | None) -> tuple[str, int]:
    faults = errors_by_row(error) if isinstance(error, InvalidInput) else {"form": error.detail}
    errors = {name: _(fault) for name, fault in faults.items()}
    with reading() as session:
        patient = service.get_patient(session, patient_id) if patient_id is not None else None
        page = _form_page(session, form, patient, errors=errors, holder_id=error.fields.get("patient_id"))
    return page, 409 if isinstance(error, Conflict) else 422
