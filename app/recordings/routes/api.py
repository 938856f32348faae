"""Recordings for programs, and their audio for everybody who may listen."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, DateTime, Float, Integer, List, Nested, String
from flask import Response
from flask_babel import gettext as _

from app.accounts.rules import WITH_RECORDINGS
from app.http import allow, reading
from app.recordings import service
from app.recordings.routes.audio import is_asked_why, need_audio, send_audio
from app.recordings.routes.reading import read_transcript
from app.recordings.rules import MARKER_TEXT, Finding, MarkerKind, RecordingState, Side

api = APIBlueprint("recordings_api", __name__, url_prefix="/api/v1/recordings", tag="Recordings")


class RecordingOut(Schema):
    id = String(required=True)
    call_id = String(required=True)
    state = String(required=True, metadata={"enum": [str(state) for state in RecordingState]})
    seconds = Float(required=True, allow_none=True)
    bytes = Integer(required=True, allow_none=True)
    sha256 = String(required=True, allow_none=True, metadata={"description": "Of the audio, in hexadecimal."})
    media_type = String(required=True, allow_none=True)
    findings = List(String(metadata={"enum": [str(finding) for finding in Finding]}), required=True)
    started_at = DateTime(required=True)


class MarkerOut(Schema):
    kind = String(required=True, metadata={"enum": [str(kind) for kind in MarkerKind]})
    word = String(required=True, metadata={"description": "In the language of who asks."})
    start = Float(required=True, metadata={"description": "Seconds from the beginning of the sound."})
    end = Float(required=True, allow_none=True)


class PeaksOut(Schema):
    seconds = Float(required=True)
    per_second = Integer(required=True)
    patient = List(Float(), required=True, metadata={"description": "Loudest sample of each step, 0 to 1."})
    agent = List(Float(), required=True)
    markers = List(Nested(MarkerOut), required=True)
    needs_reason = Boolean(required=True, metadata={"description": "The audio is given with ?reason= only."})


class SegmentOut(Schema):
    side = String(required=True, metadata={"enum": [str(side) for side in Side]})
    start = Float(required=True, metadata={"description": "Seconds from the beginning of the sound."})
    end = Float(required=True)
    text = String(required=True)


class TranscriptOut(Schema):
    recording_id = String(required=True)
    language = String(required=True, allow_none=True, metadata={"description": "As the model tells it, such as zh."})
    engine = String(required=True)
    model = String(required=True)
    made_at = DateTime(required=True)
    segments = List(Nested(SegmentOut), required=True)


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


@api.get("/<recording_id>/transcript")
@allow(WITH_RECORDINGS)
@api.output(TranscriptOut)
@api.doc(
    summary="What was said, as a machine understood it",
    description="Each reading is audited as listening is. 409 while it is not made, and where the hospital wants a"
    " reason: give it as ?reason=.",
    responses={404: "No such recording, or no transcript of it", 409: "Not made yet, or a reason is needed"},
)
def get_transcript(recording_id: str) -> dict[str, Any]:
    read = read_transcript(recording_id)
    return {
        "recording_id": recording_id,
        "language": read.transcript.language,
        "engine": read.transcript.engine,
        "model": read.transcript.model,
        "made_at": read.transcript.made_at,
        "segments": [
            {"side": each.side.value, "start": each.start, "end": each.end, "text": each.text} for each in read.segments
        ],
    }


@api.get("/<recording_id>/audio")
@allow(WITH_RECORDINGS)
@api.doc(
    summary="The audio of a recording",
    description="Left channel: the patient; right: the agent. Takes Range requests. 409 while it is not ready.",
    responses={200: "The audio", 206: "A part of it", 404: "No such recording, or no audio", 416: "No such part"},
)
def get_audio(recording_id: str) -> Response:
    return send_audio(recording_id)


@api.get("/<recording_id>/peaks")
@allow(WITH_RECORDINGS)
@api.output(PeaksOut)
@api.doc(summary="The waveform of a recording, a side each", responses=[404, 409])
def get_peaks(recording_id: str) -> dict[str, Any]:
    with reading() as session:
        found, peaks = service.peaks_of(session, recording_id)
        need_audio(found)
        markers = service.markers(session, found)
        needs_reason = is_asked_why(session, found)
    return {
        "seconds": found.seconds,
        **peaks,
        "markers": [
            {"kind": each.kind.value, "word": _(MARKER_TEXT[each.kind]), "start": each.start, "end": each.end}
            for each in markers
        ],
        "needs_reason": needs_reason,
    }
