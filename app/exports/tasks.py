"""Exports in the background. app/jobs.py says how often."""

from __future__ import annotations

import app.exports.lists  # noqa: F401 (a worker must know every list)
from app.exports import service
from app.parts import Parts


def due_exports(parts: Parts) -> list[str]:
    """The ids of exports that are to be made."""
    return service.due_exports(parts)


def run_export(parts: Parts, export_id: str) -> None:
    """Make one export's file."""
    service.run_export(parts, export_id)


def remove_expired(parts: Parts) -> None:
    """Delete the files whose time is over."""
    service.remove_expired(parts)
