"""How long a text is as it goes out: signature in front, opt-out words behind a promotion, cut into parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.messages.rules import MessageKind, cut_text, sign_text

OPT_OUT_HINTS: Mapping[str, str] = {
    "zh_Hans": "拒收请回复R",
    "zh_Hant": "拒收請回覆R",
    "en": "Reply R to opt out",
}
"""What stands behind a promotion unless the hospital sets other words; operators refuse one without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """The length of a text as it will be sent, in UTF-16 units, and in how many parts it goes."""

    units: int
    parts: int


def with_opt_out(text: str, kind: MessageKind, language: str, words: str = "") -> str:
    """The text with the way to opt out behind it, where it is a promotion; `words` are the hospital's own."""
    if kind is not MessageKind.MARKETING:
        return text
    hint = words.strip() or OPT_OUT_HINTS.get(language, OPT_OUT_HINTS["zh_Hans"])
    body = text.rstrip()
    if body.endswith(hint):
        return body
    return f"{body} {hint}" if hint[0].isascii() else f"{body}{hint}"


def measure(text: str, signature: str) -> Length:
    """How long the text is with its signature, in units and in parts."""
    signed = sign_text(text, signature)
    return Length(units=signed.units, parts=len(cut_text(signed.text).pieces))
