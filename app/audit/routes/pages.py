"""The audit log for people: the whole of it for administrators (/audit), and "who opened this record"."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS, Role
from app.audit import service
from app.audit.routes.labels import action_words, reason_sentence, role_words
from app.audit.rules import Action
from app.calls.service.history import agents_with_calls
from app.configuration.menu import AdminLink, add_links
from app.http import allow, audit, parts, reading, viewer, writing
from app.paging import DEFAULT_LIMIT
from app.patients.models import Patient
from app.patients.routes import sections
from app.patients.service import get_patient
from app.texts import N_

pages = Blueprint("audit", __name__, template_folder="../templates")
add_links(AdminLink(path="/audit", title=N_("Audit log"), icon="journal-check", place=90))

_ADMINS = frozenset({Role.ADMIN})
_ON_THE_RECORD = 8
_COLUMNS = ("id", "at", "actor", "role", "action", "patient_id", "subject", "reason", "address", "details")


@pages.get("/audit")
@allow(_ADMINS)
def show_log() -> str:
    """The log with its filters; htmx asks for the further rows only."""
    chosen = _chosen(request.args)
    with reading() as session:
        cursor = request.args.get("cursor")
        page = service.list_events(session, _filters(session, chosen), limit=DEFAULT_LIMIT, cursor=cursor)
        people = agents_with_calls(session)
    template = "audit/_rows.html" if request.args.get("cursor") else "audit/log.html"
    return _render(template, page=page, chosen=chosen, people=people)


@pages.post("/audit/export")
@allow(_ADMINS)
def export_log() -> BaseResponse:
    """What the filters leave, as CSV; the export itself is an event of the log."""
    chosen, reason = _chosen(request.form), request.form.get("reason", "").strip()
    if not reason:
        flash(_("Say why you need the export."), "danger")
        return redirect(url_for(".show_log", **{name: value for name, value in chosen.items() if value}), 303)
    with reading() as session:
        most = viewer().grant(Module.EXPORT).row_limit or 0
        rows = list(service.events_of(session, _filters(session, chosen), most=most))
    with writing() as session:
        audit(session, Action.EXPORT, subject="export:audit", reason=reason, details={"rows": len(rows)})
    name = f"audit-{parts().now().astimezone(parts().settings.timezone):%Y%m%d-%H%M}.csv"
    response = Response(_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@pages.get("/patients/<int:patient_id>/access-log")
@allow(OVER_AGENTS)
def show_access_log(patient_id: int) -> str:
    """Who opened this record, ready to be printed and given to the patient."""
    with writing() as session:
        patient = get_patient(session, patient_id)
        filters = service.AuditFilters(patient_ids=service.ids_of_person(session, patient.id))
        page = service.list_events(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
        audit(session, Action.VIEW, patient_id=patient.id, subject="access_log")
    return _render("audit/of_patient.html", page=page, patient=patient, now=parts().now())


def _load_section(session: Session, patient: Patient) -> dict[str, Any]:
    filters = service.AuditFilters(patient_ids=service.ids_of_person(session, patient.id))
    events = service.list_events(session, filters, limit=_ON_THE_RECORD)
    return {"events": events.items, "action_words": action_words(), "reason_sentence": reason_sentence}


sections.register(
    sections.Section(
        name="access-log",
        title=N_("Who opened this record"),
        icon="eye",
        template="audit/_section.html",
        load=_load_section,
        order=900,
        roles=OVER_AGENTS,
    )
)


def _chosen(given: Any) -> dict[str, Any]:
    """The filters in the address, only those that mean something."""
    chosen = {name: str(given.get(name, "")).strip()[:64] for name in ("actor", "action", "patient", "from", "to")}
    if chosen["action"] not in set(Action):
        chosen["action"] = ""
    if not (chosen["patient"].isdecimal() and len(chosen["patient"]) < 10):
        chosen["patient"] = ""
    for name in ("from", "to"):
        chosen[name] = _day(chosen[name])
    return chosen


def _filters(session: Session, chosen: dict[str, str]) -> service.AuditFilters:
    patient_id = int(chosen["patient"]) if chosen["patient"] else None
    return service.AuditFilters(
        actor=chosen["actor"] or None,
        action=chosen["action"] or None,
        patient_ids=service.ids_of_person(session, patient_id) if patient_id is not None else (),
        since=_start_of(chosen["from"], days=0),
        until=_start_of(chosen["to"], days=1),
    )


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return ""
    # Beyond these years a time zone's arithmetic leaves the calendar.
    return day.isoformat() if day and 1970 <= day.year <= 2999 else ""


def _start_of(day: str, *, days: int) -> datetime | None:
    if not day:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), parts().settings.timezone)


def _csv(records: Iterable[service.AuditRecord]) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # Spreadsheets read it as UTF-8 only with this mark.
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for record in records:
        values = [getattr(record.event, name) for name in _COLUMNS]
        writer.writerow([_cell(value.isoformat() if isinstance(value, datetime) else value) for value in values])
    return out.getvalue()


def _cell(value: object) -> object:
    # A spreadsheet takes a text that begins so for a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") and value else value


def _render(template: str, **values: Any) -> str:
    return render_template(
        template, action_words=action_words(), role_words=role_words(), reason_sentence=reason_sentence, **values
    )
