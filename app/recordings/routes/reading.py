"""What was said, for whoever may listen: shown, looked for, taken away as a text, and each time on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import WITH_RECORDINGS
from app.audit.rules import Action
from app.calls.models import Call
from app.errors import Conflict, NotAllowed, NotFound, WardlineError
from app.http import allow, audit, audit_people, parts, reading, signed_in, viewer, writing
from app.recordings import service
from app.recordings.models import Recording, Transcript
from app.recordings.routes.audio import asked_why, is_asked_why
from app.recordings.routes.blueprint import pages
from app.recordings.rules import FAILURE_TEXT, Segment, Side, TranscriptFailure, TranscriptState, as_text
from app.texts import N_

SIDE_TEXT = {Side.PATIENT: N_("Patient"), Side.AGENT: N_("Agent")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A transcript in the hands of somebody who may read it."""

    recording: Recording
    transcript: Transcript
    segments: Sequence[Segment]


@pages.get("/<recording_id>/transcript")
@allow(WITH_RECORDINGS)
def show_transcript(recording_id: str) -> str:
    """The panel of a recording's page: how far its transcript is; its words for who asks for them (`read`)."""
    words = service.looked_for(request.args.get("words", "")[:100])
    with reading() as session:
        found = service.get(session, recording_id)
        transcript = service.transcript_of(session, recording_id)
        asked_why = is_asked_why(session, found)
        is_open = service.is_reading_on_record(session, found, signed_in().username, parts().now())
    is_made = transcript is not None and transcript.state == TranscriptState.MADE
    wants = is_open or ("read" in request.args and (not asked_why or _reason() != ""))
    read = read_transcript(recording_id) if is_made and wants else None
    return render_template(
        "recordings/_transcript.html",
        recording=found,
        transcript=transcript,
        has_model=parts().settings.transcription_model is not None,
        failure=_failure_of(transcript),
        asked_why=asked_why,
        may_take=viewer().grant(Module.DOWNLOAD).can_view,
        lines=[(each, service.parts_of(each.text, words)) for each in read.segments] if read else None,
        words=request.args.get("words", "")[:100],
        side_words={side: _(text) for side, text in SIDE_TEXT.items()},
    )


@pages.post("/<recording_id>/transcript")
@allow(WITH_RECORDINGS)
def request_transcript(recording_id: str) -> BaseResponse:
    """Have a transcript made of an older recording, or tried once more."""
    try:
        with writing() as session:
            service.request_transcript(session, service.get(session, recording_id), parts().now())
    except WardlineError as error:
        flash(_(error.detail), "danger")
    return redirect(url_for(".show_recording", recording_id=recording_id), 303)


@pages.get("/<recording_id>/transcript.txt")
@allow(WITH_RECORDINGS)
def take_transcript(recording_id: str) -> Response:
    """The transcript as a text to take away. Always with a reason, always on record."""
    if not viewer().grant(Module.DOWNLOAD).can_view:
        raise NotAllowed(N_("You may listen to recordings, not take them away."))
    if not _reason():
        raise Conflict(N_("Say for what you take this transcript away."), reason="reason_needed")
    read = read_transcript(recording_id)
    with writing() as session:
        _audit(session, Action.DOWNLOAD, read.recording)
    text = as_text(read.segments, {side: str(_(word)) for side, word in SIDE_TEXT.items()})
    name = f"{read.recording.started_at:%Y%m%d-%H%M%S}-{recording_id}.txt"
    answer = Response(text, mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def read_transcript(recording_id: str) -> Read:
    """The words of a recording, once it is on record who reads them.

    Raises NotFound, Conflict while there are none, and where the hospital wants a reason and `reason` is not given.
    """
    with reading() as session:
        found = service.get(session, recording_id)
        transcript = service.transcript_of(session, recording_id)
        if transcript is None:
            raise NotFound(N_("There is no transcript of this recording."))
        if transcript.state != TranscriptState.MADE:
            raise Conflict(N_("The transcript of this recording is not made yet."))
        is_on_record = service.is_reading_on_record(session, found, signed_in().username, parts().now())
        if not _reason() and is_asked_why(session, found):
            raise Conflict(N_("Say why you read this call."), reason="reason_needed")
        segments = service.segments_of(session, recording_id)
    if not is_on_record:
        with writing() as session:
            service.record_reading(session, parts().bus, found, signed_in().username, parts().now())
            _audit(session, Action.READ, found)
    return Read(recording=found, transcript=transcript, segments=segments)


def show_snippets(recordings: Sequence[Recording], words: Sequence[str]) -> dict[str, list[service.Snippet]]:
    """Where the words were said in these recordings, once it is on record that they were shown.

    Of a call that is read for a reason only, nothing is shown before the reason is given.
    """
    if not words:
        return {}
    with reading() as session:
        closed = asked_why(session, recordings)
        open_ones = [each.id for each in recordings if each.id not in closed]
        found = service.snippets_of(session, open_ones, words)
        shown = [each for each in open_ones if found.get(each)]
        of_people = select(Call.patient_id).join(Recording, Recording.call_id == Call.id)
        people = {each for each in session.scalars(of_people.where(Recording.id.in_(shown))) if each is not None}
    if shown:
        details = {"recordings": len(shown)}
        with writing() as session:
            if people:
                audit_people(session, Action.READ, people, subject="transcripts", details=details)
            else:
                audit(session, Action.READ, subject="transcripts", details=details)
    return found


def _audit(session: Session, action: Action, found: Recording) -> None:
    patient_id = session.scalar(select(Call.patient_id).where(Call.id == found.call_id))
    audit(session, action, patient_id=patient_id, subject=f"transcript:{found.id}", reason=_reason())


def _failure_of(transcript: Transcript | None) -> str | None:
    if transcript is None or transcript.failure is None:
        return None
    return str(_(FAILURE_TEXT[TranscriptFailure(transcript.failure)]))


def _reason() -> str:
    return request.args.get("reason", "").strip()[:200]
