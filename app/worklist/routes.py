"""The first page after signing in: what waits for this user, and the lists that belong to no other room (G-10)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, url_for
from flask_babel import gettext as _

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, EVERYONE, WITH_PATIENTS
from app.http import allow, parts, reading, viewer
from app.worklist import service

pages = Blueprint("worklist", __name__, template_folder="templates", url_prefix="/work")

# More than anybody works off in a shift; who needs the hundredth first has another problem.
_MOST_ROWS = 100


@pages.get("")
@allow(EVERYONE)
def show_work() -> str:
    """One line for each kind of work that waits, each number leading to its list."""
    with reading() as session:
        lines = service.lines_for(session, viewer(), parts().now(), endpoints=current_app.view_functions.keys())
    return render_template(
        "worklist/home.html",
        waiting=[_view(line) for line in lines if line.count],
        quiet=[_(line.item.label) for line in lines if not line.count],
        now=parts().now(),
        shows_replies=viewer().role in AT_THE_DESK and viewer().grant(Module.MESSAGES).can_view,
    )


@pages.get("/wishes")
@allow(WITH_PATIENTS)
def show_wishes() -> str:
    with reading() as session:
        rows = service.open_wishes(session, limit=_MOST_ROWS)
    return render_template("worklist/wishes.html", rows=rows)


def _view(line: service.WorkLine) -> dict[str, Any]:
    item = line.item
    arguments: dict[str, Any] = dict(item.arguments)
    return {
        "label": _(item.label),
        "hint": _(item.hint),
        "icon": item.icon,
        "count": line.count,
        "url": url_for(item.endpoint, **arguments),
    }
