"""The figures of a report, and the definition that stands beside each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.texts import N_


class Figure(StrEnum):
    COUNT = "count"
    SCORE = "score"
    SATISFIED = "satisfied"
    ANSWERED = "answered"
    MEAN = "mean"
    SHARE = "share"
    CHANGE = "change"


FIGURE_TEXT: Mapping[Figure, str] = {
    Figure.COUNT: N_("Responses"),
    Figure.SCORE: N_("Score"),
    Figure.SATISFIED: N_("Satisfied"),
    Figure.ANSWERED: N_("Answers"),
    Figure.MEAN: N_("Mean"),
    Figure.SHARE: N_("Share"),
    Figure.CHANGE: N_("Change"),
}
DEFINITION_TEXT: Mapping[Figure, str] = {
    Figure.COUNT: N_(
        "Completed responses whose last answer was given in the period. What nobody finished is not counted."
    ),
    Figure.SCORE: N_(
        "The points of all responses together, divided by the most that their answered questions could bring."
    ),
    Figure.SATISFIED: N_(
        "The share of responses with at least %(percent)s per cent of the points that their answered questions could "
        "bring."
    ),
    Figure.ANSWERED: N_("Completed responses in which this question was answered."),
    Figure.MEAN: N_("The mean of the points of all answers that have a score; of a number, the mean of the numbers."),
    Figure.SHARE: N_(
        "How many of those who answered the question gave this answer. Several answers may add up to more."
    ),
    Figure.CHANGE: N_("Against the period of equal length just before. Shares are subtracted, means too."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Responses counted together: of one group, or of all."""

    count: int = 0
    scored: int = 0  # those that measure anything
    points: float = 0.0
    highest: float = 0.0
    satisfied: int = 0

    @property
    def score(self) -> float | None:
        """Points as a share of what was possible."""
        return self.points / self.highest if self.highest > 0 else None

    @property
    def share_satisfied(self) -> float | None:
        """The satisfied among those that measure anything (N-60)."""
        return self.satisfied / self.scored if self.scored else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCount:
    """How often one option was chosen, in the period and before."""

    option: str
    count: int
    share: float | None
    before: float | None  # the share of the period before


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFigures:
    """One question's answers. `mean` is of scores, or of the numbers themselves."""

    code: str
    answered: int
    answered_before: int
    mean: float | None
    mean_before: float | None
    answers: tuple[AnswerCount, ...] = ()


def share(count: int, of: int) -> float | None:
    """A share from 0 to 1; nothing where there was nobody."""
    return count / of if of else None


def change(now: float | None, before: float | None) -> float | None:
    """By how much a figure differs from before; nothing where one of them is missing."""
    return None if now is None or before is None else now - before
