"""Callers who keep a place in a queue: who they are, how far it is, and taking one off."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.kept_places import service
from app.kept_places.rules import LONGEST_REASON, RESULT_TEXT

pages = Blueprint("kept_places", __name__, template_folder="templates", url_prefix="/work/kept-places")


@pages.get("")
@allow(AT_THE_DESK)
def show_places() -> str:
    """Who waits to be called, in the order of entry, and who was within a day."""
    with reading() as session:
        lines = service.list_places(session, parts().now())
    return render_template(
        "kept_places/list.html",
        waiting=[line for line in lines if line.place.ended_at is None],
        ended=[line for line in lines if line.place.ended_at is not None],
        results={result.value: _(text) for result, text in RESULT_TEXT.items()},
        may_change=viewer().grant(Module.CALLS).can_write,
        longest_reason=LONGEST_REASON,
    )


@pages.post("/<int:place_id>/cancel")
@allow(AT_THE_DESK)
def cancel_place(place_id: int) -> Response:
    """Take a caller off; the reason stays on record."""
    try:
        with writing() as session:
            service.cancel(
                session,
                parts().bus,
                place_id,
                by=signed_in().username,
                reason=request.form.get("reason", ""),
                now=parts().now(),
            )
            audit(session, Action.CHANGE, subject=f"kept_place:{place_id}", details={"cancelled": True})
        flash(_("Taken off. Nobody is called."), "success")
    except (Conflict, InvalidInput) as refused:
        flash(_(refused.detail), "danger")
    return redirect(url_for("kept_places.show_places"), 303)
