"""For whom the live pages read: each agent's grants, kept for some seconds."""

from __future__ import annotations

import time
from collections.abc import Hashable

from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Reach, Viewer
from app.parts import Parts

# Reading the grants costs 2 ms, which a ringing call would feel; the journal tells of changes before this is over.
_KEPT_SECONDS = 5.0


class Viewers:
    """The viewers of this process's live pages. Safe to share between threads: entries are replaced as a whole."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept: dict[str, tuple[float, Viewer]] = {}

    def bind(self, session: Session, username: str, locale: str) -> Viewer:
        """Let this session read what the user may see, with names in the user's language."""
        viewer = self._viewer(session, username)
        session.info["locale"] = locale
        access.bind(session, viewer, now=self._parts.now(), zone=self._parts.settings.timezone)
        return viewer

    def sight_of(self, username: str) -> Hashable:
        """Equal for users who see the same: the grants where no scope cuts, else the user."""
        kept = self._kept.get(username)
        if kept is None or time.monotonic() - kept[0] >= _KEPT_SECONDS:
            with self._parts.database.reading() as session:
                viewer = self._viewer(session, username)
        else:
            viewer = kept[1]
        grants = frozenset(viewer.grants.items())
        is_cut = any(grant.reach is not Reach.ALL or grant.days is not None for grant in viewer.grants.values())
        return (username, grants) if is_cut else grants

    def forget(self) -> None:
        """Grants have changed: read them anew."""
        self._kept = {}

    def _viewer(self, session: Session, username: str) -> Viewer:
        kept = self._kept.get(username)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        viewer = access.viewer_for(session, username, self._parts.now())
        self._kept = {**self._kept, username: (time.monotonic(), viewer)}
        return viewer
