"""How a question is asked by telephone, where the answer is a key. 0 is a person, always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_KEYS = 9
_MOST_DIGITS = 3
_LANGUAGES = ("zh_Hans", "zh_Hant", "en")
_OPTION = {"zh_Hans": "{option}，请按{key}。", "zh_Hant": "{option}，請按{key}。", "en": "For {option}, press {key}."}
_SCALE = {
    "zh_Hans": "请按{low}到{high}之间的数字键。",
    "zh_Hant": "請按{low}到{high}之間的數字鍵。",
    "en": "Press a key from {low} to {high}.",
}
_NUMBER = {
    "zh_Hans": "请输入数字，按井号键结束。",
    "zh_Hant": "請輸入數字，按井號鍵結束。",
    "en": "Enter the number and end with the hash key.",
}
NOTICE = {
    "zh_Hans": "您好，这里是{hospital}。本次通话将被录音。需要人工服务，请随时按0。",
    "zh_Hant": "您好，這裡是{hospital}。本次通話將被錄音。需要專人服務，請隨時按0。",
    "en": "Hello, this is {hospital}. This call is recorded. To speak to a person, press 0 at any time.",
}
THANKS = {
    "zh_Hans": "感谢您的配合，祝您健康，再见。",
    "zh_Hant": "感謝您的配合，祝您健康，再見。",
    "en": "Thank you very much. We wish you good health. Goodbye.",
}
PERSON = {
    "zh_Hans": "正在为您转接人工服务，请稍候。",
    "zh_Hant": "正在為您轉接專人服務，請稍候。",
    "en": "You are being connected to a person. Please hold the line.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one key means: the code of an option."""

    key: str
    option: str
    alarms: bool = False
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuestion:
    """A question that keys can answer: by one of `choices`, or without any by a number of up to `digits` digits."""

    code: str
    texts: Mapping[str, str]
    choices: Sequence[Choice] = ()
    digits: int = 1
    lowest: int | None = None
    highest: int | None = None
    is_scale: bool = False

    @property
    def spec(self) -> str:
        """The question in the words of the dialplan: `1234!4`, or `#3`."""
        if not self.choices:
            return f"#{self.digits}"
        alarms = "".join(choice.key for choice in self.choices if choice.alarms)
        keys = "".join(choice.key for choice in self.choices)
        return f"{keys}!{alarms}" if alarms else keys

    def answer(self, given: str) -> str | None:
        """What these keys say, as the questionnaire takes it; nothing when they say nothing that can be meant."""
        if self.choices:
            return next((choice.option for choice in self.choices if choice.key == given), None)
        if not given.isdecimal() or len(given) > self.digits:
            return None
        number = int(given)
        is_low = self.lowest is not None and number < self.lowest
        is_high = self.highest is not None and number > self.highest
        return None if is_low or is_high else str(number)


def key_question(question: Mapping[str, Any]) -> KeyQuestion | None:
    """A question of a questionnaire's version as one for keys; nothing when keys cannot answer it."""
    code, texts = str(question.get("code", "")), question.get("texts") or {}
    lowest, highest = question.get("lowest"), question.get("highest")
    match question.get("kind"):
        case "single" | "scale" as kind:
            options = question.get("options") or []
            # On a scale the key is the number itself, so that nobody counts.
            is_scale = kind == "scale" and all(str(option.get("code")) in "123456789" for option in options)
            if not 0 < len(options) <= _MOST_KEYS or (kind == "scale" and not is_scale):
                return None
            choices = [
                Choice(
                    key=str(option.get("code")) if is_scale else str(place),
                    option=str(option.get("code", "")),
                    alarms=bool(option.get("alarm")),
                    texts=option.get("texts") or {},
                )
                for place, option in enumerate(options, start=1)
            ]
            return KeyQuestion(code=code, texts=texts, choices=choices, is_scale=is_scale)
        case "number" if not isinstance(lowest, int) or lowest >= 1:
            # A single 0 is for a person, so what may be 0 cannot be asked.
            digits = len(str(highest)) if isinstance(highest, int) else _MOST_DIGITS
            if digits > _MOST_DIGITS:
                return None
            return KeyQuestion(code=code, texts=texts, digits=digits, lowest=lowest, highest=highest)
        case _:
            return None


def spoken(question: KeyQuestion, language: str) -> str:
    """The question with its keys, as it is said."""
    text = in_language(question.texts, language)
    if not question.choices:
        return f"{text} {_NUMBER[language]}"
    if question.is_scale:
        low, high = question.choices[0].key, question.choices[-1].key
        return f"{text} {_SCALE[language].format(low=low, high=high)}"
    options = (
        _OPTION[language].format(option=in_language(choice.texts, language), key=choice.key)
        for choice in question.choices
    )
    return " ".join([text, *options])


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in this language, or in another that it has."""
    return next((texts[each] for each in (language, *_LANGUAGES) if texts.get(each)), "")
