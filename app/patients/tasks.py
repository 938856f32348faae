"""What is to be done about patient records, found in the database. app/jobs.py says how often."""

from __future__ import annotations

from app.parts import Parts
from app.patients import service


def index_unindexed(parts: Parts) -> int:
    """Index everybody whose name no search finds yet, in short transactions; how many there were.

    For records made before there was an index, or past the services of this room. Looking among a million takes a
    second, so it only reads until it finds somebody.
    """
    done, after = 0, 0
    while True:
        with parts.database.reading() as session:
            people = service.unindexed(session, after=after)
        if not people:
            return done
        with parts.database.writing() as session:
            service.renew_terms(session, people)
        done, after = done + len(people), people[-1]
