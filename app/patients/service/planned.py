"""When a person is expected next: each room that plans something tells it here, and nobody edits a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.patients.rules import PlannedDate


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSource:
    """`first` tells the earliest date of this person that is not past; `now` is in the hospital's zone, and so is what
    it tells. Whoever asks may see less than what is planned: the whole record counts."""

    name: str
    first: Callable[[Session, int, datetime], PlannedDate | None]


_sources: dict[str, PlannedSource] = {}


def add_planned_source(source: PlannedSource) -> None:
    """The same name again replaces the source."""
    _sources[source.name] = source


def next_planned(session: Session, patient_id: int, now: datetime) -> PlannedDate | None:
    """The earliest date that any room has planned."""
    found = [date for source in _sources.values() if (date := source.first(session, patient_id, now)) is not None]
    return min(found, key=PlannedDate.sorts, default=None)
