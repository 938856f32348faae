"""What waits for somebody: lines that rooms register, and the lists that no other room has. Import from here."""

from app.worklist.service import lines as _lines
from app.worklist.service.next_task import NextKind, NextTask, take_next
from app.worklist.service.registry import WorkItem, WorkLine, lines_for, register
from app.worklist.service.wishes import OpenWish, open_wishes

register(*_lines.LINES)

__all__ = [
    "NextKind",
    "NextTask",
    "OpenWish",
    "WorkItem",
    "WorkLine",
    "lines_for",
    "open_wishes",
    "register",
    "take_next",
]
