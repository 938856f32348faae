"""Callers whom nobody answered: opened and ended by their calls, taken and closed by agents. Import from here."""

from app.missed_callers.service.following import caller_missed, caller_spoken_to
from app.missed_callers.service.listing import MissedCaller, count_callers, list_callers, minutes_allowed
from app.missed_callers.service.owning import close, give_back, take

__all__ = [
    "MissedCaller",
    "caller_missed",
    "caller_spoken_to",
    "close",
    "count_callers",
    "give_back",
    "list_callers",
    "minutes_allowed",
    "take",
]
