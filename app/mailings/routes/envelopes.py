"""Envelopes: the form with a picture of the first one, and the PDF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request, send_file
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.configuration import service as configuration
from app.configuration.rules import HOSPITAL_NAME, RETURN_ADDRESS, RETURN_POSTCODE
from app.errors import InvalidInput, NotAllowed
from app.http import allow, audit_people, parts, reading, signed_in, viewer, writing
from app.mailings import service
from app.mailings.routes.pages import pages, today
from app.mailings.routes.selection import selection_in
from app.mailings.rules import FORMATS, Sender
from app.patients.rules import clean_text
from app.segments import service as segments
from app.segments.rules import SegmentPurpose
from app.texts import N_

_FORMAT_TEXT = {
    "ZL": N_("ZL, 230 × 120 mm, Chinese"),
    "DL": N_("DL, 220 × 110 mm"),
    "C5": N_("C5, 229 × 162 mm"),
    "C4": N_("C4, 324 × 229 mm"),
    "C5-CN": N_("C5, 229 × 162 mm, Chinese"),
    "C4-CN": N_("C4, 324 × 229 mm, Chinese"),
}
_NOT_SHOWN = N_("You see addresses with their end hidden, so you cannot print envelopes.")


@pages.get("/mailings/envelopes")
@allow(WITH_PATIENTS)
def show_envelopes() -> str:
    if viewer().is_masked:
        raise NotAllowed(_NOT_SHOWN)
    with reading() as session:
        name, address, postcode = configuration.values(session, HOSPITAL_NAME, RETURN_ADDRESS, RETURN_POSTCODE)
        form = {"format": "ZL", "sender": name, "sender_address": address, "sender_postcode": postcode}
        return _page(session, "mailings/envelopes.html", request.args, form)


@pages.post("/mailings/envelopes/preview")
@allow(WITH_PATIENTS)
def preview_envelopes() -> str:
    """The first envelope as it will look, how many there are, and who gets none."""
    with reading() as session:
        return _page(session, "mailings/_preview.html", request.form, request.form)


@pages.post("/mailings/envelopes")
@allow(WITH_PATIENTS)
def print_envelopes() -> Response | tuple[str, int]:
    """The PDF, noted on each person and in the audit log before it leaves."""
    letters = service.letters_for(parts().settings.data_dir)
    wish = _wish(request.form)
    try:
        with reading() as session:
            selection = selection_in(session, request.form)
            made = service.make_envelopes(session, selection.people, wish, letters, today=today())
        if not made.sheets:
            raise InvalidInput(N_("None of these people has an address that can be printed."), field="format")
        # Drawing takes seconds, in which nobody else could write.
        pdf = service.draw(made.sheets, letters)
        with writing() as session:
            _record(session, made, wish, selection.segment_id)
    except InvalidInput as error:
        with reading() as session:
            errors = {str(error.fields.get("field", "purpose")): _(error.detail)}
            return _page(session, "mailings/envelopes.html", request.form, request.form, errors), 422
    name = f"envelopes-{today().isoformat()}.pdf"
    return send_file(io.BytesIO(pdf), mimetype="application/pdf", as_attachment=True, download_name=name)


def _record(session: Session, made: service.Envelopes, wish: service.EnvelopeWish, segment_id: int | None) -> None:
    now, by = parts().now(), signed_in().username
    printed = service.record_print(session, made, wish, segment_id=segment_id, today=today(), by=by, now=now)
    if segment_id is not None:
        segments.record_use(session, segment_id, SegmentPurpose.ENVELOPES, members=len(made.people), by=by, now=now)
    audit_people(
        session,
        Action.PRINT,
        made.people,
        subject=f"envelopes:{printed.id}",
        reason=printed.purpose,
        details={"people": len(made.people), "left_out": len(made.left_out)},
    )


def _page(
    session: Session,
    template: str,
    query: Mapping[str, str],
    form: Mapping[str, str],
    errors: dict[str, str] | None = None,
) -> str:
    selection = selection_in(session, query)
    letters = service.letters_for(parts().settings.data_dir)
    values: dict[str, Any] = {"made": None, "errors": errors or {}}
    try:
        values["made"] = service.make_envelopes(session, selection.people, _wish(form), letters, today=today())
    except InvalidInput as error:
        values["problem"] = _(error.detail)
    return render_template(
        template,
        selection=selection,
        form=form,
        formats=[(code, _(_FORMAT_TEXT[code])) for code in FORMATS],
        reasons={reason.value: _(text) for reason, text in service.LEFT_OUT_TEXT.items()},
        may_write=viewer().grant(Module.CONTACT).can_write,
        **values,
    )


def _wish(form: Mapping[str, str]) -> service.EnvelopeWish:
    def told(name: str, longest: int) -> str:
        return clean_text(form.get(name, ""))[:longest]

    return service.EnvelopeWish(
        format=form.get("format", ""),
        purpose=told("purpose", 200),
        sender=Sender(
            name=told("sender", 60), address=told("sender_address", 200), postcode=told("sender_postcode", 10)
        ),
        is_joined=form.get("is_joined") == "1",
    )
