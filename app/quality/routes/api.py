"""Evaluations and scorecards for programs: /api/v1/evaluations and /api/v1/scorecards. To read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Date, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask_babel import get_locale

from app.http import allow, parts, reading, signed_in
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.quality import service
from app.quality.models import Scorecard, ScorecardVersion
from app.quality.routes.blueprint import GRADERS, READERS, need_view, who
from app.quality.rules import (
    SHOWN_TO_AGENT,
    Card,
    EvaluationState,
    Item,
    ItemKind,
    Section,
    Sheet,
    in_language,
    read_sheet,
    score,
)
from app.quality.service import EvaluationFilters, EvaluationRow
from app.versions import service as versions

api = APIBlueprint("quality_api", __name__, url_prefix="/api/v1", tag="Quality")

_ID = Range(1, 2**31 - 1)
_STATES = [each.value for each in EvaluationState]
_LISTED = sorted(SHOWN_TO_AGENT)
_OF_THE_BEST = "What was reached of the best, 0 to 1."


class EvaluationOut(Schema):
    id = Integer(required=True)
    recording_id = String(required=True)
    call_id = String(required=True)
    agent = String(required=True)
    grader = String(required=True)
    scorecard_id = Integer(required=True)
    queue = String(required=True, allow_none=True)
    direction = String(required=True, metadata={"enum": ["inbound", "outbound"]})
    call_at = AwareDateTime(required=True)
    state = String(required=True, metadata={"enum": _STATES})
    version = Integer(required=True, metadata={"description": "Grows with each correction; 0 for a draft."})
    total = Float(required=True, allow_none=True, metadata={"description": "0 to 100; null where nothing applied."})
    is_fatal = Boolean(required=True, metadata={"description": "A fatal item was failed."})
    submitted_at = AwareDateTime(required=True, allow_none=True)
    acknowledged_at = AwareDateTime(required=True, allow_none=True)


class EvaluationListOut(Schema):
    items = List(Nested(EvaluationOut), required=True)
    next_cursor = String(required=True, allow_none=True)


class EvaluationListIn(Schema):
    first = Date(data_key="from", load_default=None, metadata={"description": "Day of the call, of the hospital."})
    last = Date(data_key="to", load_default=None, metadata={"description": "Included."})
    agent = String(load_default=None, validate=Length(1, 64))
    scorecard = Integer(load_default=None, validate=_ID)
    state = String(load_default=None, validate=OneOf(_LISTED))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None)


class AnswerOut(Schema):
    item = String(required=True)
    text = String(required=True, metadata={"description": "In the language of who asks."})
    kind = String(required=True, metadata={"enum": [each.value for each in ItemKind]})
    is_fatal = Boolean(required=True)
    value = Integer(required=True, allow_none=True, metadata={"description": "null: no answer, or it does not apply."})
    does_not_apply = Boolean(required=True)
    share = Float(required=True, allow_none=True, metadata={"description": _OF_THE_BEST})
    note = String(required=True)


class MomentOut(Schema):
    at = Float(required=True, metadata={"description": "Seconds from the beginning of the recording."})
    item = String(required=True, allow_none=True, metadata={"description": "The item that it is evidence for."})
    text = String(required=True)


class AppealOut(Schema):
    at = AwareDateTime(required=True)
    reason = String(required=True)
    decision = String(required=True, allow_none=True, metadata={"enum": ["upheld", "changed", None]})
    decided_at = AwareDateTime(required=True, allow_none=True)
    decided_by = String(required=True, allow_none=True)
    decision_reason = String(required=True, allow_none=True)


class OneEvaluationOut(EvaluationOut):
    answers = List(Nested(AnswerOut), required=True)
    moments = List(Nested(MomentOut), required=True)
    summary = String(required=True)
    appeal = Nested(AppealOut, required=True, allow_none=True)


class ItemOut(Schema):
    key = String(required=True)
    text = String(required=True, metadata={"description": "In the language of who asks."})
    guidance = String(required=True)
    kind = String(required=True, metadata={"enum": [each.value for each in ItemKind]})
    weight = Integer(required=True)
    low = Integer(required=True)
    high = Integer(required=True)
    is_fatal = Boolean(required=True)
    allows_na = Boolean(required=True, metadata={"description": "It may be said not to apply."})


class SectionOut(Schema):
    key = String(required=True)
    title = String(required=True)
    weight = Integer(required=True)
    items = List(Nested(ItemOut), required=True)


class ScorecardOut(Schema):
    id = Integer(required=True)
    name = String(required=True)
    version = Integer(required=True, allow_none=True, metadata={"description": "The one in use; null for none."})


class ScorecardListOut(Schema):
    items = List(Nested(ScorecardOut), required=True)


class OneScorecardOut(ScorecardOut):
    fatal_cap = Integer(required=True, metadata={"description": "The most that a call reaches after a fatal item."})
    sections = List(Nested(SectionOut), required=True)


@api.get("/evaluations")
@api.input(EvaluationListIn, location="query")
@api.output(EvaluationListOut)
@api.doc(summary="Submitted evaluations, newest call first", description="An agent gets those of the own calls.")
@allow(READERS)
def list_evaluations(query_data: dict[str, Any]) -> dict[str, Any]:
    need_view()
    filters = EvaluationFilters(
        first=query_data["first"],
        last=query_data["last"],
        agent=query_data["agent"],
        scorecard_id=query_data["scorecard"],
        state=EvaluationState(query_data["state"]) if query_data["state"] else None,
    )
    with reading() as session:
        more: dict[str, Any] = {"zone": parts().settings.timezone, "cursor": query_data["cursor"]}
        if who().grades:
            page = service.list_evaluations(session, filters, limit=query_data["limit"], **more)
        else:
            me = signed_in().username
            page = service.list_own_evaluations(session, me, filters, limit=query_data["limit"], **more)
        return {"items": [_view(row) for row in page.items], "next_cursor": page.next_cursor}


@api.get("/evaluations/<int:evaluation_id>")
@api.output(OneEvaluationOut)
@api.doc(
    summary="One evaluation with its answers and moments",
    description="As its newest version says. Of a calibration nobody gets a colleague's before it is closed.",
    responses=[404],
)
@allow(READERS)
def get_evaluation(evaluation_id: int) -> dict[str, Any]:
    need_view()
    with reading() as session:
        row = service.get_row(session, evaluation_id, who())
        card = service.card_of(service.get_version(session, row.evaluation.card_version_id))
        is_submitted = row.evaluation.number > 0
        sheet = read_sheet(
            service.newest_version(session, row.evaluation).sheet if is_submitted else row.evaluation.draft
        )
        return {
            **_view(row),
            "answers": _answers(card, sheet),
            "moments": [{"at": each.at, "item": each.item or None, "text": each.text} for each in sheet.moments],
            "summary": sheet.summary,
            "appeal": service.appeal_of(session, evaluation_id),
        }


@api.get("/scorecards")
@api.output(ScorecardListOut)
@api.doc(summary="All scorecards, by name")
@allow(GRADERS)
def list_scorecards() -> dict[str, Any]:
    need_view()
    with reading() as session:
        cards = service.list_cards(session)
        return {"items": [_scorecard(card, versions.in_use(card.versions)) for card in cards]}


@api.get("/scorecards/<int:card_id>")
@api.output(OneScorecardOut)
@api.doc(summary="One scorecard: the version in use, else the newest", responses=[404])
@allow(GRADERS)
def get_scorecard(card_id: int) -> dict[str, Any]:
    need_view()
    with reading() as session:
        found = service.get_card(session, card_id)
        in_use = versions.in_use(found.versions)
        card = service.card_of(in_use or found.versions[0])
        return {
            **_scorecard(found, in_use),
            "fatal_cap": card.fatal_cap,
            "sections": [_section(section) for section in card.sections],
        }


def _view(row: EvaluationRow) -> dict[str, Any]:
    found = row.evaluation
    return {
        "id": found.id,
        "recording_id": found.recording_id,
        "call_id": found.call_id,
        "agent": found.agent,
        "grader": found.grader,
        "scorecard_id": row.scorecard_id,
        "queue": found.queue,
        "direction": found.direction,
        "call_at": found.call_at,
        "state": found.state,
        "version": found.number,
        "total": found.total,
        "is_fatal": found.is_fatal,
        "submitted_at": found.submitted_at,
        "acknowledged_at": found.acknowledged_at,
    }


def _answers(card: Card, sheet: Sheet) -> list[dict[str, Any]]:
    """An answer for each item of the card, in its order."""
    shares = score(card, sheet.answers).items
    found = []
    for item in card.items:
        answer = sheet.answers.get(item.key)
        found.append(
            {
                "item": item.key,
                "text": _text(item.texts),
                "kind": item.kind.value,
                "is_fatal": item.is_fatal,
                "value": answer.value if answer else None,
                "does_not_apply": answer.is_na if answer else False,
                "share": shares[item.key],
                "note": answer.note if answer else "",
            }
        )
    return found


def _scorecard(card: Scorecard, version: ScorecardVersion | None) -> dict[str, Any]:
    name = service.name_of(card, str(get_locale()))
    return {"id": card.id, "name": name, "version": version.number if version is not None else None}


def _section(section: Section) -> dict[str, Any]:
    items = [_item(item) for item in section.items]
    return {"key": section.key, "title": _text(section.titles), "weight": section.weight, "items": items}


def _item(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "text": _text(item.texts),
        "guidance": _text(item.guidance),
        "kind": item.kind.value,
        "weight": item.weight,
        "low": item.low,
        "high": item.high,
        "is_fatal": item.is_fatal,
        "allows_na": item.allows_na,
    }


def _text(texts: Mapping[str, str]) -> str:
    return in_language(texts, str(get_locale()))
