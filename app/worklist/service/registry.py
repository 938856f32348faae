"""The lines of the work list. A room that has something waiting registers one when its modules are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.accounts.rules import EVERYONE, Role

Count = Callable[[Session, Viewer, datetime], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One line: `label` and `hint` are English sentences for the catalogues, `endpoint` the list behind the number.

    `count` gets a session that is cut to what the viewer may see, the viewer and the time. A line is shown to these
    roles as far as they may view `module`.
    """

    label: str
    hint: str
    icon: str
    endpoint: str
    count: Count
    roles: Collection[Role] = EVERYONE
    module: Module | None = None
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkLine:
    item: WorkItem
    count: int


_items: dict[str, WorkItem] = {}


def register(*items: WorkItem) -> None:
    """Add lines at the end of the work list. The same label again replaces the line."""
    for item in items:
        _items[item.label] = item


def lines_for(session: Session, viewer: Viewer, now: datetime, *, endpoints: Collection[str]) -> list[WorkLine]:
    """What waits for this viewer, line by line, also where nothing does; only lines whose list is in `endpoints`."""
    return [
        WorkLine(item, item.count(session, viewer, now))
        for item in _items.values()
        if viewer.role in item.roles
        and item.endpoint in endpoints
        and (item.module is None or viewer.grant(item.module).can_view)
    ]
