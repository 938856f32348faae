"""The parts of the patient page. Any room hangs its own part on it with `register`, when its routes are imported.

A section's template gets what its loader returns, and `patient`; it is not even loaded for somebody without its module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module, Viewer
from app.accounts.rules import EVERYONE, Role
from app.patients.models import Patient

Loader = Callable[[Session, Patient], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the page. `title` is an English sentence marked with N_; `name` its anchor and its loader's key.

    The loader answers in a fixed number of statements; `count` in its answer, if there, stands beside the title.
    """

    name: str
    title: str
    icon: str
    template: str
    load: Loader
    order: int
    module: Module = Module.CONTACT
    roles: Collection[Role] = EVERYONE


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Put a section on the page. The same name again replaces it."""
    _sections[section.name] = section


def sections_for(viewer: Viewer) -> list[Section]:
    """The sections that this viewer gets, in the page's order."""
    shown = (each for each in _sections.values() if viewer.role in each.roles and viewer.grant(each.module).can_view)
    return sorted(shown, key=lambda section: (section.order, section.name))
