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


def adopt_unrecorded_calls(parts: Parts) -> None:
    """See to it that no answered call is without a recording that is looked for (T-06)."""
    now = parts.now()
    with parts.database.writing() as session:
        service.adopt_unrecorded_calls(session, parts.bus, now, since=now - _LOOK_BACK)
