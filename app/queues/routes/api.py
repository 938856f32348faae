"""The API's live snapshot of the queues."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Dict, Float, Integer, List, Nested, String

from app.accounts.rules import EVERYONE
from app.http import allow, parts
from app.queues import service

api = APIBlueprint("queues", __name__, url_prefix="/api/v1/queues", tag="Queues")

_TIME = {"format": "date-time"}


class QueueState(Schema):
    name = String(required=True)
    label = String(required=True)
    waiting = Integer(required=True, metadata={"description": "Callers waiting now."})
    callbacks = Integer(required=True, metadata={"description": "Callers who rang off and keep their place."})
    longest_wait_since = String(required=True, allow_none=True, metadata=_TIME)
    offered = Integer(required=True, metadata={"description": "Calls that came into the queue today."})
    answered = Integer(required=True)
    abandoned = Integer(required=True)
    service_level = Float(
        required=True,
        allow_none=True,
        metadata={"description": "Answered in time / offered, callers who may still be answered in time left out."},
    )
    service_level_seconds = Integer(required=True)
    service_level_target = Float(required=True)


class Link(Schema):
    state = String(required=True, metadata={"enum": ["up", "reconciling", "down"]})
    since = String(required=True, metadata=_TIME)
    detail = String(required=True)


class QueueSnapshot(Schema):
    as_of = String(
        required=True,
        allow_none=True,
        metadata=_TIME
        | {"description": "When telephony last proved to be in step with Asterisk; null when it never did."},
    )
    seq = Integer(required=True, metadata={"description": "Newest journal entry that the snapshot contains."})
    link = Nested(Link, required=True)
    agents = Dict(keys=String(), values=Integer(), metadata={"description": "Number of agents by state."})
    items = List(Nested(QueueState), required=True)


@api.get("")
@allow(EVERYONE)
@api.output(QueueSnapshot)
@api.doc(summary="Live snapshot of all queues")
def show_queues() -> dict[str, Any]:
    with parts().database.reading() as session:
        board = service.board(session, parts().settings, parts().now())
    return board | {"items": board["queues"]}
