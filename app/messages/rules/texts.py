"""What a text may be: signature, length, characters; and what is left of a foreign one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from app.messages.rules.alphabet import utf16_units

MOST_UNITS = 500
"""Operators in China refuse a text that is longer with its signature, counted in UTF-16 units."""
# The categories Cc, apart from the line break and the tab, and Cs: a lone surrogate fits no database.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_FOREIGN = 20_000  # 255 segments of 67 units are 17,085


class TextFault(StrEnum):
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    BRACKETS = "brackets"  # 【】 in the body: the operator would take it for a second signature


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedText:
    """The text as it will be sent, its length in UTF-16 units, and what is wrong with it, if anything."""

    text: str
    units: int
    fault: TextFault | None


def sign_text(text: str, signature: str) -> SignedText:
    """Put 【signature】 in front, exactly once however often it was there, and check the whole."""
    mark = f"【{signature}】"
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    while body.startswith(mark):
        body = body.removeprefix(mark).lstrip()
    signed = mark + body
    units = utf16_units(signed)
    return SignedText(text=signed, units=units, fault=_fault(body, units))


def clean_foreign_text(text: str) -> str:
    """What we keep of a text from outside: no control characters but the line break and tab, and a bounded length.

    The rest stays as it came; whoever shows it escapes it.
    """
    kept = (char for char in text.replace("\r\n", "\n") if char in "\n\t" or not _is_control(char))
    return "".join(kept)[:_LONGEST_FOREIGN]


def _fault(body: str, units: int) -> TextFault | None:
    if not body:
        return TextFault.EMPTY
    if _CONTROL.search(body):
        return TextFault.CONTROL_CHARACTER
    if units > MOST_UNITS:
        return TextFault.TOO_LONG
    if "【" in body or "】" in body:
        return TextFault.BRACKETS
    return None


def _is_control(char: str) -> bool:
    # Cs are lone surrogates, which JSON can carry and no database can store.
    return unicodedata.category(char) in ("Cc", "Cs")
