"""The way in, as a document: what it says, whether it may go live, where a caller comes to. Import from here."""

from app.call_flows.rules.checking import Fault, FaultKind, check, reachable
from app.call_flows.rules.document import (
    CODE,
    KEYS,
    LANGUAGES,
    WEEKDAYS,
    Flow,
    Goal,
    Hours,
    Menu,
    Message,
    Span,
    Target,
    from_document,
    read_target,
    to_document,
)
from app.call_flows.rules.following import follow, is_open
from app.call_flows.rules.placing import CREDIT_SECONDS, Urgency, Waiting, place_of
from app.call_flows.rules.speaking import languages_of, recordings_of, sounds_of

__all__ = [
    "CODE",
    "CREDIT_SECONDS",
    "KEYS",
    "LANGUAGES",
    "WEEKDAYS",
    "Fault",
    "FaultKind",
    "Flow",
    "Goal",
    "Hours",
    "Menu",
    "Message",
    "Span",
    "Target",
    "Urgency",
    "Waiting",
    "check",
    "follow",
    "from_document",
    "is_open",
    "languages_of",
    "place_of",
    "reachable",
    "read_target",
    "recordings_of",
    "sounds_of",
    "to_document",
]
