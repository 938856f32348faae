"""`wardline audit verify`."""

from __future__ import annotations

from app.audit import service
from app.audit.rules import Break, Fault
from app.cli.secrets import known_secret
from app.db import Database
from app.settings import Settings

_TOLD = {
    Fault.MISSING: "Event {id} is missing.",
    Fault.CHANGED: "Event {id} is not as it was written, or does not follow the one before it.",
    Fault.CUT_OFF: "The log was cut off: event {id} and what came after it are gone.",
    Fault.HEAD: "The head of the log does not fit its last event, {id}: events were added or removed at the end.",
    Fault.REPLACED: "Event {id} is another one than the one that was anchored outside the database.",
}


def verify(settings: Settings) -> bool:
    """Check the whole audit log and print the verdict. False when it does not hold."""
    settings = known_secret(settings)
    anchors = service.read_anchors(settings.data_dir)
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            verdict = service.verify(session, key=settings.secret_key, anchors=anchors)
    finally:
        database.close()
    print(f"{verdict.checked} events are whole, compared with {len(anchors)} anchors.")
    if verdict.first_break is not None:
        print(_sentence(verdict.first_break))
    return verdict.first_break is None


def _sentence(found: Break) -> str:
    return _TOLD[found.fault].format(id=found.event_id)
