"""The words of a follow-up, and every move that a task may make. Import from here."""

from app.followups.rules.results import (
    AttemptOutcome,
    Attitude,
    DiallingMode,
    Ending,
    QuestionState,
    Retry,
    TaskResult,
    TreatmentEffect,
    ending_of,
    next_try,
)
from app.followups.rules.states import (
    CLAIMABLE,
    MOVES,
    OPEN,
    TaskKind,
    TaskMode,
    TaskRole,
    TaskState,
    is_overdue,
    require_move,
)

__all__ = [
    "CLAIMABLE",
    "MOVES",
    "OPEN",
    "AttemptOutcome",
    "Attitude",
    "DiallingMode",
    "Ending",
    "QuestionState",
    "Retry",
    "TaskKind",
    "TaskMode",
    "TaskResult",
    "TaskRole",
    "TaskState",
    "TreatmentEffect",
    "ending_of",
    "is_overdue",
    "next_try",
    "require_move",
]
