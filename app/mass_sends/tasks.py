"""Mass sends as background work. Due work is rows; a task may run twice, the claim lets one do it."""

from __future__ import annotations

from app.mass_sends import service
from app.parts import Parts


def due_sends(parts: Parts) -> list[int]:
    """The mass sends that wait for a worker."""
    with parts.database.reading() as session:
        return service.due_sends(session, parts.now())


def work_on(parts: Parts, send_id: int) -> None:
    """Prepare, queue, hold or cancel, as far as it goes."""
    service.work_on(parts, send_id)
