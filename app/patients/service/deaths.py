"""A death is told at once to every room that plans something for a person (F-35, guard 11).

Rooms above this one add themselves when their modules are loaded. A process in which one is not loaded writes the
death all the same, and that room's sweep finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from app.bus import Bus

Listener = Callable[[Session, Bus, int, str | None, datetime], object]
_listeners: list[Listener] = []


def on_death(listener: Listener) -> Listener:
    """Call this with session, bus, patient, who wrote it down, and when. The same listener twice is one."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell_death(session: Session, bus: Bus, patient_id: int, *, by: str | None, now: datetime) -> None:
    """Somebody wrote a death down, in this transaction."""
    for listener in _listeners:
        listener(session, bus, patient_id, by, now)
