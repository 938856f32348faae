"""What each queue offers in wrap-up, kept by supervisors; and what a desk asks when a call comes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.audit.rules import Action
from app.calls.service import dispositions
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, reading, writing
from app.queues.service import get_queue, list_queues
from app.wrap_up import service
from app.wrap_up.rules import LONGEST_TEXT, LONGEST_TITLE

pages = Blueprint("wrap_up", __name__, url_prefix="/wrap-up", template_folder="templates")


@pages.get("/offered")
@allow(AT_THE_DESK)
def show_offered() -> dict[str, Any]:
    """The data that a desk needs to wrap up a call of `queue`; without a queue, what holds for every call."""
    with reading() as session:
        found = service.wrap_up_of(session, request.args.get("queue", "")[:40] or None, translate=_)
    return {
        "dispositions": [{"code": each.code, "label": each.name} for each in found.dispositions],
        "is_disposition_required": found.is_disposition_required,
        "templates": [{"id": row.id, "title": row.title, "text": row.text} for row in found.templates],
    }


@pages.get("")
@allow(OVER_AGENTS)
def list_wrap_ups() -> str:
    with reading() as session:
        rows = [
            {
                "name": queue.name,
                "label": queue.label,
                "count": len(service.own_dispositions(session, queue.name)),
                "is_required": service.is_disposition_required(session, queue.name),
                "templates": sum(each.queue is not None for each in service.templates_of(session, queue.name)),
            }
            for queue in list_queues(session)
        ]
        common = service.templates_of(session, None)
    return render_template("wrap_up/list.html", rows=rows, templates=common, **_limits())


@pages.get("/queues/<name>")
@allow(OVER_AGENTS)
def show_wrap_up(name: str) -> str:
    with reading() as session:
        queue = get_queue(session, name)
        own = service.own_dispositions(session, name)
        listed = dispositions(session, translate=_)
        is_required = service.is_disposition_required(session, name)
        templates = [each for each in service.templates_of(session, name) if each.queue is not None]
    return render_template(
        "wrap_up/queue.html",
        queue=queue,
        listed=listed,
        own=own,
        is_required=is_required,
        templates=templates,
        **_limits(),
    )


@pages.post("/queues/<name>")
@allow(OVER_AGENTS)
def save_wrap_up(name: str) -> Response:
    codes = request.form.getlist("code")
    is_required = request.form.get("is_required") == "1"
    with writing() as session:
        service.save_queue(session, name, codes, is_disposition_required=is_required)
        details = {"change": "wrap_up", "codes": sorted(codes), "is_required": is_required}
        audit(session, Action.SETTING, subject=f"queue:{name}", details=details)
    flash(_("Saved. The next call of this queue is wrapped up so."), "success")
    return redirect(url_for("wrap_up.show_wrap_up", name=name), 303)


@pages.post("/templates")
@allow(OVER_AGENTS)
def add_template() -> Response:
    queue = request.form.get("queue", "")[:40] or None
    with writing() as session:
        try:
            row = service.add_template(session, queue, request.form.get("title", ""), request.form.get("text", ""))
        except (InvalidInput, Conflict) as error:
            return _back(queue, _(error.detail), "danger")
        audit(session, Action.SETTING, subject=f"note_template:{row.id}", details={"change": "created"})
    return _back(queue, _("Saved. Agents have it with their next call."), "success")


@pages.post("/templates/<int:template_id>")
@allow(OVER_AGENTS)
def save_template(template_id: int) -> Response:
    """Save it, or with `remove` take it away."""
    with writing() as session:
        if request.form.get("act") == "remove":
            queue = service.remove_template(session, template_id).queue
            audit(session, Action.SETTING, subject=f"note_template:{template_id}", details={"change": "removed"})
            return _back(queue, _("Taken away. Notes that were written with it stay."), "success")
        queue = service.get_template(session, template_id).queue
        try:
            service.save_template(session, template_id, request.form.get("title", ""), request.form.get("text", ""))
        except InvalidInput as error:
            return _back(queue, _(error.detail), "danger")
        audit(session, Action.SETTING, subject=f"note_template:{template_id}", details={"change": "saved"})
    return _back(queue, _("Saved. Agents have it with their next call."), "success")


def _back(queue: str | None, sentence: str, level: str) -> Response:
    flash(sentence, level)
    where = url_for("wrap_up.show_wrap_up", name=queue) if queue else url_for("wrap_up.list_wrap_ups")
    return redirect(where, 303)


def _limits() -> dict[str, int]:
    return {"longest_title": LONGEST_TITLE, "longest_text": LONGEST_TEXT}
