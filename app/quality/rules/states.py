"""What may become of an evaluation, a call to grade and a coaching task, and whose move it is.

All legal moves stand in one table each; anything else is refused. An evaluation is never changed in silence: what a
grader corrects or an appeal changes is its next version, and the earlier ones stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.texts import N_


class EvaluationState(StrEnum):
    """draft → submitted → acknowledged; submitted → appealed → upheld / changed → acknowledged; draft → discarded."""

    DRAFT = "draft"  # only its grader sees it
    SUBMITTED = "submitted"  # the agent sees it
    APPEALED = "appealed"
    UPHELD = "upheld"
    CHANGED = "changed"
    ACKNOWLEDGED = "acknowledged"
    DISCARDED = "discarded"


class Move(StrEnum):
    SUBMIT = "submit"
    DISCARD = "discard"
    CORRECT = "correct"
    ACKNOWLEDGE = "acknowledge"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    CHANGE = "change"


class Party(StrEnum):
    """Whose move it is."""

    GRADER = "grader"  # who made the evaluation
    AGENT = "agent"  # whose call it was
    JUDGE = "judge"  # somebody else who may grade


MOVES: Mapping[tuple[EvaluationState, Move], EvaluationState] = {
    (EvaluationState.DRAFT, Move.SUBMIT): EvaluationState.SUBMITTED,
    (EvaluationState.DRAFT, Move.DISCARD): EvaluationState.DISCARDED,
    (EvaluationState.SUBMITTED, Move.CORRECT): EvaluationState.SUBMITTED,
    (EvaluationState.SUBMITTED, Move.ACKNOWLEDGE): EvaluationState.ACKNOWLEDGED,
    (EvaluationState.SUBMITTED, Move.APPEAL): EvaluationState.APPEALED,
    (EvaluationState.APPEALED, Move.UPHOLD): EvaluationState.UPHELD,
    (EvaluationState.APPEALED, Move.CHANGE): EvaluationState.CHANGED,
    (EvaluationState.UPHELD, Move.ACKNOWLEDGE): EvaluationState.ACKNOWLEDGED,
    (EvaluationState.CHANGED, Move.ACKNOWLEDGE): EvaluationState.ACKNOWLEDGED,
}
"""Every move that is allowed. One appeal is decided once."""
PARTIES: Mapping[Move, Party] = {
    Move.SUBMIT: Party.GRADER,
    Move.DISCARD: Party.GRADER,
    Move.CORRECT: Party.GRADER,
    Move.ACKNOWLEDGE: Party.AGENT,
    Move.APPEAL: Party.AGENT,
    Move.UPHOLD: Party.JUDGE,
    Move.CHANGE: Party.JUDGE,
}
WITH_VERSION = frozenset({Move.SUBMIT, Move.CORRECT, Move.CHANGE})
"""Moves that make the next version."""
WITH_REASON = frozenset({Move.CORRECT, Move.APPEAL, Move.UPHOLD, Move.CHANGE})
SHOWN_TO_AGENT = frozenset(EvaluationState) - {EvaluationState.DRAFT, EvaluationState.DISCARDED}
LONGEST_REASON = 2_000


class Objection(StrEnum):
    """Why a move is refused."""

    NO_MOVE = "no_move"
    NOT_YOURS = "not_yours"
    OWN_CALL = "own_call"
    OWN_EVALUATION = "own_evaluation"
    TOO_LATE = "too_late"


OBJECTION_TEXT: Mapping[Objection, str] = {
    Objection.NO_MOVE: N_("This evaluation is no longer in the state that the page showed. Open it again."),
    Objection.NOT_YOURS: N_("This is for somebody else to do."),
    Objection.OWN_CALL: N_("Nobody grades their own calls."),
    Objection.OWN_EVALUATION: N_("You made this evaluation. A colleague decides on the appeal."),
    Objection.TOO_LATE: N_("The days in which an appeal is possible are over."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an evaluation stands. `number` is that of its newest version, 0 before it is submitted."""

    state: EvaluationState
    agent: str
    grader: str
    number: int = 0
    submitted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who makes a move. `grades`: their role lets them grade."""

    username: str
    grades: bool


def object_to(standing: Standing, move: Move, who: Who, *, now: datetime, appeal_days: int) -> Objection | None:
    """Why this person may not make that move now; nothing when they may."""
    if (standing.state, move) not in MOVES:
        return Objection.NO_MOVE
    party = PARTIES[move]
    if party is Party.AGENT:
        if who.username != standing.agent:
            return Objection.NOT_YOURS
        return Objection.TOO_LATE if move is Move.APPEAL and _is_late(standing, now, appeal_days) else None
    if who.username == standing.agent:
        return Objection.OWN_CALL
    if not who.grades:
        return Objection.NOT_YOURS
    if party is Party.JUDGE:
        return Objection.OWN_EVALUATION if who.username == standing.grader else None
    return None if who.username == standing.grader else Objection.NOT_YOURS


def after(standing: Standing, move: Move, now: datetime) -> Standing:
    """Where the evaluation stands after a move to which nobody objects."""
    state = MOVES[standing.state, move]
    number = standing.number + (move in WITH_VERSION)
    # What a grader corrects may be appealed against anew for as many days.
    is_new = move in (Move.SUBMIT, Move.CORRECT)
    return replace(standing, state=state, number=number, submitted_at=now if is_new else standing.submitted_at)


def appeal_until(standing: Standing, appeal_days: int) -> datetime | None:
    """Until when the agent may appeal; nothing before it is submitted."""
    return standing.submitted_at + timedelta(days=appeal_days) if standing.submitted_at else None


def _is_late(standing: Standing, now: datetime, appeal_days: int) -> bool:
    until = appeal_until(standing, appeal_days)
    return until is None or now > until


class GradingState(StrEnum):
    """open → claimed → done; claimed → open; open or claimed → dropped."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    DROPPED = "dropped"  # with a reason: the audio cannot be judged


class CoachingState(StrEnum):
    """open → done → checked; done → open; open → dropped."""

    OPEN = "open"
    DONE = "done"
    CHECKED = "checked"
    DROPPED = "dropped"


class CoachingMove(StrEnum):
    DO = "do"
    CHECK = "check"
    REOPEN = "reopen"
    DROP = "drop"


COACHING_MOVES: Mapping[tuple[CoachingState, CoachingMove], CoachingState] = {
    (CoachingState.OPEN, CoachingMove.DO): CoachingState.DONE,
    (CoachingState.OPEN, CoachingMove.DROP): CoachingState.DROPPED,
    (CoachingState.DONE, CoachingMove.CHECK): CoachingState.CHECKED,
    (CoachingState.DONE, CoachingMove.REOPEN): CoachingState.OPEN,
}
COACHING_BY_AGENT = frozenset({CoachingMove.DO})
"""Moves of the agent; the others are those of whoever grades, and never the agent's own."""


def object_to_coaching(state: CoachingState, move: CoachingMove, who: Who, *, agent: str) -> Objection | None:
    """Why this person may not make that move; nothing when they may."""
    if (state, move) not in COACHING_MOVES:
        return Objection.NO_MOVE
    if move in COACHING_BY_AGENT:
        return None if who.username == agent else Objection.NOT_YOURS
    return Objection.NOT_YOURS if not who.grades or who.username == agent else None


STATE_TEXT: Mapping[EvaluationState, str] = {
    EvaluationState.DRAFT: N_("Draft"),
    EvaluationState.SUBMITTED: N_("Submitted"),
    EvaluationState.APPEALED: N_("Appealed"),
    EvaluationState.UPHELD: N_("Upheld"),
    EvaluationState.CHANGED: N_("Changed on appeal"),
    EvaluationState.ACKNOWLEDGED: N_("Acknowledged"),
    EvaluationState.DISCARDED: N_("Discarded"),
}
GRADING_TEXT: Mapping[GradingState, str] = {
    GradingState.OPEN: N_("To be graded"),
    GradingState.CLAIMED: N_("Being graded"),
    GradingState.DONE: N_("Graded"),
    GradingState.DROPPED: N_("Left out of grading"),
}
COACHING_TEXT: Mapping[CoachingState, str] = {
    CoachingState.OPEN: N_("To be done"),
    CoachingState.DONE: N_("Done"),
    CoachingState.CHECKED: N_("Checked"),
    CoachingState.DROPPED: N_("Dropped"),
}
