"""What is to be done about the audit log now and then. app/jobs.py says how often."""

from __future__ import annotations

from app.audit import service
from app.parts import Parts


def write_due_anchor(parts: Parts) -> None:
    """Write the head of the log outside the database when that is due."""
    with parts.database.reading() as session:
        service.write_due_anchor(session, parts.settings.data_dir, parts.now())
