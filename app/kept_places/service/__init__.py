"""Places kept in queues: asked for by a key, called when it is their turn, cancelled by hand. Import from here."""

from app.kept_places.service.calling import call_and_see, call_next, callable_places
from app.kept_places.service.following import follow_calls, settle
from app.kept_places.service.listing import (
    KeptLine,
    cancel,
    count_places,
    entered_at,
    is_somebody_due,
    list_places,
)

__all__ = [
    "KeptLine",
    "call_and_see",
    "call_next",
    "callable_places",
    "cancel",
    "count_places",
    "entered_at",
    "follow_calls",
    "is_somebody_due",
    "list_places",
    "settle",
]
