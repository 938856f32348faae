"""What else the list of recordings can be narrowed by: a room adds its part when its routes are imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from app.access.rules import Viewer

Chosen = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """One part of the filters: `template` has its fields; `read` keeps of an address what makes sense.

    `conditions` are on recordings, and asked only for whom it is shown to.
    """

    name: str
    template: str
    read: Callable[[Chosen], dict[str, str]]
    conditions: Callable[[Chosen], Sequence[ColumnElement[bool]]]
    is_shown: Callable[[Viewer], bool]


_narrowings: dict[str, Narrowing] = {}


def register(narrowing: Narrowing) -> None:
    """Add a part to the filters. The same name again replaces it."""
    _narrowings[narrowing.name] = narrowing


def narrowings_for(viewer: Viewer) -> list[Narrowing]:
    """The parts that this viewer gets."""
    return [each for each in _narrowings.values() if each.is_shown(viewer)]
