"""The list of callers to call back: who takes whom, and how it ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.kept_places import service as kept_places
from app.missed_callers import service
from app.missed_callers.rules import LONGEST_REASON, RESULT_TEXT, SHOWN_TEXT, Shown
from app.paging import DEFAULT_LIMIT

pages = Blueprint("missed_callers", __name__, template_folder="templates", url_prefix="/work/missed-callers")


@pages.get("")
@allow(AT_THE_DESK)
def show_callers() -> str:
    """The callers of the address's filter, who tried last first."""
    shown = _shown(request.args.get("show", ""))
    queue = request.args.get("queue", "")[:40]
    cursor = request.args.get("cursor")
    now, me = parts().now(), signed_in().username
    with reading() as session:
        page = service.list_callers(
            session, shown, by=me, now=now, queue=queue or None, limit=DEFAULT_LIMIT, cursor=cursor
        )
        counts = {each: service.count_callers(session, each, by=me, now=now) for each in Shown}
        minutes = service.minutes_allowed(session)
        kept_count = kept_places.count_places(session)
    query: dict[str, Any] = {"show": shown.value}
    if queue:
        query["queue"] = queue
    return render_template(
        "missed_callers/_rows.html" if cursor else "missed_callers/list.html",
        page=page,
        shown=shown,
        query=query,
        counts=counts,
        choices=[(each, _(text)) for each, text in SHOWN_TEXT.items()],
        results={each.value: _(text) for each, text in RESULT_TEXT.items()},
        minutes=minutes,
        kept_count=kept_count,
        me=me,
        may_call=viewer().grant(Module.CALLS).can_write,
        is_over_agents=signed_in().role in OVER_AGENTS,
        longest_reason=LONGEST_REASON,
    )


@pages.post("/<int:request_id>/take")
@allow(AT_THE_DESK)
def take_caller(request_id: int) -> Response:
    """Make the caller one's own and, where the number may be dialled, go to the desk to call it."""
    try:
        with writing() as session:
            service.take(session, parts().bus, request_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"callback:{request_id}", details={"taken": True})
    except Conflict as conflict:
        flash(_(conflict.detail), "danger")
        return _back()
    phone_id = request.form.get("phone", "")
    if phone_id.isascii() and phone_id.isdecimal() and len(phone_id) < 10:
        return redirect(url_for("hall.show_desk", dial=int(phone_id)), 303)
    return _back()


@pages.post("/<int:request_id>/give-back")
@allow(AT_THE_DESK)
def give_back_caller(request_id: int) -> Response:
    me = signed_in()
    try:
        with writing() as session:
            service.give_back(
                session,
                parts().bus,
                request_id,
                by=me.username,
                now=parts().now(),
                is_over_agents=me.role in OVER_AGENTS,
            )
            audit(session, Action.CHANGE, subject=f"callback:{request_id}", details={"taken": False})
    except Conflict as conflict:
        flash(_(conflict.detail), "danger")
    return _back()


@pages.post("/<int:request_id>/close")
@allow(AT_THE_DESK)
def close_caller(request_id: int) -> Response:
    """End the line without a conversation; the reason stays on record."""
    me = signed_in()
    try:
        with writing() as session:
            service.close(
                session,
                parts().bus,
                request_id,
                by=me.username,
                reason=request.form.get("reason", ""),
                now=parts().now(),
                is_over_agents=me.role in OVER_AGENTS,
            )
            audit(session, Action.CHANGE, subject=f"callback:{request_id}", details={"closed": True})
        flash(_("The line was closed."), "success")
    except (Conflict, InvalidInput) as refused:
        flash(_(refused.detail), "danger")
    return _back()


def _back() -> Response:
    query: dict[str, Any] = {
        "show": _shown(request.args.get("show", "")).value,
        "queue": request.args.get("queue", "")[:40] or None,
    }
    return redirect(url_for("missed_callers.show_callers", **query), 303)


def _shown(text: str) -> Shown:
    return Shown(text) if text in set(Shown) else Shown.OPEN
