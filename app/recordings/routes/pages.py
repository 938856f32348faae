"""Recordings for people: the list, one recording, its player."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.rules import WITH_RECORDINGS, Role
from app.alarms.rules import AlarmKind
from app.calls.service.history import agents_with_calls
from app.http import allow, parts, reading, signed_in
from app.recordings import service
from app.recordings.rules import FINDING_TEXT, STATE_TEXT, RecordingState
from app.texts import N_

log = structlog.get_logger()
pages = Blueprint("recordings", __name__, template_folder="../templates", url_prefix="/quality")

MAY_CHECK = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})
_DIRECTIONS = {"inbound": N_("Incoming"), "outbound": N_("Outgoing")}


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
