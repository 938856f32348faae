"""Duplicates and merges for programs."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.duplicates import service
from app.duplicates.models import DuplicatePair, MergeLog
from app.duplicates.routes.pages import merge_audited, undo_audited
from app.duplicates.rules import DuplicateReason, Side
from app.http import allow, parts, reading, signed_in, writing
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT

api = APIBlueprint("duplicates_api", __name__, url_prefix="/api/v1", tag="Duplicates")


class DuplicatesQuery(Schema):
    reason = String(load_default=None, validate=OneOf([str(reason) for reason in DuplicateReason]))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class PairOut(Schema):
    id = Integer()
    first_id = Integer()
    second_id = Integer()
    reasons = List(String(metadata={"enum": [str(reason) for reason in DuplicateReason]}))
    score = Integer(metadata={"description": "1 to 100: how likely the two are one person."})
    state = String()
    found_at = DateTime()
    proposed_by = String(allow_none=True)


class PairsPage(Schema):
    items = List(Nested(PairOut))
    next_cursor = String(allow_none=True)


class ProposalIn(Schema):
    first_id = Integer(required=True, validate=Range(1))
    second_id = Integer(required=True, validate=Range(1))


class MergeIn(Schema):
    loser_id = Integer(required=True, validate=Range(1), metadata={"description": "The record that ends."})
    choices = Dict(
        keys=String(validate=Length(max=40)),
        values=String(validate=OneOf([str(side) for side in Side])),
        load_default=dict,
        metadata={"description": "By field whose value stays; the winner's where nothing is said."},
    )


class MergeOut(Schema):
    id = Integer()
    winner_id = Integer()
    loser_id = Integer()
    merged_at = DateTime()
    merged_by = String(allow_none=True)
    undone_at = DateTime(allow_none=True)
    undone_by = String(allow_none=True)
    left = List(
        String(), allow_none=True, metadata={"description": "Fields changed after the merge, which undoing left."}
    )


@api.get("/duplicates")
@allow(OVER_AGENTS)
@api.input(DuplicatesQuery, location="query", arg_name="query")
@api.output(PairsPage)
@api.doc(summary="Pairs of records that may be one person, the likeliest first")
def list_duplicates(query: dict[str, Any]) -> dict[str, Any]:
    reason = DuplicateReason(query["reason"]) if query["reason"] else None
    with reading() as session:
        page = service.list_pairs(session, reason=reason, limit=query["limit"], cursor=query["cursor"])
    return {"items": [found.pair for found in page.items], "next_cursor": page.next_cursor}


@api.post("/duplicates")
@allow(AT_THE_DESK)
@api.input(ProposalIn, arg_name="given")
@api.output(PairOut, status_code=201)
@api.doc(summary="Propose two records as one person", responses=[404, 422])
def propose_duplicate(given: dict[str, Any]) -> DuplicatePair:
    user, now = signed_in().username, parts().now()
    with writing() as session:
        return service.propose(session, parts().bus, given["first_id"], given["second_id"], by=user, now=now)


@api.post("/patients/<int:patient_id>/merge")
@allow(OVER_AGENTS)
@api.input(MergeIn, arg_name="given")
@api.output(MergeOut, status_code=201)
@api.doc(
    summary="Merge another record into this one",
    description="Everything of the other record goes to this one; its id goes on finding the person.",
    responses=[404, 409, 422],
)
def merge_patients(patient_id: int, given: dict[str, Any]) -> MergeLog:
    choices = {column: Side(side) for column, side in given["choices"].items()}
    with writing() as session:
        return merge_audited(session, patient_id, given["loser_id"], choices)


@api.post("/merges/<int:merge_id>/undo")
@allow(OVER_AGENTS)
@api.output(MergeOut)
@api.doc(summary="Undo a merge", responses=[404, 409])
def undo_merge(merge_id: int) -> MergeLog:
    with writing() as session:
        return undo_audited(session, merge_id)
