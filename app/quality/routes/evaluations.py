"""Evaluations to read: the list, those of one's own calls, one with all its versions, and those of a recording."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.configuration.rules import APPEAL_DAYS
from app.configuration.service.settings import value
from app.http import allow, parts, reading, signed_in
from app.organisation import service as organisation
from app.quality import service
from app.quality.models import Evaluation, EvaluationVersion
from app.quality.routes.blueprint import (
    GRADERS,
    READERS,
    day_of,
    need_view,
    number_of,
    pages,
    render,
    today,
    who,
    word_of,
)
from app.quality.rules import (
    NO_QUEUE,
    STATE_TEXT,
    EvaluationState,
    Move,
    QualityFigure,
    appeal_until,
    object_to,
    read_sheet,
    score,
)
from app.quality.service import EvaluationFilters
from app.queues.service import queue_labels
from app.recordings import service as recordings
from app.recordings.models import Recording
from app.teams import service as teams


@pages.get("/evaluations")
@allow(GRADERS)
def show_evaluations() -> str:
    """Submitted evaluations that fit the filters; each figure of the report leads here."""
    filters, zone = filters_in_address(), parts().settings.timezone
    with reading() as session:
        page = service.list_evaluations(session, filters, zone=zone, cursor=request.args.get("cursor"))
        choices = filter_choices(session)
        drafts = service.own_drafts(session, signed_in().username)
        cards = service.card_names(session)
    kept = {name: text for name, text in request.args.items() if text and name not in ("cursor", "lang")}
    return render("list.html", page=page, filters=filters, kept=kept, drafts=drafts, cards=cards, **choices)


@pages.get("/appeals")
@allow(GRADERS)
def show_appeals() -> str:
    """Appeals against colleagues' evaluations that wait for a decision."""
    with reading() as session:
        rows = service.appeals_to_decide(session, signed_in().username)
        appeals = {row.evaluation.id: service.appeal_of(session, row.evaluation.id) for row in rows}
    return render("appeals.html", rows=rows, appeals=appeals)


@pages.get("/mine")
@allow(READERS)
def show_mine() -> str:
    """The evaluations of one's own calls, and the scores over time."""
    need_view()
    with reading() as session:
        rows = service.evaluations_of_agent(session, signed_in().username)
        cards = service.card_names(session)
        days = value(session, APPEAL_DAYS)
    return render("mine.html", rows=rows, cards=cards, appeal_days=days)


@pages.get("/evaluations/<int:evaluation_id>")
@allow(READERS)
def show_evaluation(evaluation_id: int) -> str:
    """One evaluation: its answers and moments beside the player, every version, what was said, what follows."""
    with reading() as session:
        evaluation = service.get_evaluation(session, evaluation_id, who())
        versions = service.versions_of(session, evaluation_id)
        chosen = _chosen(versions)
        version = service.get_version(session, evaluation.card_version_id)
        card = service.card_of(version)
        sheet = read_sheet(chosen.sheet if chosen else evaluation.draft)
        return render(
            "show.html",
            evaluation=evaluation,
            # The audio as far as this person's own grant goes: the words of the evaluation are shown all the same.
            recording=session.get(Recording, evaluation.recording_id),
            call=session.get(Call, evaluation.call_id),
            card=card,
            scorecard=version.scorecard,
            version=version,
            versions=versions,
            chosen=chosen,
            sheet=sheet,
            found=score(card, sheet.answers),
            remarks=service.remarks_of(session, evaluation_id),
            appeal=service.appeal_of(session, evaluation_id),
            coaching=service.list_coaching(session, today=today(), evaluation_id=evaluation_id),
            names=service.names(session),
            today=today(),
            **_moves(session, evaluation),
        )


@pages.get("/recordings/<recording_id>")
@allow(READERS)
def show_recording_panel(recording_id: str) -> str:
    """What there is of evaluations of one recording, for its page; empty for who may see none."""
    need_view()
    with reading() as session:
        recording = recordings.get(session, recording_id)
        call = session.get_one(Call, recording.call_id)
        rows = service.evaluations_of_recording(session, recording_id, who())
        fitting = service.cards_for(session, call) if who().grades else []
        every = service.cards_in_use(session) if who().grades else []
    first = fitting[0][0].id if fitting else None
    may_start = call.agent not in (None, signed_in().username) and recording.state in ("ready", "damaged")
    return render(
        "_recording.html", recording=recording, rows=rows, cards=every, first=first, may_start=may_start and bool(every)
    )


def filters_in_address() -> EvaluationFilters:
    """The filters in the address, only those that mean something."""
    state, figure = request.args.get("state", ""), request.args.get("figure", "")
    reached = request.args.get("reached", "")
    return EvaluationFilters(
        first=day_of("from"),
        last=day_of("to"),
        agent=word_of("agent"),
        grader=word_of("grader"),
        team_id=number_of("team"),
        department_id=number_of("department"),
        queue=word_of("queue"),
        scorecard_id=number_of("scorecard"),
        state=EvaluationState(state) if state in set(EvaluationState) else None,
        recording_id=word_of("recording"),
        figure=QualityFigure(figure) if figure in set(QualityFigure) else QualityFigure.GRADED,
        item=word_of("item"),
        reached=service.Reached(reached) if reached in set(service.Reached) else None,
    )


def filter_choices(session: Session) -> dict[str, Any]:
    """What the filters offer. What belongs to no team, department or queue can be chosen, too."""
    return {
        "names": service.names(session),
        "agents": service.agents_graded(session),
        "teams": [*((str(each.id), each.name) for each in teams.list_teams(session)), ("0", _("No team"))],
        "departments": [
            *((str(each.id), each.name) for each in organisation.departments(session)),
            ("0", _("No department")),
        ],
        "queues": [*queue_labels(session).items(), (NO_QUEUE, _("No queue"))],
        "scorecards": service.list_cards(session),
        "states": [
            (state.value, _(text))
            for state, text in STATE_TEXT.items()
            if state not in (EvaluationState.DRAFT, EvaluationState.DISCARDED)
        ],
    }


def _chosen(versions: Any) -> EvaluationVersion | None:
    wanted = request.args.get("version", type=int)
    found = next((each for each in versions if each.number == wanted), None)
    return found or (versions[0] if versions else None)


def _moves(session: Session, evaluation: Evaluation) -> dict[str, Any]:
    """Which buttons this person gets."""
    standing, days = service.standing_of(evaluation), value(session, APPEAL_DAYS)
    now = parts().now()
    possible = {
        move.value
        for move in Move
        if object_to(standing, move, who(), now=now, appeal_days=days) is None and evaluation.calibration_id is None
    }
    return {"possible": possible, "appeal_until": appeal_until(standing, days)}
