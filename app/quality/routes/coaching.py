"""Coaching tasks: given after an evaluation, done by the agent, checked by a grader."""

from __future__ import annotations

from contextlib import suppress

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.errors import NotFound
from app.http import allow, parts, reading, signed_in
from app.quality import service
from app.quality.routes.blueprint import GRADERS, READERS, act, day_in, need_view, pages, render, today, who
from app.quality.rules import CoachingMove
from app.texts import N_


@pages.get("/coaching")
@allow(READERS)
def show_coaching() -> str:
    """One's own tasks; whoever grades sees those of everybody in the scope."""
    need_view()
    with reading() as session:
        agent = None if who().grades else signed_in().username
        rows = service.list_coaching(session, today=today(), agent=agent)
        names = service.names(session)
    return render("coaching.html", rows=rows, names=names)


@pages.post("/evaluations/<int:evaluation_id>/coaching")
@allow(GRADERS)
def add_coaching(evaluation_id: int) -> Response:
    """Give the agent something to practise."""

    def give(session: Session) -> None:
        moments = []
        for text in request.form.get("moments", "").split(",")[:50]:
            with suppress(ValueError):
                moments.append(float(text))
        data = service.CoachingData(
            note=request.form.get("note", ""),
            due_on=day_in(request.form.get("due_on", ""), "due_on"),
            item=request.form.get("item", "")[:20],
            moments=tuple(moments),
        )
        service.add_coaching(session, parts().bus, evaluation_id, data, who(), now=parts().now(), today=today())

    to = url_for(".show_evaluation", evaluation_id=evaluation_id)
    told = _("The agent finds it on the work list.")
    return act(give, f"evaluation:{evaluation_id}", "coaching", told, to=to, action=Action.CREATE)


@pages.post("/coaching/<int:coaching_id>/<move>")
@allow(READERS)
def move_coaching(coaching_id: int, move: str) -> Response:
    """Done, checked, given back or dropped: whose move it is, the rules know."""
    if move not in set(CoachingMove):
        raise NotFound(N_("There is no such page."))

    def go(session: Session) -> None:
        note = request.form.get("note", "")
        service.move_coaching(
            session, parts().bus, coaching_id, CoachingMove(move), who(), now=parts().now(), note=note
        )

    return act(go, f"coaching:{coaching_id}", move, _("Noted."), to=url_for(".show_coaching"))
