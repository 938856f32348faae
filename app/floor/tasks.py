"""The floor's alarms as background work: looked at again and again, told at most once an hour."""

from __future__ import annotations

from app.floor import service
from app.parts import Parts


def tell_alarms(parts: Parts) -> int:
    """Text what is beyond a limit now; returns how many texts left."""
    with parts.database.writing() as session:
        return service.tell_alarms(session, parts.bus, parts.settings, parts.now())
