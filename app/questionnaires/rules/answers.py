"""What somebody answered, read at the door, and what it is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.errors import InvalidInput
from app.questionnaires.rules.questions import CHOOSING, CHOOSING_ONE, Question, QuestionKind
from app.texts import N_

LONGEST_ANSWER = 2000
Raw = str | Sequence[str] | None
"""An answer as a page, a key or a text brings it: the code of an option, several of them, a number, a text, nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that fits its question. All empty: the answer was taken back."""

    options: tuple[str, ...] = ()
    number: float | None = None
    text: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered."""
        return not self.options and self.number is None and not self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a response is worth. `highest` counts only what was answered with an option that has a score, so that a
    question left out, or answered "not used", makes nobody look dissatisfied.
    """

    total: float = 0.0
    highest: float = 0.0
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def is_scored(self) -> bool:
        """Whether anything was measured at all."""
        return self.highest > 0


def read_given(question: Question, raw: Raw) -> Given:
    """The answer in `raw`. Raises InvalidInput, with the question's code as the field and a sentence for the asker."""
    values = [raw] if isinstance(raw, str) else list(raw or ())
    values = [value.strip() for value in values if value.strip()]
    if not values:
        return Given()
    if question.kind in CHOOSING:
        return _read_options(question, values)
    if question.kind is QuestionKind.NUMBER:
        return Given(number=_read_number(question, values[0]))
    text = "".join(char for char in values[0] if char >= " " or char in "\n\t")
    if len(text) > LONGEST_ANSWER:
        raise _wrong(question, N_("This answer is too long: %(most)s characters are kept."), most=LONGEST_ANSWER)
    return Given(text=text)


def score_answer(question: Question, given: Given) -> tuple[float, float] | None:
    """What this answer is worth and the most that could be; nothing when it measures nothing."""
    scores = [option.score for code in given.options if (option := question.option(code)) and option.score is not None]
    if not scores:
        return None
    return sum(scores), highest_of(question)


def highest_of(question: Question) -> float:
    """The most that an answer to this question can be worth."""
    scores = [option.score for option in question.options if option.score is not None]
    if not scores:
        return 0.0
    return sum(each for each in scores if each > 0) if question.kind is QuestionKind.MULTIPLE else max(scores)


def score(questions: Iterable[Question], answers: Mapping[str, Given]) -> Score:
    """Total, highest and the same for each dimension, whatever the order in which the answers came (Q-01)."""
    # Sums of what computers call 0.1 depend on the order; math.fsum does not.
    worth = [
        (question.dimension, *found)
        for question in questions
        if question.code in answers and (found := score_answer(question, answers[question.code])) is not None
    ]
    names = {dimension for dimension, _, _ in worth if dimension}
    return Score(
        total=math.fsum(total for _, total, _ in worth),
        highest=math.fsum(highest for _, _, highest in worth),
        dimensions={
            name: (
                math.fsum(total for dimension, total, _ in worth if dimension == name),
                math.fsum(highest for dimension, _, highest in worth if dimension == name),
            )
            for name in sorted(names)
        },
    )


def missing_answers(questions: Iterable[Question], answered: Iterable[str]) -> list[Question]:
    """The questions that must be answered and were not."""
    known = set(answered)
    return [question for question in questions if question.is_required and question.code not in known]


def _read_options(question: Question, values: list[str]) -> Given:
    if question.kind in CHOOSING_ONE and len(values) > 1:
        raise _wrong(question, N_("Choose one answer only."))
    unknown = [value for value in values if question.option(value) is None]
    if unknown:
        raise _wrong(question, N_("This is none of the answers. Choose one that is shown."))
    return Given(options=tuple(option.code for option in question.options if option.code in values))


def _read_number(question: Question, text: str) -> float:
    try:
        number = float(text.translate(str.maketrans("０１２３４５６７８９．，,", "0123456789...")))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        raise _wrong(question, N_("Write a number such as 12 or 3.5."))
    low, high = question.lowest, question.highest
    if low is not None and high is not None and not low <= number <= high:
        raise _wrong(question, N_("Write a number from %(low)s to %(high)s."), low=low, high=high)
    if (low is not None and number < low) or (high is not None and number > high):
        raise _wrong(question, N_("This number cannot be. Please check it."))
    return number


def _wrong(question: Question, sentence: str, **fields: object) -> InvalidInput:
    return InvalidInput(sentence, field=question.code, **fields)
