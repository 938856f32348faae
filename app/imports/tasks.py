"""Import runs as background work. Due work is rows; a task may run twice, the claim lets one do it."""

from __future__ import annotations

from app.imports import service
from app.parts import Parts


def due_runs(parts: Parts) -> list[int]:
    """The runs that wait for a worker."""
    with parts.database.reading() as session:
        return service.due_runs(session, parts.now())


def work_on(parts: Parts, run_id: int) -> None:
    """Take a run's list in, as far as it goes."""
    service.work_on(parts, run_id)


def delete_old_files(parts: Parts) -> None:
    """Uploaded lists are kept as long as the setting says."""
    with parts.database.writing() as session:
        service.delete_old_files(session, parts.settings, parts.now())
