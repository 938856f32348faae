"""Outbound lists as background work. Due work is rows; a task may run twice, the claim lets one do it."""

from __future__ import annotations

from app.outbound_lists import service
from app.parts import Parts


def due_lists(parts: Parts) -> list[int]:
    """The lists that wait for a worker."""
    with parts.database.reading() as session:
        return service.due_lists(session, parts.now())


def work_on(parts: Parts, list_id: int) -> None:
    """Prepare a list, as far as it goes."""
    service.work_on(parts, list_id)


def tidy(parts: Parts) -> int:
    """Cancel what stopped lists left open, and close those that are done."""
    return service.tidy(parts)
