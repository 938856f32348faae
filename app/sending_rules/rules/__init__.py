"""When what is sent by itself, and when not. Standard library only. Import from here."""

from app.sending_rules.rules.lifecycle import MOVES, STATE_TEXT, RuleState, may_move
from app.sending_rules.rules.occasions import (
    OCCASIONS,
    ChineseCalendar,
    FixedDay,
    LunarDay,
    NthWeekday,
    Occasion,
    SolarTerm,
    day_of,
    days_between,
)
from app.sending_rules.rules.planning import (
    MOST_DAYS,
    Due,
    PlanState,
    Reason,
    Timing,
    anchors_wanted,
    next_try,
    occasion_key,
    plan,
)

__all__ = [
    "MOST_DAYS",
    "MOVES",
    "OCCASIONS",
    "STATE_TEXT",
    "ChineseCalendar",
    "Due",
    "FixedDay",
    "LunarDay",
    "NthWeekday",
    "Occasion",
    "PlanState",
    "Reason",
    "RuleState",
    "SolarTerm",
    "Timing",
    "anchors_wanted",
    "day_of",
    "days_between",
    "may_move",
    "next_try",
    "occasion_key",
    "plan",
]
