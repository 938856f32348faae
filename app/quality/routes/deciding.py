"""What agent and grader say to each other: acknowledged, appealed, upheld, remarked."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import allow, parts
from app.quality import service
from app.quality.routes.blueprint import GRADERS, READERS, act, pages, who


@pages.post("/evaluations/<int:evaluation_id>/acknowledge")
@allow(READERS)
def acknowledge_evaluation(evaluation_id: int) -> Response:
    def acknowledge(session: Session) -> None:
        service.acknowledge(session, parts().bus, evaluation_id, who(), now=parts().now())

    return _act(acknowledge, evaluation_id, "acknowledged", _("Noted: you have read this evaluation."))


@pages.post("/evaluations/<int:evaluation_id>/appeal")
@allow(READERS)
def appeal_evaluation(evaluation_id: int) -> Response:
    def appeal(session: Session) -> None:
        reason = request.form.get("reason", "")
        service.appeal(session, parts().bus, evaluation_id, who(), reason, now=parts().now())

    return _act(appeal, evaluation_id, "appealed", _("Your appeal waits for a colleague of the grader to decide."))


@pages.post("/evaluations/<int:evaluation_id>/uphold")
@allow(GRADERS)
def uphold_evaluation(evaluation_id: int) -> Response:
    def uphold(session: Session) -> None:
        reason = request.form.get("reason", "")
        service.uphold(session, parts().bus, evaluation_id, who(), reason, now=parts().now())

    return _act(uphold, evaluation_id, "upheld", _("The evaluation stays as it is. The agent sees your reason."))


@pages.post("/evaluations/<int:evaluation_id>/remarks")
@allow(READERS)
def add_remark(evaluation_id: int) -> Response:
    def say(session: Session) -> None:
        second = request.form.get("second", type=float)
        is_place = second is not None and 0 <= second <= 86_400
        text = request.form.get("text", "")
        service.remark(session, evaluation_id, who(), text, second=second if is_place else None, now=parts().now())

    return _act(say, evaluation_id, "remarked", _("Your comment was added."))


def _act(do: object, evaluation_id: int, what: str, done: str) -> Response:
    to = url_for(".show_evaluation", evaluation_id=evaluation_id)
    return act(do, f"evaluation:{evaluation_id}", what, done, to=to)  # type: ignore[arg-type]
