"""Reports of the floor from calls, their parts and the journal, within what the viewer may see. Import from here."""

from app.floor_reports.service.reading import (
    IS_AGENT_CHANGE,
    FloorChoice,
    FloorReport,
    agent_names,
    floor_report,
    last_changes_before,
    queue_report,
)

__all__ = [
    "IS_AGENT_CHANGE",
    "FloorChoice",
    "FloorReport",
    "agent_names",
    "floor_report",
    "last_changes_before",
    "queue_report",
]
