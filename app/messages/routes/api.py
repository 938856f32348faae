"""Messages for programs: /api/v1/messages."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, DateTime, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.accounts.rules import AT_THE_DESK
from app.errors import InvalidInput
from app.http import allow, parts, reading, signed_in, writing
from app.http_fields import ShownNumber
from app.messages import service
from app.messages.models import Message
from app.messages.rules import Direction, InState, MessageKind, Origin, OutState
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.patients.phones import parse_number
from app.texts import N_

api = APIBlueprint("messages_api", __name__, url_prefix="/api/v1/messages", tag="Messages")

# Longer texts than any that can be sent are still read, so that the answer can say how long they are.
_LONGEST_TEXT = 100_000
_STATES = sorted({state.value for state in (*OutState, *InState)})


class MessageIn(Schema):
    to = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 60),
        metadata={"description": "A mobile, in any spelling."},
    )
    patient_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    text = String(required=True, validate=Length(max=_LONGEST_TEXT))
    kind = String(required=True, validate=OneOf([kind.value for kind in MessageKind]))
    dedup_key = String(
        load_default=None,
        allow_none=True,
        validate=Length(1, 100),
        metadata={"description": "The same key twice is the same message: the second answer is 200 with the first."},
    )

    due_at = AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "When it should leave; the hours of the contact policy hold besides. Nothing: now."},
    )


class MessageOut(Schema):
    id = Integer(required=True)
    direction = String(required=True, metadata={"enum": [direction.value for direction in Direction]})
    number = ShownNumber(required=True)
    patient_id = Integer(required=True, allow_none=True)
    text = String(required=True)
    kind = String(required=True)
    state = String(required=True, metadata={"enum": _STATES})
    parts = Integer(required=True, metadata={"description": "How many segments carry it."})
    is_complete = Boolean(required=True, metadata={"description": "False when a part of an incoming text never came."})
    created_at = DateTime(required=True)
    created_by = String(required=True, allow_none=True)
    due_at = DateTime(required=True, allow_none=True)
    sent_at = DateTime(required=True, allow_none=True)
    final_at = DateTime(required=True, allow_none=True)
    handled_at = DateTime(required=True, allow_none=True)
    reply_to_id = Integer(required=True, allow_none=True)
    resent_from_id = Integer(required=True, allow_none=True)
    forwarded_from_id = Integer(required=True, allow_none=True)
    origin = String(required=True, metadata={"enum": [origin.value for origin in Origin]})
    origin_id = Integer(
        required=True, allow_none=True, metadata={"description": "The mass send, rule or follow-up task."}
    )
    error = String(
        required=True,
        allow_none=True,
        metadata={"description": "`uncertain`: submitted, no answer was read; `smpp-0x…`: the SMSC's status."},
    )


class MessagesQuery(Schema):
    direction = String(load_default=None, validate=OneOf([direction.value for direction in Direction]))
    state = String(load_default=None, validate=OneOf(_STATES))
    number = String(load_default=None, validate=Length(max=60))
    patient_id = Integer(load_default=None, validate=Range(1, 2**31 - 1))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class MessagesPage(Schema):
    items = List(Nested(MessageOut), required=True)
    next_cursor = String(required=True, allow_none=True)


@api.post("")
@allow(AT_THE_DESK)
@api.input(MessageIn, arg_name="given")
@api.output(MessageOut, status_code=201)
@api.doc(summary="Send a text", responses={200: "The message that has this dedup_key.", 404: "", 409: "", 422: ""})
def send_message(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    with writing() as session:
        message, is_new = service.queue_message(
            session,
            parts().bus,
            settings=parts().settings,
            number=given["to"],
            patient_id=given["patient_id"],
            text=given["text"],
            kind=MessageKind(given["kind"]),
            dedup_key=given["dedup_key"],
            due_at=given["due_at"],
            created_by=signed_in().username,
            now=parts().now(),
            origin=Origin.PROGRAM,
        )
        view = _view(message)
    return view, 201 if is_new else 200, {"Location": f"/api/v1/messages/{message.id}"}


@api.get("")
@allow(AT_THE_DESK)
@api.input(MessagesQuery, location="query", arg_name="query")
@api.output(MessagesPage)
@api.doc(summary="Messages, newest first")
def list_messages(query: dict[str, Any]) -> dict[str, Any]:
    filters = service.Filters(
        direction=Direction(query["direction"]) if query["direction"] else None,
        state=query["state"],
        number=_e164(query["number"]) if query["number"] else None,
        patient_id=query["patient_id"],
    )
    with reading() as session:
        page = service.list_messages(session, filters, limit=query["limit"], cursor=query["cursor"])
        return {"items": [_view(message) for message in page.items], "next_cursor": page.next_cursor}


@api.get("/<int:message_id>")
@allow(AT_THE_DESK)
@api.output(MessageOut)
@api.doc(summary="One message", responses=[404])
def get_message(message_id: int) -> dict[str, Any]:
    with reading() as session:
        return _view(service.get_message(session, message_id))


def _e164(text: str) -> str:
    settings = parts().settings
    number = parse_number(text, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if number is None:
        raise InvalidInput(N_("This is not a telephone number."), field="number")
    return number.e164


def _view(message: Message) -> dict[str, Any]:
    plain = (
        "id", "direction", "number", "patient_id", "text", "kind", "state", "parts", "is_complete", "created_at",
        "created_by", "due_at", "sent_at", "final_at", "handled_at", "reply_to_id", "resent_from_id",
        "forwarded_from_id", "origin", "origin_id",
    )  # fmt: skip
    return {**{field: getattr(message, field) for field in plain}, "error": message.error_code}
