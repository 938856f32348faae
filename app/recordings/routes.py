"""Recordings for people (/quality) and for programs (/api/v1/recordings), and their audio for both."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from apiflask import APIBlueprint, Schema
from apiflask.fields import DateTime, Float, Integer, List, String
from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.rules import WITH_RECORDINGS, Role
from app.alarms.rules import AlarmKind
from app.audit.rules import Action
from app.calls.models import Call
from app.calls.service.history import agents_with_calls
from app.errors import Conflict, NotFound
from app.http import allow, audit, parts, reading, signed_in, writing
from app.recordings import service
from app.recordings.models import Recording
from app.recordings.rules import FINDING_TEXT, STATE_TEXT, Finding, RecordingState
from app.texts import N_

log = structlog.get_logger()
pages = Blueprint("recordings", __name__, template_folder="templates", url_prefix="/quality")
api = APIBlueprint("recordings_api", __name__, url_prefix="/api/v1/recordings", tag="Recordings")

MAY_CHECK = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})
_DIRECTIONS = {"inbound": N_("Incoming"), "outbound": N_("Outgoing")}
_NOT_READY = N_("This recording is not ready yet. Try again in a few seconds.")
_NO_AUDIO = N_("There is no audio for this recording.")


class RecordingOut(Schema):
    id = String(required=True)
    call_id = String(required=True)
    state = String(required=True, metadata={"enum": [str(state) for state in RecordingState]})
    seconds = Float(required=True, allow_none=True)
    bytes = Integer(required=True, allow_none=True)
    sha256 = String(required=True, allow_none=True, metadata={"description": "Of the audio file, in hexadecimal."})
    media_type = String(required=True, allow_none=True)
    findings = List(String(metadata={"enum": [str(finding) for finding in Finding]}), required=True)
    started_at = DateTime(required=True)


class PeaksOut(Schema):
    seconds = Float(required=True)
    per_second = Integer(required=True)
    patient = List(Float(), required=True, metadata={"description": "Loudest sample of each step, 0 to 1."})
    agent = List(Float(), required=True)


@api.get("/<recording_id>")
@allow(WITH_RECORDINGS)
@api.output(RecordingOut)
@api.doc(summary="One recording", responses=[404])
def get_recording(recording_id: str) -> dict[str, Any]:
    with reading() as session:
        found = service.get(session, recording_id)
    return {
        "id": found.id,
        "call_id": found.call_id,
        "state": found.state,
        "seconds": found.seconds,
        "bytes": found.bytes,
        "sha256": found.sha256,
        "media_type": found.media_type,
        "findings": found.findings or [],
        "started_at": found.started_at,
    }


@api.get("/<recording_id>/audio")
@allow(WITH_RECORDINGS)
@api.doc(
    summary="The audio of a recording",
    description="Left channel: the patient; right: the agent. Takes Range requests. 409 while it is not ready.",
    responses={200: "The audio", 206: "A part of it", 404: "No such recording, or no audio", 416: "No such part"},
)
def get_audio(recording_id: str) -> Response:
    now = parts().now()
    with reading() as session:
        found = service.get(session, recording_id)
        relative = _playable_path(found)
        is_on_record = service.is_listening_on_record(session, found, signed_in().username, now)
    path = parts().settings.recordings_dir / relative
    if not path.is_file():
        log.error("recording.lost", recording=recording_id)
        with parts().database.writing() as session:
            service.recording_lost(session, parts().bus, recording_id, now)
        raise NotFound(_NO_AUDIO)
    # A player asks for many parts of one recording; taking it away counts each time.
    if request.method == "GET" and (not is_on_record or "download" in request.args):
        with writing() as session:
            service.record_listening(session, parts().bus, found, signed_in().username, now)
            _audit_listening(session, found)
    response = send_file(
        path,
        mimetype=found.media_type,
        conditional=True,
        etag=found.sha256 or False,
        as_attachment="download" in request.args,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _audit_listening(session: Session, found: Recording) -> None:
    """Whose voice was heard, by whom, and why where a reason was given (guard 10)."""
    action = Action.DOWNLOAD if "download" in request.args else Action.PLAY
    patient_id = session.scalar(select(Call.patient_id).where(Call.id == found.call_id))
    reason = request.args.get("reason", "")
    audit(session, action, patient_id=patient_id, subject=f"recording:{found.id}", reason=reason)


@api.get("/<recording_id>/peaks")
@allow(WITH_RECORDINGS)
@api.output(PeaksOut)
@api.doc(summary="The waveform of a recording, a side each", responses=[404, 409])
def get_peaks(recording_id: str) -> dict[str, Any]:
    with reading() as session:
        found, peaks = service.peaks_of(session, recording_id)
    _playable_path(found)
    return {"seconds": found.seconds, **peaks}


@pages.get("")
@allow(WITH_RECORDINGS)
def show_recordings() -> str:
    """The list of recordings; htmx asks for the further rows only."""
    chosen = _chosen()
    with reading() as session:
        page = service.list_recordings(session, _filters(chosen), cursor=request.args.get("cursor"))
        agents = agents_with_calls(session)
        alarms = service.needs_look(session)
    return render_template(
        "recordings/_rows.html" if request.args.get("cursor") else "recordings/list.html",
        page=page,
        chosen=chosen,
        agents=agents,
        missing=alarms.get(AlarmKind.RECORDING_MISSING, 0),
        doubtful=alarms.get(AlarmKind.RECORDING_DOUBTFUL, 0),
        is_disk_full=alarms.get(AlarmKind.RECORDINGS_UNSTORED, 0) > 0,
        directions=[("", _("Both directions")), *((code, _(text)) for code, text in _DIRECTIONS.items())],
        states=[("", _("Any state")), *((str(state), _(text)) for state, text in STATE_TEXT.items())],
        **_words(),
    )


@pages.get("/<recording_id>")
@allow(WITH_RECORDINGS)
def show_recording(recording_id: str) -> str:
    """One recording with its player and what is known about it."""
    with reading() as session:
        item = service.get_item(session, recording_id)
    return render_template("recordings/show.html", item=item, may_check=signed_in().role in MAY_CHECK, **_words())


@pages.get("/<recording_id>/player")
@allow(WITH_RECORDINGS)
def show_player(recording_id: str) -> str:
    """The player alone, for a row of the list."""
    with reading() as session:
        item = service.get_item(session, recording_id)
    return render_template("recordings/_player.html", recording=item.recording)


@pages.post("/<recording_id>/checked")
@allow(MAY_CHECK)
def mark_checked(recording_id: str) -> BaseResponse:
    """Somebody has looked at a doubtful recording."""
    with parts().database.writing() as session:
        found = service.get(session, recording_id)
        service.mark_checked(session, parts().bus, found, signed_in().username, parts().now())
    flash(_("Noted: this recording was checked."), "success")
    return redirect(url_for("recordings.show_recording", recording_id=recording_id))


def _playable_path(recording: Recording) -> str:
    state = RecordingState(recording.state)
    if state in (RecordingState.RECORDING, RecordingState.WAITING):
        raise Conflict(_NOT_READY)
    if state is RecordingState.MISSING or recording.path is None:
        raise NotFound(_NO_AUDIO)
    return recording.path


def _chosen() -> dict[str, str]:
    arguments = request.args
    return {
        "from": _date_or_nothing(arguments.get("from", "")),
        "to": _date_or_nothing(arguments.get("to", "")),
        "agent": arguments.get("agent", "")[:64],
        "patient": arguments.get("patient", "") if arguments.get("patient", "").isdecimal() else "",
        "direction": arguments.get("direction", "") if arguments.get("direction") in _DIRECTIONS else "",
        "state": arguments.get("state", "") if arguments.get("state") in set(RecordingState) else "",
        "look": "1" if arguments.get("look") == "1" else "",
    }


def _filters(chosen: dict[str, str]) -> service.Filters:
    patient_id = int(chosen["patient"]) if chosen["patient"] else None
    return service.Filters(
        agent=chosen["agent"] or None,
        # No patient has an id beyond what the database can hold.
        patient_id=patient_id if patient_id is None or patient_id < 2**31 else 0,
        direction=chosen["direction"] or None,
        state=RecordingState(chosen["state"]) if chosen["state"] else None,
        since=_start_of(chosen["from"], days=0),
        until=_start_of(chosen["to"], days=1),
        needs_look=bool(chosen["look"]),
    )


def _date_or_nothing(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    # Beyond these years a time zone's arithmetic leaves the calendar.
    return day.isoformat() if 1970 <= day.year <= 2999 else ""


def _start_of(day: str, *, days: int) -> datetime | None:
    if not day:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), parts().settings.timezone)


def _words() -> dict[str, Any]:
    return {
        "state_labels": {str(state): _(text) for state, text in STATE_TEXT.items()},
        "finding_labels": {str(finding): _(text) for finding, text in FINDING_TEXT.items()},
    }
