"""What stands where on an envelope. Millimetres from the top left corner; who draws it knows nothing of letters (P-28).

Chinese envelopes have six boxes for the postcode at the top left, the address in the upper half, the name large in the
middle, and the sender at the bottom right (as GB/T 1416 pictures it). The others have the sender at the top left and
the addressee right of the middle.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeFormat:
    """A size of envelope."""

    code: str
    width: float
    height: float
    has_postcode_boxes: bool


FORMATS = {
    each.code: each
    for each in (
        EnvelopeFormat(code="ZL", width=230, height=120, has_postcode_boxes=True),
        EnvelopeFormat(code="DL", width=220, height=110, has_postcode_boxes=False),
        EnvelopeFormat(code="C5", width=229, height=162, has_postcode_boxes=False),
        EnvelopeFormat(code="C4", width=324, height=229, has_postcode_boxes=False),
        EnvelopeFormat(code="C5-CN", width=229, height=162, has_postcode_boxes=True),
        EnvelopeFormat(code="C4-CN", width=324, height=229, has_postcode_boxes=True),
    )
}
"""Every format that can be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Who gets a letter: the names as they stand on the envelope, and where."""

    names: tuple[str, ...]
    address: str
    postcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where a letter comes back to."""

    name: str
    address: str
    postcode: str


class Anchor(StrEnum):
    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text with its base line at `y`; `size` is the height of a letter."""

    text: str
    x: float
    y: float
    size: float
    anchor: Anchor = Anchor.START


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box for a digit of a postcode."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One envelope, ready to be drawn."""

    width: float
    height: float
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...] = ()


_BOX_WIDTH, _BOX_HEIGHT, _BOX_STEP = 7.0, 9.0, 9.0
_MARGIN = 12.0
_LEADING = 1.35
_CHILD_UNTIL = 14


def lay_out(to: Addressee, sender: Sender, size: EnvelopeFormat) -> Sheet:
    """Place everything on one envelope."""
    return _chinese(to, sender, size) if size.has_postcode_boxes else _western(to, sender, size)


def titled_name(name: str, sex: str, age: int | None) -> str:
    """A name with its title: 王秀兰 女士, 小朋友 below 14; a name in Latin letters and an unknown sex have none."""
    if not re.search(r"[\u3400-\u9fff\U00020000-\U0003ffff]", name):
        return name
    title = {"F": "女士", "M": "先生"}.get(sex, "")
    if age is not None and age < _CHILD_UNTIL:
        title = "小朋友"
    return f"{name} {title}".strip()


def address_key(to: Addressee) -> str:
    """The same for addresses that differ in blanks, signs and width only."""
    folded = unicodedata.normalize("NFKC", f"{to.postcode}{to.address}").casefold()
    return re.sub(r"[\W_]", "", folded)


def joined(to: Sequence[Addressee]) -> Addressee:
    """One envelope for several people at one address."""
    names = tuple(dict.fromkeys(name for each in to for name in each.names))
    return Addressee(names=names, address=to[0].address, postcode=to[0].postcode)


def _chinese(to: Addressee, sender: Sender, size: EnvelopeFormat) -> Sheet:
    scale = size.height / 120
    lines = [*_digits(to.postcode)]
    y = _MARGIN + _BOX_HEIGHT + 14 * scale
    for text in _wrapped(to.address, 5.2 * scale, size.width - 2 * 28 * scale):
        lines.append(Line(text=text, x=28 * scale, y=y, size=5.2 * scale))
        y += 5.2 * scale * _LEADING
    for text in _wrapped(f"{'、'.join(to.names)} 收", 7.4 * scale, size.width - 2 * 28 * scale):
        y = max(y + 5 * scale, size.height * 0.58)
        lines.append(Line(text=text, x=size.width / 2, y=y, size=7.4 * scale, anchor=Anchor.MIDDLE))
        y += 7.4 * scale * 0.5
    told = [*_wrapped(sender.address, 4, size.width * 0.55), sender.name, sender.postcode]
    lines += _from_below([text for text in told if text], size)
    boxes = [Box(x=_MARGIN + n * _BOX_STEP, y=_MARGIN, width=_BOX_WIDTH, height=_BOX_HEIGHT) for n in range(6)]
    return Sheet(width=size.width, height=size.height, lines=tuple(lines), boxes=tuple(boxes))


def _digits(postcode: str) -> list[Line]:
    if not re.fullmatch(r"[0-9]{6}", postcode):
        return []
    middle = _MARGIN + _BOX_WIDTH / 2
    return [
        Line(text=digit, x=middle + n * _BOX_STEP, y=_MARGIN + 7, size=6.5, anchor=Anchor.MIDDLE)
        for n, digit in enumerate(postcode)
    ]


def _from_below(texts: list[str], size: EnvelopeFormat) -> list[Line]:
    bottom = size.height - _MARGIN
    return [
        Line(text=text, x=size.width - _MARGIN, y=bottom - n * 4 * _LEADING, size=4, anchor=Anchor.END)
        for n, text in enumerate(reversed(texts))
    ]


def _western(to: Addressee, sender: Sender, size: EnvelopeFormat) -> Sheet:
    lines: list[Line] = []
    y = _MARGIN + 4
    for text in (sender.name, *_wrapped(sender.address, 3.6, size.width * 0.4), sender.postcode):
        if text:
            lines.append(Line(text=text, x=_MARGIN, y=y, size=3.6))
            y += 3.6 * _LEADING
    x, y, letter = size.width * 0.45, max(size.height * 0.5, y + 8), 4.8 * max(1.0, size.height / 160)
    told = [*to.names, *_wrapped(to.address, letter, size.width - x - _MARGIN), to.postcode]
    for text in told:
        if text:
            lines.append(Line(text=text, x=x, y=y, size=letter))
            y += letter * _LEADING
    return Sheet(width=size.width, height=size.height, lines=tuple(lines))


def _wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in lines of that width; a Chinese letter is as wide as high, another a little more than half."""
    lines, line, used = [], "", 0.0
    for letter in " ".join(text.split()):
        wide = size * (1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.58)
        if line and used + wide > width:
            head, blank, tail = line.rpartition(" ")
            # A word of Latin letters goes whole to the next line.
            if blank and letter.isascii() and letter != " " and tail.isascii() and len(tail) < 20:
                lines.append(head)
                line = tail
                used = size * 0.58 * len(tail)
            else:
                lines.append(line.strip())
                line, used = "", 0.0
        line += letter
        used += wide
    return [*lines, line.strip()] if line.strip() else lines
