"""Whether a question can be kept, and whether a questionnaire can be used."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from app.errors import InvalidInput
from app.questionnaires.rules.questions import CHOOSING, Question, QuestionKind
from app.texts import N_

LONGEST_TEXT = 300
LONGEST_OPTION = 120
MOST_OPTIONS = 20
MOST_QUESTIONS = 60
LONGEST_ALARM = 7 * 24 * 60
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_OPTION_CODE = re.compile(r"[a-z0-9][a-z0-9_]{0,19}")


def check_question(question: Question, roles: Collection[str]) -> None:
    """Raise InvalidInput that names the field when this question cannot be kept. `roles` may be given an alarm."""
    if not _CODE.fullmatch(question.code):
        raise InvalidInput(N_("A code is small letters, digits and _, and begins with a letter."), field="code")
    _check_texts(question.texts.values(), LONGEST_TEXT, "text-zh_Hans")
    if question.kind in CHOOSING:
        _check_options(question, roles)
    elif question.options:
        raise InvalidInput(N_("Only questions with choices have options."), field="options")
    if question.lowest is not None and question.highest is not None and question.lowest >= question.highest:
        raise InvalidInput(N_("The highest number must be above the lowest."), field="highest")


def check_questionnaire(questions: Sequence[Question]) -> None:
    """Raise InvalidInput when nobody could be asked this."""
    if not questions:
        raise InvalidInput(N_("Choose at least one question."), field="questions")
    if len(questions) > MOST_QUESTIONS:
        raise InvalidInput(
            N_("A questionnaire has at most %(most)s questions."), field="questions", most=MOST_QUESTIONS
        )
    codes = [question.code for question in questions]
    if len(set(codes)) != len(codes):
        raise InvalidInput(N_("The same question stands in it twice."), field="questions")


def _check_options(question: Question, roles: Collection[str]) -> None:
    options = question.options
    if not 2 <= len(options) <= MOST_OPTIONS:
        sentence = N_("Such a question has 2 to %(most)s options.")
        raise InvalidInput(sentence, field="options", most=MOST_OPTIONS)
    if len({option.code for option in options}) != len(options):
        raise InvalidInput(N_("Two options have the same code."), field="options")
    for option in options:
        if not _OPTION_CODE.fullmatch(option.code):
            raise InvalidInput(N_("The code of an option is small letters, digits and _."), field="options")
        if question.kind is not QuestionKind.SCALE:
            _check_texts(option.texts.values(), LONGEST_OPTION, "options")
        if option.score is not None and not -100 <= option.score <= 100:
            raise InvalidInput(N_("A score lies between -100 and 100."), field="options")
        if option.alarm is not None and (
            not 1 <= option.alarm.minutes <= LONGEST_ALARM or option.alarm.role not in roles
        ):
            raise InvalidInput(N_("An alarm has a role and 1 to 10080 minutes."), field="options")


def _check_texts(texts: Collection[str], longest: int, field: str) -> None:
    if not any(text.strip() for text in texts):
        raise InvalidInput(N_("Write the text in at least one language."), field=field)
    if any(len(text) > longest for text in texts):
        raise InvalidInput(N_("This text is too long."), field=field)
