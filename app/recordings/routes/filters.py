"""The filters of the list of recordings, as they stand in its address."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date, datetime, time, timedelta

from flask import request
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.calls.rules import DISPOSITION_TEXT
from app.http import parts, viewer
from app.patients import service as patients
from app.patients.phones import parse_number
from app.recordings import service
from app.recordings.routes.narrowing import narrowings_for
from app.recordings.rules import MarkerKind, RecordingState
from app.texts import N_

DIRECTIONS = {"inbound": N_("Incoming"), "outbound": N_("Outgoing")}
MARKED_BY: Mapping[str, MarkerKind] = {
    "held": MarkerKind.HOLD,
    "transferred": MarkerKind.TRANSFER,
    "consulting": MarkerKind.CONSULT,
    "conferring": MarkerKind.CONFERENCE,
    "parked": MarkerKind.PARK,
    "recording_paused": MarkerKind.PAUSE,
    "rejoining": MarkerKind.REJOIN,
    "voicemail": MarkerKind.VOICEMAIL,
}
"""What a recording can be looked for by: the kind of event in the journal, and what it marks."""
_LONGEST_DAY = 24 * 60


def chosen_filters() -> dict[str, str]:
    """What the address narrows the list to; what makes no sense is passed over."""
    given = request.args
    added = [each.read(given) for each in narrowings_for(viewer())]
    return {name: value for each in added for name, value in each.items()} | {
        "from": _day(given.get("from", "")),
        "to": _day(given.get("to", "")),
        "agent": _word(given.get("agent", ""), 64),
        "patient": _id(given.get("patient", "")),
        "name": _word(given.get("name", ""), 60).strip(),
        "words": _words(given.get("words", "")),
        "number": "".join(each for each in given.get("number", "")[:24] if each in "+0123456789"),
        "queue": _word(given.get("queue", ""), 40),
        "direction": _one_of(given.get("direction", ""), DIRECTIONS),
        "disposition": _one_of(given.get("disposition", ""), DISPOSITION_TEXT),
        "shortest": _minutes(given.get("shortest", "")),
        "longest": _minutes(given.get("longest", "")),
        "marker": _one_of(given.get("marker", ""), MARKED_BY),
        "state": _one_of(given.get("state", ""), set(RecordingState)),
        "held": "1" if given.get("held") == "1" else "",
        "look": "1" if given.get("look") == "1" else "",
    }


def filters_of(session: Session, chosen: Mapping[str, str]) -> service.Filters:
    """The same as the service takes it."""
    also = [condition for each in narrowings_for(viewer()) for condition in each.conditions(chosen)]
    if chosen["name"]:
        also.append(patients.is_called(session, Call.patient_id, chosen["name"], settings=parts().settings))
    patient_id = int(chosen["patient"]) if chosen["patient"] else None
    return service.Filters(
        agent=chosen["agent"] or None,
        # No patient has an id beyond what the database can hold.
        patient_id=patient_id if patient_id is None or patient_id < 2**31 else 0,
        number=_number(chosen["number"]),
        queue=chosen["queue"] or None,
        direction=chosen["direction"] or None,
        disposition=chosen["disposition"] or None,
        shortest_seconds=float(chosen["shortest"]) * 60 if chosen["shortest"] else None,
        longest_seconds=float(chosen["longest"]) * 60 if chosen["longest"] else None,
        marker=chosen["marker"] or None,
        state=RecordingState(chosen["state"]) if chosen["state"] else None,
        since=_start_of(chosen["from"], days=0),
        until=_start_of(chosen["to"], days=1),
        is_held=bool(chosen["held"]),
        words=service.looked_for(chosen["words"]),
        also=also,
        needs_look=bool(chosen["look"]),
    )


def _number(typed: str) -> str | None:
    """A whole number in its one form; a few digits as the end of one."""
    if not typed:
        return None
    settings = parts().settings
    found = parse_number(typed, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    return found.e164 if found else typed.lstrip("+0")[-15:] or None


def _word(text: str, longest: int) -> str:
    return text.replace("\x00", "")[:longest]


def _id(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) < 20 else ""


def _words(text: str) -> str:
    words = " ".join(_word(text, 200).split())[:100]
    return words if service.looked_for(words) else ""


def _one_of(text: str, known: Container[str]) -> str:
    return text if text in known else ""


def _minutes(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _LONGEST_DAY else ""


def _day(text: str) -> str:
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
