"""Calls for people (/calls) and for programs (/api/v1/calls). Read only: no signalled number is changed (T-05)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, DateTime, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app.access.service import raw_number_for
from app.accounts.rules import AT_THE_DESK, WITH_PATIENTS, WITH_RECORDINGS
from app.audit.rules import Action
from app.calls.rules import FATE_TEXT, OUTCOME_TEXT, PART_TEXT, Fate, Given, IdentityKind, Part
from app.calls.service import check_caller, disposition_names
from app.calls.service.history import CallFilters, CallRecord, agents_with_calls, get_call, list_calls
from app.errors import InvalidInput, NotFound
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.http_fields import ShownNumber
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.patients.phones import parse_number
from app.queues.service import queue_labels
from app.texts import N_

pages = Blueprint("calls", __name__, template_folder="templates")
api = APIBlueprint("calls_api", __name__, url_prefix="/api/v1/calls", tag="Calls")

PERIODS = {"today": N_("Today"), "week": N_("Last 7 days"), "month": N_("Last 30 days"), "all": N_("All calls")}
DIRECTIONS = {"inbound": N_("Incoming"), "outbound": N_("Outgoing"), "internal": N_("Among colleagues")}
_PERIOD_DAYS = {"today": 0, "week": 6, "month": 29}


class CallsQuery(Schema):
    since = String(data_key="from", load_default="", validate=Length(max=40), metadata={"example": "2026-11-21"})
    until = String(
        data_key="to", load_default="", validate=Length(max=40), metadata={"example": "2026-11-21T18:00:00Z"}
    )
    patient_id = Integer(load_default=None)
    agent = String(load_default=None, validate=Length(max=64))
    direction = String(load_default=None, validate=Length(max=8))
    outcome = String(load_default=None, validate=Length(max=20))
    number = String(load_default="", validate=Length(max=60))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class CallOut(Schema):
    id = String()
    direction = String(metadata={"description": "inbound, outbound, or internal: among colleagues, without a patient."})
    state = String()
    outcome = String(allow_none=True)
    ended_by = String(allow_none=True)
    number = ShownNumber(metadata={"description": "E.164, empty when withheld; masked as the user's grant says."})
    number_signalled = ShownNumber(metadata={"description": "As it came from the trunk; nobody can change it."})
    dialled = String()
    patient_id = Integer(allow_none=True)
    queue = String(allow_none=True)
    agent = String(allow_none=True)
    transferred_to = String(
        allow_none=True, metadata={"description": "The number outside that has or had the patient in the end."}
    )
    parked_at = DateTime(allow_none=True, metadata={"description": "Since when the patient waits parked."})
    started_at = DateTime()
    offered_at = DateTime(allow_none=True)
    answered_at = DateTime(allow_none=True)
    ended_at = DateTime(allow_none=True)
    duration_seconds = Integer(allow_none=True)
    disposition = String(allow_none=True)
    note = String(allow_none=True)
    recording_id = String(allow_none=True)
    recording_state = String(allow_none=True)


class CallsPage(Schema):
    items = List(Nested(CallOut))
    next_cursor = String(allow_none=True)


class GivenIn(Schema):
    kind = String(required=True, validate=OneOf([kind.value for kind in IdentityKind]))
    value = String(required=True, validate=Length(1, 120), metadata={"description": "As the caller said it."})


class VerificationIn(Schema):
    patient_id = Integer(required=True, validate=Range(1, 2**31 - 1))
    given = List(Nested(GivenIn), required=True, validate=Length(1, len(IdentityKind)))


class VerificationOut(Schema):
    is_verified = Boolean()
    tries_left = Integer()


@api.get("")
@allow(WITH_PATIENTS)
@api.input(CallsQuery, location="query", arg_name="query")
@api.output(CallsPage)
@api.doc(
    summary="Calls, newest first",
    description="`from` is included and `to` is not. A date without a time means the whole day in the hospital's zone.",
)
def list_calls_api(query: dict[str, Any]) -> dict[str, Any]:
    if query["patient_id"] is not None and not 0 < query["patient_id"] < 2**31:
        return {"items": [], "next_cursor": None}
    filters = CallFilters(
        since=_moment(query["since"], "from", end_of_day=False),
        until=_moment(query["until"], "to", end_of_day=True),
        patient_id=query["patient_id"],
        agent=query["agent"],
        direction=query["direction"],
        outcome=query["outcome"],
        number=_number(query["number"]),
    )
    with reading() as session:
        page = list_calls(session, filters, limit=query["limit"], cursor=query["cursor"])
    return {"items": [_view(record) for record in page.items], "next_cursor": page.next_cursor}


@api.get("/<call_id>")
@allow(WITH_PATIENTS)
@api.output(CallOut)
@api.doc(summary="One call", responses=[404])
def get_call_api(call_id: str) -> dict[str, Any]:
    with reading() as session:
        return _view(get_call(session, call_id))


@api.post("/<call_id>/verification")
@allow(AT_THE_DESK)
@api.input(VerificationIn, arg_name="given")
@api.output(VerificationOut)
@api.doc(
    summary="Check who is calling",
    description="Two right identifiers of different kinds identify the caller. What is on record is never told, nor "
    "which of the given ones was wrong. A call takes five tries.",
    responses=[404, 409, 422],
)
def verify_caller(call_id: str, given: dict[str, Any]) -> dict[str, Any]:
    said = [Given(kind=IdentityKind(each["kind"]), value=each["value"]) for each in given["given"]]
    patient_id = given["patient_id"]
    if "\x00" in call_id:
        raise NotFound(N_("No such call."))
    with writing() as session:
        checked = check_caller(
            session,
            parts().bus,
            call_id=call_id,
            agent=signed_in().username,
            patient_id=patient_id,
            given=said,
            now=parts().now(),
        )
        details = {"is_verified": checked.is_verified, "kinds": sorted({each.kind for each in said})}
        audit(session, Action.VERIFY, patient_id=patient_id, subject=f"call:{call_id}", details=details)
    return {"is_verified": checked.is_verified, "tries_left": checked.tries_left}


@pages.get("/calls")
@allow(WITH_PATIENTS)
def show_calls() -> str:
    """The list of calls; htmx asks for the further rows only."""
    chosen = {
        "period": _one_of(request.args.get("period"), PERIODS, "week"),
        "agent": request.args.get("agent", "")[:64],
        "direction": _one_of(request.args.get("direction"), DIRECTIONS, ""),
        "outcome": _one_of(request.args.get("outcome"), OUTCOME_TEXT, ""),
        "from": request.args.get("from", "")[:40],
        "to": request.args.get("to", "")[:40],
        "queue": request.args.get("queue", "")[:40],
        "fate": _one_of(request.args.get("fate"), set(Fate), ""),
        "part": _one_of(request.args.get("part"), set(Part), ""),
        "part_of": request.args.get("part_of", "")[:64],
    }
    filters = CallFilters(
        since=_moment(chosen["from"], "from", end_of_day=False) or _period_start(chosen["period"]),
        until=_moment(chosen["to"], "to", end_of_day=True),
        agent=chosen["agent"] or None,
        direction=chosen["direction"] or None,
        outcome=chosen["outcome"] or None,
        queue=chosen["queue"] or None,
        fate=Fate(chosen["fate"]) if chosen["fate"] else None,
        part=Part(chosen["part"]) if chosen["part"] else None,
        part_of=chosen["part_of"] or None,
    )
    with reading() as session:
        page = list_calls(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
        agents = agents_with_calls(session)
        queues = queue_labels(session)
        named = disposition_names(session, translate=_)
    return render_template(
        "calls/_rows.html" if request.args.get("cursor") else "calls/list.html",
        page=page,
        chosen=chosen,
        agents=agents,
        since=filters.since if "T" in chosen["from"] else None,
        until=filters.until if "T" in chosen["to"] else None,
        behind=_behind_a_figure(chosen, filters, dict(agents), queues),
        periods=[(code, _(text)) for code, text in PERIODS.items()],
        directions=[("", _("All directions")), *((code, _(text)) for code, text in DIRECTIONS.items())],
        outcomes=[("", _("Any outcome")), *((code.value, _(text)) for code, text in OUTCOME_TEXT.items())],
        outcome_labels={code.value: _(text) for code, text in OUTCOME_TEXT.items()},
        disposition_labels=named,
        may_listen=signed_in().role in WITH_RECORDINGS,
        timezone=parts().settings.timezone,
    )


def _behind_a_figure(
    chosen: dict[str, str], filters: CallFilters, agents: dict[str, str], queues: dict[str, str]
) -> list[str]:
    """The conditions that a report's link brought, in words; the form has no field for them."""
    words = []
    if filters.queue:
        words.append(queues.get(filters.queue, filters.queue))
    if filters.fate:
        words.append(_(FATE_TEXT[filters.fate]))
    if filters.part and filters.part_of:
        words.append(f"{_(PART_TEXT[filters.part])} {agents.get(filters.part_of, filters.part_of)}")
    return words


def _view(record: CallRecord) -> dict[str, Any]:
    call = record.call
    plain = (
        "id", "direction", "state", "outcome", "ended_by", "number", "number_signalled", "patient_id",
        "queue", "agent", "parked_at", "started_at", "offered_at", "answered_at", "ended_at", "disposition", "note",
    )  # fmt: skip
    # For an outgoing call the dialled number is the patient's.
    is_ours = call.direction != "outbound"
    return {
        **{field: getattr(call, field) for field in plain},
        "dialled": call.dialled if is_ours else raw_number_for(viewer(), call.dialled),
        "transferred_to": call.transferred_to and raw_number_for(viewer(), call.transferred_to),
        "duration_seconds": record.talk_seconds,
        "recording_id": record.recording_id,
        "recording_state": record.recording_state,
    }


def _moment(text: str, field: str, *, end_of_day: bool) -> datetime | None:
    if not text:
        return None
    zone = parts().settings.timezone
    try:
        if len(text) == len("2026-11-21"):
            day = date.fromisoformat(text) + timedelta(days=end_of_day)
            return datetime.combine(day, time(), tzinfo=zone)
        # A plus sign that was not escaped in the query arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise InvalidInput(N_("A time is written as 2026-11-21 or 2026-11-21T14:05:00+08:00."), field=field) from None


def _number(text: str) -> str | None:
    if not text:
        return None
    settings = parts().settings
    number = parse_number(text.strip(), area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if number is None:
        raise InvalidInput(N_("This is not a telephone number. A landline needs its area code."), field="number")
    return number.e164


def _one_of(value: str | None, known: Any, default: str) -> str:
    return value if value is not None and value in known else default


def _period_start(period: str) -> datetime | None:
    if period not in _PERIOD_DAYS:
        return None
    zone = parts().settings.timezone
    today = parts().now().astimezone(zone).date()
    return datetime.combine(today - timedelta(days=_PERIOD_DAYS[period]), time(), tzinfo=zone)
