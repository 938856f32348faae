"""The ways in: the list, one with its check and history, and its draft as a form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.call_flows import service
from app.call_flows.models import CallFlow
from app.call_flows.routes.forms import MOST_STEPS, change_steps, read_form, written_dates
from app.call_flows.routes.words import (
    fault_sentence,
    language_words,
    target_choices,
    target_word,
    weekday_words,
)
from app.call_flows.rules import KEYS, Flow, from_document, to_document
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.queues import service as queues
from app.sounds import service as sounds

pages = Blueprint("call_flows", __name__, url_prefix="/call-flows", template_folder="../templates")


@pages.get("")
@allow(OVER_AGENTS)
def list_flows() -> str:
    return _list_page({})


@pages.post("/new")
@allow(OVER_AGENTS)
def add_flow() -> Response | tuple[str, int]:
    """A new one, which is written next."""
    try:
        with writing() as session:
            made = service.create_flow(
                session, request.form.get("name", ""), by=signed_in().username, now=parts().now()
            )
            audit(session, Action.CREATE, subject=f"call_flow:{made.id}")
            flow_id = made.id
    except InvalidInput as error:
        return _list_page({"name": _(error.detail)}), 422
    return redirect(url_for("call_flows.show_draft", flow_id=flow_id), 303)


@pages.get("/<int:flow_id>")
@allow(OVER_AGENTS)
def show_flow(flow_id: int) -> str:
    """What callers meet now, and every version with who let it go live and when."""
    with reading() as session:
        row = service.get_flow(session, flow_id)
        versions, releases = service.versions_of(session, flow_id), service.releases_of(session, flow_id)
        labels = _labels(session)
        live = next((each for each in versions if each.number == row.live_number), None)
    flow = from_document((live or versions[0]).document)
    return render_template(
        "call_flows/show.html",
        row=row,
        live=live,
        draft=versions[0] if versions[0].is_draft else None,
        versions=versions,
        releases=releases,
        flow=flow,
        dates=written_dates(flow.hours),
        word_of=lambda target: target_word(target, flow, labels),
        weekdays=weekday_words(),
        languages=language_words(),
    )


@pages.get("/<int:flow_id>/draft")
@allow(OVER_AGENTS)
def show_draft(flow_id: int) -> str:
    """The draft as a form, with what the check finds; what is live stays as it is until the draft goes live."""
    with reading() as session:
        row = service.get_flow(session, flow_id)
        versions = service.versions_of(session, flow_id)
        is_new = not versions[0].is_draft
        live = next((each for each in versions if each.number == row.live_number), versions[0])
        shown = live if is_new else versions[0]
        flow = from_document(shown.document)
        # A draft that nobody has saved yet has the version that it will be made with.
        return _draft_page(session, row, flow, row_version=1 if is_new else shown.row_version, typed_name=row.name)


@pages.post("/<int:flow_id>/draft")
@allow(OVER_AGENTS)
def save_draft(flow_id: int) -> Response | tuple[str, int]:
    """Keep what was written; `act` adds or drops a step, or lets the draft go live at once."""
    act = request.form.get("act", "save")
    flow = change_steps(read_form(request.form), act)
    name, row_version = request.form.get("name", ""), request.form.get("row_version", 0, type=int)
    by, now = signed_in().username, parts().now()
    try:
        with writing() as session:
            draft = service.save_draft(session, flow_id, flow, name=name, row_version=row_version, by=by, now=now)
            number = draft.number
            audit(session, Action.SETTING, subject=f"call_flow:{flow_id}", details={"saved": number})
    except (Conflict, InvalidInput) as error:
        with reading() as session:
            row = service.get_flow(session, flow_id)
            errors = {str(error.fields.get("field") or "name"): _(error.detail)}
            return _draft_page(session, row, flow, row_version=row_version, typed_name=name, errors=errors), 422
    if act == "live":
        return _release(flow_id, number)
    if act == "save":
        flash(_("Saved. Callers meet it once it goes live."), "success")
    return redirect(url_for("call_flows.show_draft", flow_id=flow_id, _anchor=act.partition(":")[0]), 303)


@pages.post("/<int:flow_id>/live")
@allow(OVER_AGENTS)
def release_version(flow_id: int) -> Response:
    """Let callers meet this version from now on, also one that was live before."""
    return _release(flow_id, request.form.get("number", 0, type=int))


@pages.post("/<int:flow_id>/off")
@allow(OVER_AGENTS)
def take_off(flow_id: int) -> Response:
    with writing() as session:
        service.take_off(session, parts().bus, flow_id, by=signed_in().username, now=parts().now())
        audit(session, Action.SETTING, subject=f"call_flow:{flow_id}", details={"live": None})
    flash(_("Taken off. Callers of its numbers go straight to the hotline's queue."), "success")
    return redirect(url_for("call_flows.show_flow", flow_id=flow_id), 303)


def _release(flow_id: int, number: int) -> Response:
    try:
        with writing() as session:
            service.go_live(session, parts().bus, flow_id, number, by=signed_in().username, now=parts().now())
            audit(session, Action.SETTING, subject=f"call_flow:{flow_id}", details={"live": number})
    except Conflict as error:
        flash(_(error.detail), "danger")
        return redirect(url_for("call_flows.show_draft", flow_id=flow_id), 303)
    flash(_("Version %(number)s is live. New callers meet it within seconds; calls go on.", number=number), "success")
    return redirect(url_for("call_flows.show_flow", flow_id=flow_id), 303)


def _list_page(errors: dict[str, str]) -> str:
    with reading() as session:
        rows = service.list_flows(session)
        latest = {row.id: service.versions_of(session, row.id)[0] for row in rows}
        live = service.live_flows(session)
    return render_template("call_flows/list.html", rows=rows, latest=latest, live=live, errors=errors)


def _draft_page(
    session: Session,
    row: CallFlow,
    flow: Flow,
    *,
    row_version: int,
    typed_name: str,
    errors: dict[str, str] | None = None,
) -> str:
    labels = _labels(session)
    faults = service.faults_of(session, flow, flow_id=row.id)
    values: dict[str, Any] = {
        "row": row,
        "name": typed_name,
        "row_version": row_version,
        "flow": flow,
        "document": to_document(flow),
        "dates": written_dates(flow.hours),
        "targets": target_choices(flow, labels),
        "recordings": _recordings(session),
        "languages": language_words(),
        "weekdays": weekday_words(),
        "keys": KEYS,
        "most_steps": MOST_STEPS,
        "faults": [fault_sentence(fault, flow) for fault in faults],
        "errors": errors or {},
    }
    return render_template("call_flows/draft.html", **values)


def _recordings(session: Session) -> list[tuple[str, str]]:
    ready = sounds.ready_sounds(session)
    return [("", _("The text is spoken")), *((str(row.id), row.name) for row in ready)]


def _labels(session: Session) -> dict[str, str]:
    return {row.name: row.label for row in queues.list_queues(session)}
