"""The sweeps of follow-up plans. app/jobs.py says how often."""

from __future__ import annotations

from app.followup_plans import service
from app.followups import service as followups
from app.parts import Parts


def start(parts: Parts) -> int:
    """What has arrived starts, moves and stops plans; plans whose last task ended are closed."""
    return service.start_new(parts) + service.close_ended(parts)


def look_again(parts: Parts) -> int:
    """Find what nobody told."""
    return service.look_again(parts)


def escalate(parts: Parts) -> int:
    """Decisions and first follow-ups whose time is over are told to the department."""
    now = parts.now()
    with parts.database.writing() as session:
        decisions = service.escalate_decisions(session, parts.bus, now)
        return decisions + followups.escalate_late(session, parts.bus, now)


def work_on_starts(parts: Parts) -> None:
    """Go on with templates that are being started for segments, for as long as a turn may take."""
    with parts.database.reading() as session:
        running = service.running_starts(session)
    for start_id in running:
        for _piece in range(_PIECES):
            if not service.work_on_start(parts, start_id):
                break


def send_texts(parts: Parts) -> int:
    """Steps that are texts and are due go into the outbox."""
    return followups.send_due(parts)


_PIECES = 10
"""So many pieces of a start in one turn: other sweeps wait meanwhile."""
