"""Contacts for programs: /api/v1/interactions."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import request

from app.accounts.rules import AT_THE_DESK, Role
from app.channels import service
from app.channels.adapters import LoopbackAdapter
from app.channels.models import Interaction
from app.channels.routes.labels import shown_address
from app.channels.rules import AdapterKind, Channel, InState, Outcome, OutState, Unreadable
from app.channels.service import Draft, Filters
from app.channels.service.writing import LONGEST_SUBJECT, LONGEST_TEXT
from app.errors import InvalidInput, Unavailable
from app.http import allow, parts, reading, signed_in, writing
from app.http_fields import ShownNumber
from app.messages.rules import Direction
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.texts import N_

api = APIBlueprint("interactions_api", __name__, url_prefix="/api/v1/interactions", tag="Interactions")

_CHANNELS = [channel.value for channel in Channel]
_WRITTEN = [channel for channel in _CHANNELS if channel != Channel.WEB]
_STATES = sorted({state.value for state in (*InState, *OutState)})


class InteractionIn(Schema):
    channel = String(required=True, validate=OneOf(_WRITTEN))
    to = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 200),
        metadata={"description": "The address on that channel; an email without it goes to the patient's own address."},
    )
    patient_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    reply_to_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    subject = String(load_default="", validate=Length(max=LONGEST_SUBJECT))
    text = String(required=True, validate=Length(max=LONGEST_TEXT))
    is_draft = Boolean(load_default=False)
    dedup_key = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 90),
        metadata={"description": "The same key twice is the same contact: the second answer is 200 with the first."},
    )


class InteractionOut(Schema):
    id = Integer(required=True)
    channel = String(required=True, metadata={"enum": _CHANNELS})
    direction = String(required=True, metadata={"enum": [direction.value for direction in Direction]})
    state = String(required=True, metadata={"enum": _STATES})
    at = DateTime(required=True)
    patient_id = Integer(required=True, allow_none=True)
    agent = String(required=True, allow_none=True)
    address = String(required=True)
    number = ShownNumber(required=True, allow_none=True)
    name = String(required=True)
    subject = String(required=True)
    text = String(required=True)
    attachments = List(Dict(), required=True, metadata={"description": "Names and sizes; the content is not kept."})
    outcome = String(required=True, allow_none=True, metadata={"enum": [each.value for each in Outcome]})
    reply_to_id = Integer(required=True, allow_none=True)
    message_id = Integer(required=True, allow_none=True, metadata={"description": "The text that answered it."})
    sent_at = DateTime(required=True, allow_none=True)
    handled_at = DateTime(required=True, allow_none=True)
    error = String(required=True, allow_none=True)


class InteractionsQuery(Schema):
    channel = String(load_default=None, validate=OneOf(_CHANNELS))
    direction = String(load_default=None, validate=OneOf([direction.value for direction in Direction]))
    state = String(load_default=None, validate=OneOf(_STATES))
    patient_id = Integer(load_default=None, validate=Range(1, 2**31 - 1))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class InteractionsPage(Schema):
    items = List(Nested(InteractionOut), required=True)
    next_cursor = String(required=True, allow_none=True)


class StateChange(Schema):
    state = String(
        required=True,
        validate=OneOf(["read", "answered", "ignored", "queued", "cancelled", "sent"]),
        metadata={"description": "`queued` sends a draft, or a failed or uncertain one again; `sent` settles one."},
    )


@api.get("")
@allow(AT_THE_DESK)
@api.input(InteractionsQuery, location="query", arg_name="query")
@api.output(InteractionsPage)
@api.doc(summary="Contacts on every channel but call and SMS, newest first")
def list_interactions(query: dict[str, Any]) -> dict[str, Any]:
    filters = Filters(
        channel=Channel(query["channel"]) if query["channel"] else None,
        direction=Direction(query["direction"]) if query["direction"] else None,
        state=query["state"],
        patient_id=query["patient_id"],
    )
    with reading() as session:
        page = service.list_interactions(session, filters, limit=query["limit"], cursor=query["cursor"])
        return {"items": [_view(row) for row in page.items], "next_cursor": page.next_cursor}


@api.post("")
@allow(AT_THE_DESK)
@api.input(InteractionIn, arg_name="given")
@api.output(InteractionOut, status_code=201)
@api.doc(summary="Write to somebody", responses={200: "The one with this dedup_key.", 404: "", 409: "", 503: ""})
def write_interaction(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    with writing() as session:
        draft = Draft(
            channel=Channel(given["channel"]),
            address=given["to"] or service.own_email(session, given["patient_id"]),
            subject=given["subject"],
            text=given["text"],
            patient_id=given["patient_id"],
            reply_to_id=given["reply_to_id"],
            key=given["dedup_key"],
            is_held=given["is_draft"],
        )
        agent, now = signed_in().username, parts().now()
        row, is_new = service.write(session, parts().bus, draft, settings=parts().settings, agent=agent, now=now)
        view = _view(row)
    return view, 201 if is_new else 200, {"Location": f"/api/v1/interactions/{row.id}"}


@api.get("/<int:interaction_id>")
@allow(AT_THE_DESK)
@api.output(InteractionOut)
@api.doc(summary="One contact", responses=[404])
def get_interaction(interaction_id: int) -> dict[str, Any]:
    with reading() as session:
        return _view(service.get_interaction(session, interaction_id))


@api.patch("/<int:interaction_id>")
@allow(AT_THE_DESK)
@api.input(StateChange, arg_name="given")
@api.output(InteractionOut)
@api.doc(summary="Handle a contact that came in, or send or take back one that goes out", responses=[404, 409])
def change_state(interaction_id: int, given: dict[str, Any]) -> dict[str, Any]:
    with writing() as session:
        agent, now = signed_in().username, parts().now()
        return _view(service.change_state(session, parts().bus, interaction_id, given["state"], agent=agent, now=now))


@api.post("/received/<channel>")
@allow({Role.ADMIN})
@api.output(InteractionOut, status_code=201)
@api.doc(
    summary="Bring a contact in on a channel that has a stand-in, as its connector would",
    description="A JSON document with `id`, `address` and `text`, and perhaps `name` and `subject`.",
    responses={200: "The one with this id.", 503: "The channel has no stand-in."},
)
def receive_interaction(channel: str) -> tuple[dict[str, Any], int]:
    stand_ins = {
        each.channel.value
        for each in service.connections(parts().settings)
        if each.receives is AdapterKind.LOOPBACK and each.channel is not Channel.EMAIL
    }
    if channel not in stand_ins:
        raise Unavailable(N_("This channel is not connected. Choose another one."))
    try:
        incoming = LoopbackAdapter(Channel(channel)).receive(request.get_data())
    except Unreadable:
        raise InvalidInput(N_("Send a JSON document with id, address and text.")) from None
    # The session is nobody's: the scope of the program that brings it may not decide whose it is.
    with parts().database.writing() as session:
        row, is_new = service.receive(session, parts().bus, incoming, settings=parts().settings, now=parts().now())
        return _view(row), 201 if is_new else 200


def _view(row: Interaction) -> dict[str, Any]:
    plain = (
        "id", "channel", "direction", "state", "at", "patient_id", "agent", "number", "name", "subject", "text",
        "attachments", "outcome", "reply_to_id", "message_id", "sent_at", "handled_at",
    )  # fmt: skip
    shown = {field: getattr(row, field) for field in plain}
    return {**shown, "address": shown_address(row.channel, row.address), "error": row.error_code}
