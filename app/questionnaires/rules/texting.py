"""A questionnaire by SMS, question by question: how a question reads, and what a reply to it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from app.questionnaires.rules.questions import Question, QuestionKind, keys_of

LONGEST_BY_SMS = 10
"""Nobody answers more texts than that."""
_TEXTABLE = frozenset({QuestionKind.SINGLE, QuestionKind.SCALE, QuestionKind.NUMBER, QuestionKind.TEXT})
_HOW = {
    "zh_Hans": {"keys": "请回复数字：{keys}", "number": "请回复数字。", "text": "请直接回复文字。"},
    "zh_Hant": {"keys": "請回覆數字：{keys}", "number": "請回覆數字。", "text": "請直接回覆文字。"},
    "en": {"keys": "Reply with a digit: {keys}", "number": "Reply with a number.", "text": "Reply in words."},
}
_AGAIN = {
    "zh_Hans": "抱歉，没有看懂您的回复。",
    "zh_Hant": "抱歉，沒有看懂您的回覆。",
    "en": "Sorry, we did not understand your reply. ",
}
THANKS = {
    "zh_Hans": "谢谢您的回答，祝您健康。",
    "zh_Hant": "謝謝您的回答，祝您健康。",
    "en": "Thank you for your answers. We wish you good health.",
}
"""What is written when the last answer came."""
LINK_TEXT = {
    "zh_Hans": "诚邀您回答几个问题，约需两分钟，{until}前有效：{address}",
    "zh_Hant": "誠邀您回答幾個問題，約需兩分鐘，{until}前有效：{address}",
    "en": "Please answer a few questions, about two minutes, until {until}: {address}",
}
"""The text that carries the address of a questionnaire. It names no disease and no department (guard 3)."""


def goes_by_sms(questions: Sequence[Question]) -> bool:
    """Whether these can be asked in texts: few enough, and each with one digit, a number or words as its answer."""
    return 0 < len(questions) <= LONGEST_BY_SMS and all(map(_is_textable, questions))


def sms_text(question: Question, language: str, *, place: int, of: int, intro: str = "", is_again: bool = False) -> str:
    """One question as a text: where we are, the question, and what to reply."""
    how = _HOW.get(language, _HOW["zh_Hans"])
    keys = keys_of(question)
    if keys:
        options = {option.code: option.text(language) for option in question.options}
        shown = [key if options[code] == key else f"{key} {options[code]}" for key, code in keys.items()]
        # A long row of plain numbers says the same as its two ends.
        is_plain = all(text.isdecimal() for text in shown) and len(shown) > 3
        wanted = how["keys"].format(keys=f"{shown[0]}–{shown[-1]}" if is_plain else "，".join(shown))
        if language == "en":
            wanted = wanted.replace("，", ", ")
    else:
        wanted = how["number" if question.kind is QuestionKind.NUMBER else "text"]
    begin = _AGAIN.get(language, _AGAIN["zh_Hans"]) if is_again else intro
    return f"{begin}({place}/{of}) {question.text(language)} {wanted}".strip()


def read_reply(question: Question, reply: str) -> str | None:
    """What a reply answers to the question, as `read_given` takes it; nothing when that is unclear.

    A digit, the words of an option, or for a number or a free text the reply itself.
    """
    plain = unicodedata.normalize("NFKC", reply).strip()
    said = plain.strip(" .。,，!！").casefold()
    if not said:
        return None
    keys = keys_of(question)
    if keys:
        if said in keys:
            return keys[said]
        fitting = [
            option.code
            for option in question.options
            if any(said == unicodedata.normalize("NFKC", text).casefold() for text in option.texts.values())
        ]
        return fitting[0] if len(fitting) == 1 else None
    if question.kind is QuestionKind.NUMBER:
        digits = "".join(char for char in said if char.isascii() and (char.isdecimal() or char in ".-"))
        return digits or None
    return plain


def _is_textable(question: Question) -> bool:
    if question.kind not in _TEXTABLE:
        return False
    return question.kind in (QuestionKind.NUMBER, QuestionKind.TEXT) or bool(keys_of(question))
