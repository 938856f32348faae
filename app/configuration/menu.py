"""The parts of /admin. A room adds its own links when its routes are imported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.accounts.rules import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLink:
    """One part of the administration: where it is, its title (a sentence of the catalogues), and who sees it."""

    path: str
    title: str
    icon: str
    roles: Collection[Role] = frozenset({Role.ADMIN})
    place: int = 100  # small numbers come first


_links: dict[str, AdminLink] = {}


def add_links(*links: AdminLink) -> None:
    """Show these parts on /admin. Doing it twice changes nothing."""
    _links.update({link.path: link for link in links})


def links_for(role: Role) -> list[AdminLink]:
    """The parts that this role sees, in their order."""
    return sorted((link for link in _links.values() if role in link.roles), key=lambda link: (link.place, link.path))
