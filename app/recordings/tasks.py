"""What is to be done about recordings, found in the database. app/jobs.py says how often."""

from __future__ import annotations

from datetime import timedelta

from app.parts import Parts
from app.recordings import service

# Calls older than this were looked at by an earlier sweep; the bound keeps the sweep small in a table of millions.
_LOOK_BACK = timedelta(days=2)


def due_recordings(parts: Parts) -> list[str]:
    """The ids of recordings whose file is to be picked up now."""
    with parts.database.reading() as session:
        if not service.is_any_due(session, parts.now()):
            return []
    with parts.database.writing() as session:
        return service.take_due(session, parts.now())


def due_transcripts(parts: Parts) -> list[str]:
    """The ids of recordings whose transcript is to be made now; none while recordings wait to be picked up."""
    settings, now = parts.settings, parts.now()
    if settings.transcription_model is None:
        return []
    since = now - _LOOK_BACK
    with parts.database.reading() as session:
        if service.is_any_due(session, now) or not service.is_any_to_transcribe(session, now, since=since):
            return []
    with parts.database.writing() as session:
        service.adopt_untranscribed(session, now, since=since)
        return service.take_due_transcripts(session, now, at_once=settings.transcriptions_at_once)


def adopt_unrecorded_calls(parts: Parts) -> None:
    """See to it that no answered call is without a recording that is looked for (T-06)."""
    now = parts.now()
    with parts.database.writing() as session:
        service.adopt_unrecorded_calls(session, parts.bus, now, since=now - _LOOK_BACK)
