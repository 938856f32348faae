"""Showing one masked value in full: asked for with a reason, written into the audit log (guard 7)."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Length, OneOf, Range

from app.access import service
from app.access.rules import SHOWN_SECONDS, Revealed, RevealReason
from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.errors import InvalidInput
from app.http import allow, audit, writing
from app.texts import N_

api = APIBlueprint("reveal_api", __name__, url_prefix="/api/v1", tag="Access")

_REASON = [reason.value for reason in RevealReason]


class RevealIn(Schema):
    reason = String(required=True, validate=OneOf(_REASON))
    note = String(
        load_default="",
        validate=Length(max=200),
        metadata={"description": "The reason in words; needed when `reason` is `other`."},
    )


class RevealPartIn(RevealIn):
    what = String(required=True, validate=OneOf([part.value for part in Revealed]))
    id = Integer(
        load_default=None,
        allow_none=True,
        validate=Range(1, 2**31 - 1),
        metadata={"description": "Of the phone or identifier; the address needs none."},
    )


class RevealOut(Schema):
    value = String(metadata={"description": "The number as people read it, the identifier, or the address."})
    shown_seconds = Integer(metadata={"description": "Mask it again after so long."})


@api.post("/patients/<int:patient_id>/reveal")
@allow(WITH_PATIENTS)
@api.input(RevealPartIn, arg_name="given")
@api.output(RevealOut)
@api.doc(summary="Show a masked number, identifier or address in full", responses=[404, 422])
def reveal_of_patient(patient_id: int, given: dict[str, Any]) -> dict[str, Any]:
    reason, what = _reason(given), Revealed(given["what"])
    with writing() as session:
        found = service.reveal_of_patient(session, patient_id, what, given["id"])
        details = {"what": what.value, "id": given["id"]}
        audit(session, Action.REVEAL, patient_id=found.patient_id, subject=what.value, reason=reason, details=details)
    return {"value": found.value, "shown_seconds": SHOWN_SECONDS}


@api.post("/calls/<call_id>/reveal")
@allow(WITH_PATIENTS)
@api.input(RevealIn, arg_name="given")
@api.output(RevealOut)
@api.doc(summary="Show the masked number of a call in full", responses=[404, 422])
def reveal_of_call(call_id: str, given: dict[str, Any]) -> dict[str, Any]:
    reason = _reason(given)
    with writing() as session:
        found = service.reveal_of_call(session, call_id)
        audit(session, Action.REVEAL, patient_id=found.patient_id, subject=f"call:{call_id}", reason=reason)
    return {"value": found.value, "shown_seconds": SHOWN_SECONDS}


@api.post("/messages/<int:message_id>/reveal")
@allow(WITH_PATIENTS)
@api.input(RevealIn, arg_name="given")
@api.output(RevealOut)
@api.doc(summary="Show the masked number of a text in full", responses=[404, 422])
def reveal_of_message(message_id: int, given: dict[str, Any]) -> dict[str, Any]:
    reason = _reason(given)
    with writing() as session:
        found = service.reveal_of_message(session, message_id)
        audit(session, Action.REVEAL, patient_id=found.patient_id, subject=f"message:{message_id}", reason=reason)
    return {"value": found.value, "shown_seconds": SHOWN_SECONDS}


def _reason(given: dict[str, Any]) -> str:
    note = str(given["note"]).strip()
    if given["reason"] == RevealReason.OTHER and not note:
        raise InvalidInput(N_("Say in a few words why you need it."), field="note")
    return f"{given['reason']}: {note}" if note else str(given["reason"])
