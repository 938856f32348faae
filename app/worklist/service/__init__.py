"""What waits for somebody: lines that rooms register, and the lists that no other room has. Import from here."""

from app.worklist.service import lines as _lines
from app.worklist.service.missed import MissedCaller, missed_callers
from app.worklist.service.registry import WorkItem, WorkLine, lines_for, register
from app.worklist.service.wishes import OpenWish, open_wishes

register(*_lines.LINES)

__all__ = [
    "MissedCaller",
    "OpenWish",
    "WorkItem",
    "WorkLine",
    "lines_for",
    "missed_callers",
    "open_wishes",
    "register",
]
