"""What a reply means: an answer to a question that waits, the wish to get no more texts, or something for a person."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Meaning(StrEnum):
    """The usual answers to a question. A question may have answers of its own besides."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"


class OptOutWish(StrEnum):
    CLASS = "class"  # no more texts of this kind
    ALL = "all"  # no more texts at all


_CLASS_WORDS = frozenset({"t", "td", "n", "r", "0000", "退订", "退訂", "回t", "回td", "拒收"})
# What a patient writes who means everything; every word is whole, so that "停止" in a sentence does not count.
_ALL_WORDS = frozenset(
    {
        "全部退订", "全部退訂", "退订全部", "退訂全部", "停止所有短信", "停止所有簡訊", "停止所有短訊", "停止全部短信",
        "不要再发短信", "不要再發簡訊", "不要再發短訊", "stop all", "stopall", "unsubscribe all",
    }
)  # fmt: skip
_ANSWER_WORDS: Mapping[str, Meaning] = {
    **dict.fromkeys(
        ("确认", "確認", "确定", "確定", "好的", "好", "是", "是的", "会来", "會來", "yes", "y", "ok", "confirm"),
        Meaning.CONFIRM,
    ),
    **dict.fromkeys(
        ("取消", "不来了", "不來了", "不去了", "不能来", "不能來", "cancel", "not coming"), Meaning.CANCEL
    ),
    **dict.fromkeys(
        (
            "改期", "改时间", "改時間", "换时间", "換時間", "改约", "改約", "换个时间", "換個時間", "reschedule",
            "another time", "change time",
        ),
        Meaning.RESCHEDULE,
    ),
}  # fmt: skip


def normal_reply(text: str) -> str:
    """The text as it is compared: one width, one case, no punctuation, no space around it."""
    shown = unicodedata.normalize("NFKC", text)
    # Punctuation, and what has no width (Cf): telephones put it in unseen.
    kept = (char for char in shown if unicodedata.category(char)[0] != "P" and unicodedata.category(char) != "Cf")
    return "".join(kept).strip().casefold()


def read_opt_out(text: str) -> OptOutWish | None:
    """Whether the text, and nothing else in it, says that no more texts are wanted. "T恤" does not."""
    said = normal_reply(text)
    if said in _ALL_WORDS:
        return OptOutWish.ALL
    return OptOutWish.CLASS if said in _CLASS_WORDS else None


def read_answer(text: str, keys: Mapping[str, str]) -> str | None:
    """What the text answers to a question with these reply keys ("1" to "confirm"); nothing when that is unclear.

    A word such as 确认 counts only where the question has an answer of that meaning.
    """
    said = normal_reply(text)
    for key, meaning in keys.items():
        if said == normal_reply(key):
            return meaning
    usual = _ANSWER_WORDS.get(said)
    return usual.value if usual is not None and usual.value in keys.values() else None


def extension_of(service_number: str, base: str, digits: int) -> str:
    """The port extension that stands behind our number; nothing when there is none of that length."""
    if not digits or not base or not service_number.startswith(base):
        return ""
    rest = service_number.removeprefix(base)
    return rest if len(rest) == digits and rest.isascii() and rest.isdigit() else ""


def next_extension(last: str, digits: int) -> str:
    """The extension after this one, counted for each number; after the last comes the first again."""
    return f"{((int(last) if last else 0) + 1) % 10**digits:0{digits}}"
