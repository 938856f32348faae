"""The sweeps of follow-up tasks: what is due becomes due, and attempts are told how they ended."""

from __future__ import annotations

from app.followups import service
from app.parts import Parts


def make_due(parts: Parts) -> int:
    """Make due what is due, and give back claims that ran out. Returns how many tasks changed."""
    with parts.database.writing() as session:
        return service.make_due(session, parts.bus, parts.now())


def settle_attempts(parts: Parts) -> int:
    """Note how the calls of open attempts ended, and move the tasks that nobody will. Returns how many ended."""
    with parts.database.reading() as session:
        # Nearly always there is none: then nobody waits for the database's one writer.
        if not service.open_attempts(session, limit=1):
            return 0
    with parts.database.writing() as session:
        return service.settle_and_follow(session, parts.bus, now=parts.now(), settings=parts.settings)
