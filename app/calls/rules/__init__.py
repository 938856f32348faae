"""What a call goes through, and how a caller is identified. Import from here."""

from app.calls.rules.identity import (
    MOST_CHECKS,
    NEEDED_KINDS,
    Given,
    IdentityKind,
    KnownIdentity,
    is_identified,
    right_kinds,
)
from app.calls.rules.states import (
    DISPOSITION_TEXT,
    DISPOSITIONS,
    FINAL_STATES,
    OUTCOME_TEXT,
    CallChanged,
    CallerConfirmed,
    CallEvent,
    CallOutcome,
    CallRecord,
    CallState,
    CommandKind,
    LegRecord,
    talk_seconds,
)

__all__ = [
    "DISPOSITIONS",
    "DISPOSITION_TEXT",
    "FINAL_STATES",
    "MOST_CHECKS",
    "NEEDED_KINDS",
    "OUTCOME_TEXT",
    "CallChanged",
    "CallEvent",
    "CallOutcome",
    "CallRecord",
    "CallState",
    "CallerConfirmed",
    "CommandKind",
    "Given",
    "IdentityKind",
    "KnownIdentity",
    "LegRecord",
    "is_identified",
    "right_kinds",
    "talk_seconds",
]
