"""The rows that wait for a person, for people: same person, another person, or left out (P-03)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.errors import Conflict
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.imports import service
from app.imports.routes.pages import pages
from app.imports.rules import REVIEW_TEXT, ReviewReason, ReviewState
from app.patients.routes.labels import labels

# Each is a card of half a screen; more come at the end.
_CARDS = 20
_DECISIONS = {
    "same": (ReviewState.UPDATED, False),
    "correct": (ReviewState.UPDATED, True),
    "other": (ReviewState.CREATED, False),
    "skip": (ReviewState.SKIPPED, False),
}


@pages.get("/duplicates/review")
@allow(OVER_AGENTS)
def show_review() -> str:
    """The rows that wait; htmx asks for further cards only."""
    wanted = request.args.get("reason", "")
    reason = ReviewReason(wanted) if wanted in set(ReviewReason) else None
    cursor = request.args.get("cursor")
    with reading() as session:
        page = service.list_questions(session, reason=reason, limit=_CARDS, cursor=cursor)
        counts = {} if cursor else service.count_questions(session)
    template = "imports/_questions.html" if cursor and "HX-Request" in request.headers else "imports/review.html"
    return _render(template, page=page, counts=counts, reason=reason)


@pages.post("/duplicates/review/<int:item_id>")
@allow(OVER_AGENTS)
def decide(item_id: int) -> BaseResponse | str | tuple[str, int]:
    """Carry out one decision; htmx takes the card away."""
    state, is_row_right = _DECISIONS.get(request.form.get("decision", ""), (ReviewState.SKIPPED, False))
    record_id = request.form.get("record_id", type=int)
    is_part = "HX-Request" in request.headers
    try:
        with writing() as session:
            result = service.decide(
                session,
                parts().bus,
                item_id,
                state,
                record_id=record_id,
                is_row_right=is_row_right,
                by=signed_in().username,
                now=parts().now(),
            )
            action = Action.CREATE if state is ReviewState.CREATED else Action.CHANGE
            audit(session, action, patient_id=result, subject=f"review:{item_id}", details={"decision": str(state)})
    except Conflict as error:
        if is_part:
            raise
        flash(_(error.detail), "danger")
    return "" if is_part else redirect(url_for("imports.show_review"), 303)


@pages.post("/duplicates/review/create-all")
@allow(OVER_AGENTS)
def create_for_all() -> BaseResponse:
    """Make a record for each row of which only a shared number fits."""
    with writing() as session:
        count = service.create_for_all(session, parts().bus, by=signed_in().username, now=parts().now())
        audit(session, Action.CREATE, subject="review:shared_phone", details={"count": count})
    flash(ngettext("%(num)s record was made.", "%(num)s records were made.", count), "success")
    return redirect(url_for("imports.show_review"), 303)


def _render(template: str, **values: Any) -> str:
    page: str = render_template(
        template,
        labels=labels(),
        reason_labels={reason: _(text) for reason, text in REVIEW_TEXT.items()},
        may_write=viewer().grant(Module.CONTACT).can_write,
        **values,
    )
    return page
