"""Every list that can be exported. A room says once what its rows and columns are; the rest is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.errors import NotFound
from app.exports.rules import CellKind
from app.settings import Settings
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """For whom a list is made, and when."""

    viewer: Viewer
    now: datetime
    settings: Settings

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return self.settings.timezone

    @property
    def today(self) -> date:
        """The hospital's calendar day."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `value` gives what stands in it, masked for the asker where that is due; None is an empty cell.

    `words` are sentences of the catalogues for the codes that `value` may give.
    """

    key: str
    title: str
    value: Callable[[Any, Asker], object]
    kind: CellKind = CellKind.TEXT
    words: Mapping[str, str] = field(default_factory=dict)
    module: Module = Module.CONTACT
    width: int = 16


Arguments = Mapping[str, Any]
"""What a list is asked with, in JSON: filters, and the ids of what it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExport:
    """One list. The session of `count` and `rows` is bound to the asker; `rows` must not keep them all in memory.

    `read` makes the arguments from a request's query and raises InvalidInput or NotFound for what makes no sense;
    `describe` says them in words for the last sheet, as (label, text) with the label from the catalogues.
    `patient_of` says of whom a row tells, if it is a patient: the export stands in the audit log of each of them.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    count: Callable[[Session, Arguments, Asker], int]
    rows: Callable[[Session, Arguments, Asker], Iterator[Any]]
    read: Callable[[Session, Mapping[str, str], Asker], dict[str, Any]]
    describe: Callable[[Session, Arguments, Asker], list[tuple[str, str]]]
    patient_of: Callable[[Any], int | None]
    module: Module = Module.CONTACT
    finished: Callable[[Session, Arguments, Asker, int], None] = lambda _session, _arguments, _asker, _rows: None

    def columns_for(self, viewer: Viewer) -> tuple[Column, ...]:
        """The columns that this viewer may see at all (P-37)."""
        return tuple(column for column in self.columns if viewer.grant(column.module).can_view)


_lists: dict[str, ListExport] = {}


def register_lists(*lists: ListExport) -> None:
    """Let these lists be exported. Doing it twice changes nothing."""
    _lists.update({each.name: each for each in lists})


def find_list(name: str, viewer: Viewer) -> ListExport:
    """The list of that name. Raises NotFound for one that the viewer must not see."""
    found = _lists.get(name)
    if found is None or not viewer.grant(found.module).can_view:
        raise NotFound(N_("There is no such list."))
    return found


def registered_lists() -> Collection[ListExport]:
    """Every list that was registered."""
    return _lists.values()
