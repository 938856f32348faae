"""The work list of graders: drawn calls, taken, given back or left out."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.http import allow, parts, reading
from app.quality import service
from app.quality.routes.blueprint import GRADERS, act, need_view, pages, render, today, who
from app.quality.rules import GradingState


@pages.get("/tasks")
@allow(GRADERS)
def show_tasks() -> str:
    """The drawn calls that are free or mine, or those of the state in the address."""
    need_view()
    wanted = request.args.get("state", "")
    state = GradingState(wanted) if wanted in set(GradingState) else None
    with reading() as session:
        rows = service.list_tasks(session, who(), state=state, today=today())
        names = service.names(session)
        drafts = [row for row in service.own_drafts(session, who().username) if row.evaluation.task_id is None]
        cards = service.card_names(session)
    return render("tasks.html", rows=rows, state=wanted if state else "", names=names, drafts=drafts, cards=cards)


@pages.post("/tasks/<int:grading_id>/claim")
@allow(GRADERS)
def claim_task(grading_id: int) -> Response:
    """Take a call: of any number who press at once one gets it, and with it the form."""

    def claim(session: Session) -> str:
        made = service.claim(session, grading_id, who(), now=parts().now())
        return url_for(".show_form", evaluation_id=made.id)

    return act(claim, f"grading:{grading_id}", "claimed", "", to=url_for(".show_tasks"), action=Action.CREATE)


@pages.post("/tasks/<int:grading_id>/release")
@allow(GRADERS)
def release_task(grading_id: int) -> Response:
    def release(session: Session) -> None:
        service.release(session, parts().bus, grading_id, who(), now=parts().now())

    told = _("The call waits for any grader again.")
    return act(release, f"grading:{grading_id}", "released", told, to=url_for(".show_tasks"))


@pages.post("/tasks/<int:grading_id>/drop")
@allow(GRADERS)
def drop_task(grading_id: int) -> Response:
    def drop(session: Session) -> None:
        service.drop(session, parts().bus, grading_id, who(), request.form.get("reason", ""), now=parts().now())

    told = _("The call was left out. The draw shows it with your reason.")
    return act(drop, f"grading:{grading_id}", "dropped", told, to=url_for(".show_tasks"))
