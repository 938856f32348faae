"""A question as it is asked: its texts by language, its options with their scores, and the answers that ring an alarm.

A question is whole in itself. A version of a questionnaire keeps its questions as these values in JSON, so that a
change of the bank never changes what somebody was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.texts import N_

LANGUAGES = ("zh_Hans", "zh_Hant", "en")


class QuestionKind(StrEnum):
    SINGLE = "single"  # one option
    MULTIPLE = "multiple"  # any number of options
    SCALE = "scale"  # one of a row of numbers
    NUMBER = "number"
    TEXT = "text"


KIND_TEXT: Mapping[QuestionKind, str] = {
    QuestionKind.SINGLE: N_("One choice"),
    QuestionKind.MULTIPLE: N_("Several choices"),
    QuestionKind.SCALE: N_("Scale"),
    QuestionKind.NUMBER: N_("A number"),
    QuestionKind.TEXT: N_("Free text"),
}
CHOOSING_ONE = frozenset({QuestionKind.SINGLE, QuestionKind.SCALE})
CHOOSING = frozenset({*CHOOSING_ONE, QuestionKind.MULTIPLE})


class BankPurpose(StrEnum):
    """What a question of the bank is about; the bank is filtered by it (K-02)."""

    SATISFACTION = "satisfaction"
    RECOVERY = "recovery"
    WOUND = "wound"
    MEDICATION = "medication"
    LIFESTYLE = "lifestyle"
    WISHES = "wishes"
    STAFF = "staff"  # the manner of our own people on the phone
    OTHER = "other"


PURPOSE_TEXT: Mapping[BankPurpose, str] = {
    BankPurpose.SATISFACTION: N_("Satisfaction"),
    BankPurpose.RECOVERY: N_("Recovery"),
    BankPurpose.WOUND: N_("Wound"),
    BankPurpose.MEDICATION: N_("Medication"),
    BankPurpose.LIFESTYLE: N_("Way of life"),
    BankPurpose.WISHES: N_("Wishes"),
    BankPurpose.STAFF: N_("Manner of our staff"),
    BankPurpose.OTHER: N_("Other"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Whoever chooses this option is to be called within so many minutes by somebody of this role (a TaskRole)."""

    minutes: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer to choose. Without a score it does not count: "not used", or a question that measures nothing."""

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None
    alarm: Alarm | None = None

    def text(self, language: str) -> str:
        """What is shown of it; the code where nobody wrote a text, as for the numbers of a scale."""
        return best_text(self.texts, language) or self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `lowest` and `highest` bound a number; of a scale they are its first and its last one."""

    code: str
    kind: QuestionKind
    texts: Mapping[str, str]
    options: tuple[Option, ...] = ()
    dimension: str = ""
    lowest: int | None = None
    highest: int | None = None
    is_required: bool = False

    def text(self, language: str) -> str:
        """The question in this language, or in the best one there is."""
        return best_text(self.texts, language) or self.code

    def option(self, code: str) -> Option | None:
        """The option of that code, if it is one of this question's."""
        return next((each for each in self.options if each.code == code), None)


def best_text(texts: Mapping[str, str], language: str) -> str:
    """The text in this language; else in one that its readers can read."""
    order = (language, *(("zh_Hant", "zh_Hans") if language.startswith("zh") else ()), *LANGUAGES)
    return next((texts[each] for each in order if texts.get(each)), "")


def question_to_json(question: Question) -> dict[str, Any]:
    """A question as a version keeps it."""
    return {
        "code": question.code,
        "kind": question.kind.value,
        "texts": dict(question.texts),
        "options": [option_to_json(each) for each in question.options],
        "dimension": question.dimension,
        "lowest": question.lowest,
        "highest": question.highest,
        "is_required": question.is_required,
    }


def question_from_json(kept: Mapping[str, Any]) -> Question:
    """The question that `question_to_json` wrote."""
    return Question(
        code=kept["code"],
        kind=QuestionKind(kept["kind"]),
        texts=kept["texts"],
        options=tuple(option_from_json(each) for each in kept.get("options", ())),
        dimension=kept.get("dimension", ""),
        lowest=kept.get("lowest"),
        highest=kept.get("highest"),
        is_required=bool(kept.get("is_required", False)),
    )


def option_to_json(option: Option) -> dict[str, Any]:
    """An option as a question keeps it."""
    alarm = {"minutes": option.alarm.minutes, "role": option.alarm.role} if option.alarm else None
    return {"code": option.code, "texts": dict(option.texts), "score": option.score, "alarm": alarm}


def option_from_json(kept: Mapping[str, Any]) -> Option:
    """The option that `option_to_json` wrote."""
    alarm = kept.get("alarm")
    return Option(
        code=kept["code"],
        texts=kept.get("texts", {}),
        score=kept.get("score"),
        alarm=Alarm(minutes=alarm["minutes"], role=alarm["role"]) if alarm else None,
    )


def keys_of(question: Question) -> dict[str, str]:
    """The digit for each option, for telephones, paper forms and texts: {"1": code of the first option}.

    On a scale of single digits the digit is the number itself, so that nobody counts. Nothing where digits do not do.
    """
    if question.kind not in CHOOSING_ONE:
        return {}
    codes = [option.code for option in question.options]
    if question.kind is QuestionKind.SCALE and all(len(code) == 1 and code.isdecimal() for code in codes):
        return {code: code for code in codes}
    return {str(place): code for place, code in enumerate(codes, start=1)} if len(codes) <= 9 else {}


DIMENSION_TEXT: Mapping[str, str] = {
    "process": N_("Process"),
    "staff": N_("Staff"),
    "care": N_("Care"),
    "information": N_("Information"),
    "surroundings": N_("Surroundings"),
    "respect": N_("Respect"),
    "overall": N_("Overall"),
    "manner": N_("Manner"),
    "result": N_("Result"),
}
"""The dimensions of the shipped questions; a hospital may name others."""
