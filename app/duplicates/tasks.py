"""The search for records that may be one person, as background work."""

from __future__ import annotations

from app.duplicates import service
from app.parts import Parts


def search(parts: Parts) -> None:
    """Compare what changed, then go on with a full run, for a quarter of a second."""
    service.search_changed(parts)
