"""Blind calibrations: begun, judged by each grader alone, compared once they are closed."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.models import User
from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.calls.models import Call
from app.errors import InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.quality import service
from app.quality.routes.blueprint import GRADERS, act, day_in, need_view, pages, render, sentence, today, who
from app.recordings.models import Recording
from app.recordings.rules import RecordingState

_OFFERED = 60


@pages.get("/calibrations")
@allow(GRADERS)
def show_calibrations() -> str:
    """All calibrations, and how far each grader lies from the consensus over time."""
    need_view()
    with reading() as session:
        rows = [
            {
                "session": each,
                "scorecard": service.scorecard_of(session, each),
                "recordings": service.recordings_of(session, each.id),
                "graders": service.graders_of(session, each.id),
                "own": service.own_judgements(session, each.id, signed_in().username),
            }
            for each in service.list_sessions(session)
        ]
        drifts = service.drift_over_time(session)
        names = service.names(session)
    return render("calibrations.html", rows=rows, drifts=drifts, names=names)


@pages.get("/calibrations/new")
@allow(GRADERS)
def show_new_calibration() -> str:
    with reading() as session:
        return _new_page(session, {}, {})


@pages.post("/calibrations/new")
@allow(GRADERS)
def create_calibration() -> Response | tuple[str, int]:
    need_view()
    try:
        with writing() as session:
            data = service.SessionData(
                name=request.form.get("name", ""),
                scorecard_id=request.form.get("card", 0, type=int),
                recording_ids=tuple(each[:36] for each in request.form.getlist("recordings")[:50]),
                graders=tuple(request.form.getlist("graders")[:50]),
                due_on=day_in(request.form.get("due_on", ""), "due_on"),
            )
            made = service.create_session(session, parts().bus, data, who(), now=parts().now())
            details = {"recordings": len(data.recording_ids), "graders": len(data.graders)}
            audit(session, Action.CREATE, subject=f"calibration:{made.id}", details=details)
            calibration_id = made.id
    except InvalidInput as error:
        with reading() as session:
            return _new_page(session, {str(error.fields.get("field")): sentence(error)}, _typed()), 422
    flash(_("The calibration is open. Each grader finds it on the work list."), "success")
    return redirect(url_for(".show_calibration", calibration_id=calibration_id), 303)


@pages.get("/calibrations/<int:calibration_id>")
@allow(GRADERS)
def show_calibration(calibration_id: int) -> str:
    """While it is open the own part only; then everything side by side."""
    with reading() as session:
        found = service.get_session(session, calibration_id)
        shown = service.recordings_of(session, calibration_id)
        values: dict[str, Any] = {
            "found": found,
            "scorecard": service.scorecard_of(session, found),
            "calls": _calls(session, shown),
            "shown": shown,
            "graders": service.graders_of(session, calibration_id),
            "progress": service.progress(session, calibration_id),
            "names": service.names(session),
            "own": service.own_judgements(session, calibration_id, signed_in().username),
            "may_close": service.may_close(found, who(), is_supervisor=signed_in().role in OVER_AGENTS),
        }
        if found.closed_at is not None:
            values["comparison"] = service.compare(session, calibration_id)
        return render("calibration.html", **values)


@pages.post("/calibrations/<int:calibration_id>/judge")
@allow(GRADERS)
def judge_calibration(calibration_id: int) -> Response:
    """Begin, or go on with, the own blind evaluation of one recording."""

    def judge(session: Session) -> str:
        recording_id = request.form.get("recording", "")[:36]
        made = service.judge(session, calibration_id, recording_id, who(), now=parts().now())
        return url_for(".show_form", evaluation_id=made.id)

    to = url_for(".show_calibration", calibration_id=calibration_id)
    return act(judge, f"calibration:{calibration_id}", "judged", "", to=to)


@pages.post("/calibrations/<int:calibration_id>/close")
@allow(GRADERS)
def close_calibration(calibration_id: int) -> Response:
    def close(session: Session) -> None:
        supervises = signed_in().role in OVER_AGENTS
        service.close_session(session, parts().bus, calibration_id, who(), is_supervisor=supervises, now=parts().now())

    to = url_for(".show_calibration", calibration_id=calibration_id)
    told = _("Closed: everybody who grades sees all answers now.")
    return act(close, f"calibration:{calibration_id}", "closed", told, to=to)


def _typed() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", ""),
        "card": form.get("card", ""),
        "due_on": form.get("due_on", ""),
        "recordings": form.getlist("recordings"),
        "graders": form.getlist("graders"),
    }


def _new_page(session: Session, errors: dict[str, str], typed: dict[str, Any]) -> str:
    query = (
        select(Recording, Call, User.display_name)
        .join(Call, Call.id == Recording.call_id)
        .outerjoin(User, User.username == Call.agent)
        .where(Recording.state == RecordingState.READY, Call.agent.is_not(None))
        .order_by(Recording.started_at.desc())
        .limit(_OFFERED)
    )
    return render(
        "calibration_new.html",
        offered=session.execute(query).all(),
        graders=service.possible_graders(session),
        cards=service.cards_in_use(session),
        errors=errors,
        typed={"name": "", "card": "", "due_on": today().isoformat(), "recordings": [], "graders": [], **typed},
    )


def _calls(session: Session, recording_ids: list[str]) -> dict[str, Any]:
    query = select(Recording, Call).join(Call, Call.id == Recording.call_id).where(Recording.id.in_(recording_ids))
    return {recording.id: (recording, call) for recording, call in session.execute(query)}
