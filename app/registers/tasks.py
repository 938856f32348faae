"""Registers in the background. app/jobs.py says how often."""

from __future__ import annotations

from app.parts import Parts
from app.registers import service


def fill_registers(parts: Parts) -> None:
    """Put on registers whom data that arrived since the last turn puts there."""
    with parts.database.reading() as session:
        if not service.has_arrived(session):
            return
    with parts.database.writing() as session:
        service.fill_from_journal(session, parts.bus, now=parts.now(), zone=parts.settings.timezone)
