"""Who opened a patient's record, for programs."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import DateTime, Integer, List, Nested, String
from apiflask.validators import Length, Range

from app.accounts.rules import OVER_AGENTS
from app.audit import service
from app.audit.rules import Action
from app.http import allow, audit, writing
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.patients.service import get_patient

api = APIBlueprint("audit_api", __name__, url_prefix="/api/v1", tag="Access log")


class AccessLogQuery(Schema):
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class AccessOut(Schema):
    id = Integer()
    at = DateTime()
    actor = String(metadata={"description": "A username, or `system`."})
    actor_name = String()
    role = String()
    action = String(metadata={"enum": [action.value for action in Action]})
    subject = String(
        metadata={"description": "What it was done to, as `recording:<id>`, `transcript:<id>` or `call:<id>`."}
    )
    reason = String()
    address = String(metadata={"description": "From which network address."})


class AccessLogPage(Schema):
    items = List(Nested(AccessOut))
    next_cursor = String(allow_none=True)


@api.get("/patients/<int:patient_id>/access-log")
@allow(OVER_AGENTS)
@api.input(AccessLogQuery, location="query", arg_name="query")
@api.output(AccessLogPage)
@api.doc(summary="Who opened this patient's record, newest first", responses=[404])
def show_access_log(patient_id: int, query: dict[str, Any]) -> dict[str, Any]:
    with writing() as session:
        person = service.ids_of_person(session, get_patient(session, patient_id).id)
        filters = service.AuditFilters(patient_ids=person)
        page = service.list_events(session, filters, limit=query["limit"], cursor=query["cursor"])
        audit(session, Action.VIEW, patient_id=person[0], subject="access_log")
    return {"items": [_view(record) for record in page.items], "next_cursor": page.next_cursor}


def _view(record: service.AuditRecord) -> dict[str, Any]:
    plain = ("id", "at", "actor", "role", "action", "subject", "reason", "address")
    return {**{name: getattr(record.event, name) for name in plain}, "actor_name": record.actor_name}
