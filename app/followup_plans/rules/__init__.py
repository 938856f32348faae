"""The states of a plan, what its event is called, and why it is there. Import from here."""

from app.followup_plans.rules.occasions import (
    BY_HAND,
    DECISION,
    by_hand_on,
    decision_of,
    is_of_a_record,
    occasion_of,
    root_of,
    round_of,
)
from app.followup_plans.rules.states import (
    MOVES,
    OPEN,
    REASON_TEXT,
    RESTARTABLE,
    STATE_TEXT,
    PlanState,
    StopReason,
)
from app.followup_plans.rules.wording import in_language, why_sentence

__all__ = [
    "BY_HAND",
    "DECISION",
    "MOVES",
    "OPEN",
    "REASON_TEXT",
    "RESTARTABLE",
    "STATE_TEXT",
    "PlanState",
    "StopReason",
    "by_hand_on",
    "decision_of",
    "in_language",
    "is_of_a_record",
    "occasion_of",
    "root_of",
    "round_of",
    "why_sentence",
]
