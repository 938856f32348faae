"""The form beside the player: begun, kept as it is typed, submitted."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.calls.models import Call
from app.errors import InvalidInput, NotFound, WardlineError
from app.http import allow, audit, parts, reading, writing
from app.quality import service
from app.quality.models import Evaluation
from app.quality.routes.blueprint import GRADERS, act, need_view, pages, points, render, sentence, who
from app.quality.rules import Answer, Card, Sheet, read_moments, read_sheet, score, write_sheet
from app.recordings import service as recordings

_LONGEST_MOMENTS = 200_000


@pages.post("/evaluations")
@allow(GRADERS)
def start_evaluation() -> Response:
    """Begin to grade a recording, or go on with one's draft of it."""
    recording_id = request.form.get("recording", "")[:36]

    def begin(session: Session) -> str:
        card_id = request.form.get("card", type=int)
        made = service.start(session, recording_id, who(), now=parts().now(), card_id=card_id)
        return url_for(".show_form", evaluation_id=made.id)

    back = url_for("recordings.show_recording", recording_id=recording_id)
    return act(begin, f"recording:{recording_id}", "graded", "", to=back, action=Action.CREATE)


@pages.get("/evaluations/<int:evaluation_id>/form")
@allow(GRADERS)
def show_form(evaluation_id: int) -> str | Response:
    """The form of what this user is typing; what is not being typed is only shown."""
    with reading() as session:
        evaluation = service.get_evaluation(session, evaluation_id, who())
        move = service.edit_move(session, evaluation, who(), parts().now())
        if move is None or evaluation.draft is None or evaluation.draft_by != who().username:
            return redirect(url_for(".show_evaluation", evaluation_id=evaluation_id), 303)
        return _form(session, evaluation, move.value)


@pages.post("/evaluations/<int:evaluation_id>/draft")
@allow(GRADERS)
def save_draft(evaluation_id: int) -> Response:
    """Keep what was typed so far; the page sends it while its user goes on."""
    need_view()
    with writing() as session:
        evaluation = service.get_evaluation(session, evaluation_id, who())
        sheet = sheet_in(request.form, _card(session, evaluation))
        saved = service.save_draft(session, evaluation_id, sheet, who(), seen=_seen(), now=parts().now())
    found = saved.score
    return jsonify(seen=saved.seen, total=points(found.total), fatal=found.is_fatal, missing=list(found.missing))


@pages.post("/evaluations/<int:evaluation_id>/submit")
@allow(GRADERS)
def submit_evaluation(evaluation_id: int) -> Response | tuple[str, int]:
    """The form as it was sent becomes the newest version."""
    need_view()
    reason = request.form.get("reason", "")
    with writing() as session:
        evaluation = service.get_evaluation(session, evaluation_id, who())
        sheet = sheet_in(request.form, _card(session, evaluation))
        try:
            service.save_draft(session, evaluation_id, sheet, who(), seen=_seen(), now=parts().now())
        except NotFound:
            raise
        except WardlineError as error:
            flash(sentence(error), "danger")
            return redirect(url_for(".show_form", evaluation_id=evaluation_id), 303)
    try:
        with writing() as session:
            made = service.finish(session, parts().bus, evaluation_id, who(), now=parts().now(), reason=reason)
            details = {"move": "submitted", "version": made.number}
            audit(session, Action.CHANGE, subject=f"evaluation:{evaluation_id}", details=details)
            calibration = service.get_evaluation(session, evaluation_id, who()).calibration_id
    except InvalidInput as error:
        with reading() as session:
            evaluation = service.get_evaluation(session, evaluation_id, who())
            move = service.edit_move(session, evaluation, who(), parts().now())
            page = _form(session, evaluation, move.value if move else "submit", error=error, reason=reason)
        return page, 422
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(url_for(".show_evaluation", evaluation_id=evaluation_id), 303)
    if calibration is not None:
        flash(_("Submitted. You see the others' answers once the calibration is closed."), "success")
        return redirect(url_for(".show_calibration", calibration_id=calibration), 303)
    flash(_("Submitted: the agent sees it now."), "success")
    return redirect(url_for(".show_evaluation", evaluation_id=evaluation_id), 303)


@pages.post("/evaluations/<int:evaluation_id>/edit")
@allow(GRADERS)
def edit_evaluation(evaluation_id: int) -> Response:
    """Open what was submitted, for a correction or for a change on appeal."""

    def begin(session: Session) -> str:
        service.begin_edit(session, evaluation_id, who(), now=parts().now())
        return url_for(".show_form", evaluation_id=evaluation_id)

    return act(begin, f"evaluation:{evaluation_id}", "opened", "", to=_page(evaluation_id))


@pages.post("/evaluations/<int:evaluation_id>/leave")
@allow(GRADERS)
def leave_evaluation(evaluation_id: int) -> Response:
    """Give a correction up; what was submitted stays."""

    def leave(session: Session) -> None:
        service.leave_edit(session, evaluation_id, who())

    return act(leave, f"evaluation:{evaluation_id}", "left", _("Nothing was changed."), to=_page(evaluation_id))


@pages.post("/evaluations/<int:evaluation_id>/discard")
@allow(GRADERS)
def discard_evaluation(evaluation_id: int) -> Response:
    def discard(session: Session) -> None:
        service.discard(session, parts().bus, evaluation_id, who(), now=parts().now())

    return act(
        discard, f"evaluation:{evaluation_id}", "discarded", _("The draft was discarded."), to=url_for(".show_tasks")
    )


def sheet_in(form: MultiDict[str, str], card: Card) -> Sheet:
    """What the form says; what makes no sense is as if it were not there."""
    answers = {item.key: _answer(form, item.key) for item in card.items}
    return Sheet(answers=answers, moments=tuple(read_moments(_json(form))), summary=form.get("summary", ""))


def _answer(form: MultiDict[str, str], key: str) -> Answer:
    given = form.get(f"v-{key}", "").strip()
    value = int(given) if given.isascii() and given.isdecimal() and len(given) < 5 else None
    is_na = given == "na" or form.get(f"n-{key}") == "1"
    return Answer(value=None if is_na else value, is_na=is_na, note=form.get(f"t-{key}", ""))


def _json(form: MultiDict[str, str]) -> Any:
    try:
        return json.loads(form.get("moments", "[]")[:_LONGEST_MOMENTS])
    except (ValueError, RecursionError):
        return []


def _seen() -> int:
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _card(session: Session, evaluation: Evaluation) -> Card:
    return service.card_of(service.get_version(session, evaluation.card_version_id))


def _form(
    session: Session, evaluation: Evaluation, move: str, *, error: InvalidInput | None = None, reason: str = ""
) -> str:
    version = service.get_version(session, evaluation.card_version_id)
    card, sheet = service.card_of(version), read_sheet(evaluation.draft)
    errors = {str(error.fields.get("field", "reason")): sentence(error)} if error is not None else {}
    return render(
        "form.html",
        evaluation=evaluation,
        recording=recordings.get(session, evaluation.recording_id),
        call=session.get(Call, evaluation.call_id),
        card=card,
        scorecard=version.scorecard,
        version=version,
        sheet=sheet,
        moments=write_sheet(sheet)["moments"],
        found=score(card, sheet.answers),
        move=move,
        names=service.names(session),
        appeal=service.appeal_of(session, evaluation.id),
        errors=errors,
        reason=reason,
    )


def _page(evaluation_id: int) -> str:
    return url_for(".show_evaluation", evaluation_id=evaluation_id)
