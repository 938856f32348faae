"""Parts of one record for programs: its timeline, wishes and opinions, and links to other people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Integer, List, Nested, String
from apiflask.validators import Length, Range

from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.http import allow, audit, parts, signed_in, writing
from app.http_fields import ShownNumber
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.patients import service
from app.patients.kinds import LinkRelation, NoteKind
from app.patients.routes.api import api


class TimelineQuery(Schema):
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))
    phase = String(load_default=None, metadata={"enum": ["pre", "in", "post"]})
    channel = String(load_default=None, metadata={"description": "A kind of entry, such as call, message or visit."})


class TimelineItemOut(Schema):
    kind = String(metadata={"description": "call, message, visit, operation, exam and what other parts add"})
    id = String()
    at = DateTime()
    phase = String(allow_none=True, metadata={"enum": ["pre", "in", "post"]})
    direction = String()
    number = ShownNumber()
    agent = String(allow_none=True)
    state = String()
    outcome = String(allow_none=True)
    answered_at = DateTime(allow_none=True)
    ended_at = DateTime(allow_none=True)
    duration_seconds = Integer(allow_none=True)
    disposition = String(allow_none=True)
    note = String(allow_none=True)
    recording_id = String(allow_none=True)
    recording_state = String(allow_none=True)
    text = String(allow_none=True)
    message_kind = String(allow_none=True)
    error = String(allow_none=True)
    title = String(allow_none=True)
    detail = String(allow_none=True)


class TimelinePage(Schema):
    items = List(Nested(TimelineItemOut))
    next_cursor = String(allow_none=True)


class NoteIn(Schema):
    kind = String(required=True, metadata={"enum": [kind.value for kind in NoteKind]})
    text = String(required=True)
    category = String(load_default=None, allow_none=True)
    call_id = String(load_default=None, allow_none=True, validate=Length(max=64))


class NoteOut(Schema):
    id = Integer()
    kind = String()
    category = String(allow_none=True)
    text = String()
    at = DateTime()
    created_by = String(allow_none=True)
    call_id = String(allow_none=True)
    visit_id = Integer(allow_none=True)
    response = String(allow_none=True)
    answered_at = DateTime(allow_none=True)
    answered_by = String(allow_none=True)


class NotesOut(Schema):
    items = List(Nested(NoteOut))


class LinkIn(Schema):
    other_id = Integer(required=True, validate=Range(1, 2**31 - 1))
    relation = String(
        required=True,
        metadata={
            "enum": [relation.value for relation in LinkRelation],
            "description": "What the other person is to this one.",
        },
    )
    may_be_told = Boolean(load_default=False)


class LinkOut(Schema):
    id = Integer()
    other_id = Integer()
    other_name = String()
    relation = String()
    may_be_told = Boolean()


class LinksOut(Schema):
    items = List(Nested(LinkOut))


@api.get("/<int:patient_id>/timeline")
@allow(WITH_PATIENTS)
@api.input(TimelineQuery, location="query", arg_name="query")
@api.output(TimelinePage)
@api.doc(summary="Everything that happened with a patient on every channel, newest first", responses=[404])
def get_timeline(patient_id: int, query: dict[str, Any]) -> Any:
    with writing() as session:
        known = service.require_patient(session, patient_id)
        audit(session, Action.VIEW, patient_id=known, subject="timeline")
        return service.timeline(session, known, **query)


@api.get("/<int:patient_id>/notes")
@allow(WITH_PATIENTS)
@api.output(NotesOut)
@api.doc(summary="A patient's wishes, opinions, suggestions and problems, open wishes first", responses=[404])
def get_notes(patient_id: int) -> Any:
    with writing() as session:
        known = service.require_patient(session, patient_id)
        audit(session, Action.VIEW, patient_id=known, subject="notes")
        return {"items": service.notes_of(session, known)}


@api.post("/<int:patient_id>/notes")
@allow(WITH_PATIENTS)
@api.input(NoteIn, arg_name="given")
@api.output(NoteOut, status_code=201)
@api.doc(summary="Note what a patient wished or thought", responses=[404, 422])
def add_note(patient_id: int, given: dict[str, Any]) -> Any:
    with writing() as session:
        note = service.add_note(session, parts().bus, patient_id, by=signed_in().username, now=parts().now(), **given)
        audit(session, Action.CHANGE, patient_id=note.patient_id, subject=f"note:{note.id}")
        return note


@api.get("/<int:patient_id>/links")
@allow(WITH_PATIENTS)
@api.output(LinksOut)
@api.doc(summary="To whom a patient is tied; the same tie is seen from the other side there", responses=[404])
def get_links(patient_id: int) -> Any:
    with writing() as session:
        known = service.require_patient(session, patient_id)
        audit(session, Action.VIEW, patient_id=known, subject="links")
        return {"items": [asdict(link) for link in service.links_of(session, known)]}


@api.post("/<int:patient_id>/links")
@allow(WITH_PATIENTS)
@api.input(LinkIn, arg_name="given")
@api.output(LinkOut, status_code=201)
@api.doc(summary="Tie two patients; an introduction in a circle is refused", responses=[404, 409, 422])
def add_link(patient_id: int, given: dict[str, Any]) -> Any:
    with writing() as session:
        known = service.require_patient(session, patient_id)
        made = service.add_link(session, parts().bus, known, by=signed_in().username, now=parts().now(), **given)
        audit(session, Action.CHANGE, patient_id=known, subject=f"link:{made.id}")
        return next(asdict(link) for link in service.links_of(session, known) if link.id == made.id)


@api.delete("/<int:patient_id>/links/<int:link_id>")
@allow(WITH_PATIENTS)
@api.output({}, status_code=204)
@api.doc(summary="Untie two patients", responses=[404])
def remove_link(patient_id: int, link_id: int) -> str:
    with writing() as session:
        known = service.require_patient(session, patient_id)
        service.remove_link(session, parts().bus, known, link_id, by=signed_in().username, now=parts().now())
        audit(session, Action.CHANGE, patient_id=known, subject=f"link:{link_id}")
    return ""
