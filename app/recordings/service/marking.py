"""What happened where in a recording, and what people have written at a place of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotAllowed, NotFound
from app.journal.models import JournalEntry
from app.recordings.models import Recording, RecordingComment
from app.recordings.rules import KINDS_MARKED, Happened, Marker, markers_of
from app.texts import N_

LONGEST_COMMENT = 500
_PREFIX = "call."


def markers(session: Session, recording: Recording) -> list[Marker]:
    """The markers of a recording, from the call's own journal; none before its audio is known."""
    if recording.seconds is None:
        return []
    wanted = select(JournalEntry.kind, JournalEntry.at).where(
        JournalEntry.call_id == recording.call_id,
        JournalEntry.kind.in_([f"{_PREFIX}{kind}" for kind in sorted(KINDS_MARKED)]),
    )
    happened = [Happened(kind=kind.removeprefix(_PREFIX), at=at) for kind, at in session.execute(wanted)]
    return markers_of(happened, started_at=recording.started_at, seconds=recording.seconds)


def comments(session: Session, recording_id: str) -> Sequence[RecordingComment]:
    """What was written at places of a recording, in the order of the places."""
    wanted = select(RecordingComment).where(RecordingComment.recording_id == recording_id)
    return session.scalars(wanted.order_by(RecordingComment.at_seconds, RecordingComment.id)).all()


def add_comment(
    session: Session, recording: Recording, *, at_seconds: float, text: str, by: str, now: datetime
) -> RecordingComment:
    """Write at a place of a recording. Raises InvalidInput for a place outside it or a text that is none."""
    text = text.strip()
    if not text or len(text) > LONGEST_COMMENT or "\x00" in text:
        raise InvalidInput(N_("Write a comment of at most 500 characters."), field="text")
    if not 0 <= at_seconds <= (recording.seconds or 0.0):
        raise InvalidInput(N_("This place is not in the recording."), field="at")
    made = RecordingComment(recording_id=recording.id, at_seconds=round(at_seconds, 2), text=text, by=by, at=now)
    session.add(made)
    session.flush()
    return made


def remove_comment(session: Session, recording: Recording, comment_id: int, *, by: str) -> None:
    """Take one's own comment at a recording away. Raises NotFound, NotAllowed."""
    found = session.get(RecordingComment, comment_id) if 0 < comment_id < 2**31 else None
    if found is None or found.recording_id != recording.id:
        raise NotFound(N_("There is no such comment."))
    if found.by != by:
        raise NotAllowed(N_("Only who wrote a comment can take it away."))
    session.delete(found)
