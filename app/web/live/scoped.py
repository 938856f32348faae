"""Transactions of a desk: they read and change what its agent may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.access import service as access
from app.http import SignedIn
from app.parts import Parts


@contextmanager
def writing(parts: Parts, user: SignedIn) -> Iterator[Session]:
    """A transaction that reads and changes what the agent may."""
    with parts.database.writing() as session:
        bind(parts, user, session)
        yield session


def bind(parts: Parts, user: SignedIn, session: Session) -> None:
    """Cut what this session reads to what the agent may see."""
    now = parts.now()
    viewer = access.viewer_for(session, user.username, now)
    access.bind(session, viewer, now=now, zone=parts.settings.timezone)
