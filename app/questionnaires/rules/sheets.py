"""What stands where on a printed sheet: A4, in millimetres; who draws it knows how wide a text is (F-26).

A sheet flows: blocks come one after the other and go on to the next page where one is full. Nothing here knows letters;
`width_of` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 210.0, 297.0
MARGIN = 18.0
_BODY = 3.9  # the height of a letter in millimetres, about 11 points
_SMALL = 3.2
_TITLE = 6.5
_LEAD = 1.6
_FOOT = 14.0
WidthOf = Callable[[str, float], float]
"""How wide a text is in letters of this height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text with its baseline."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A small square to tick; a cross in it when it was chosen."""

    x: float
    y: float
    side: float
    is_ticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line across, to write on or to part with."""

    x1: float
    x2: float
    y: float


@dataclass(slots=True, kw_only=True)
class PrintPage:
    """One page."""

    lines: list[Line] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer that can be ticked."""

    text: str
    is_ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question on the sheet: choices to tick, or an answer in words, or a line to write on."""

    text: str
    choices: tuple[Choice, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContent:
    """All that a sheet says, in the language of whoever reads it. `facts` are label and value."""

    hospital: str
    title: str
    facts: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    sections: tuple[tuple[str, str], ...]  # advice, next date, signature: a heading and a text, or a line to write on
    foot: str


def lay_out(content: SheetContent, width_of: WidthOf) -> list[PrintPage]:
    """The pages of a sheet."""
    flow = _Flow(width_of)
    flow.text(content.hospital, _SMALL)
    flow.text(content.title, _TITLE)
    flow.gap(1)
    flow.facts(content.facts)
    flow.rule()
    for number, item in enumerate(content.items, start=1):
        flow.item(number, item)
    for heading, text in content.sections:
        flow.section(heading, text)
    return flow.finish(content.foot)


def wrap(text: str, size: float, width: float, width_of: WidthOf) -> list[str]:
    """A text cut into lines that fit: between words where there are some, between Chinese characters anywhere."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for piece in _pieces(paragraph):
            if line and width_of(line + piece.rstrip(), size) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece if line else piece.lstrip()
            while width_of(line, size) > width and len(line) > 1:
                fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or width_of(line[:n], size) <= width)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line.rstrip())
    return lines


class _Flow:
    def __init__(self, width_of: WidthOf) -> None:
        self._width_of = width_of
        self._pages = [PrintPage()]
        self._y = MARGIN

    def gap(self, millimetres: float) -> None:
        self._y += millimetres

    def rule(self) -> None:
        self._need(3)
        self._y += 1
        self._page.rules.append(Rule(x1=MARGIN, x2=WIDTH - MARGIN, y=self._y))
        self._y += 2

    def text(self, text: str, size: float, indent: float = 0.0) -> None:
        for line in wrap(text, size, WIDTH - 2 * MARGIN - indent, self._width_of):
            self._need(size + _LEAD)
            self._y += size
            self._page.lines.append(Line(text=line, x=MARGIN + indent, y=self._y, size=size))
            self._y += _LEAD

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Two beside each other; a long one has a row to itself."""
        half = (WIDTH - 2 * MARGIN) / 2
        column = 0
        for label, value in facts:
            text = f"{label}: {value}"
            if self._width_of(text, _BODY) > half - 4:
                column = 0
                self.text(text, _BODY)
                continue
            if column == 0:
                self._need(_BODY + _LEAD)
                self._y += _BODY + _LEAD
            self._page.lines.append(Line(text=text, x=MARGIN + column * half, y=self._y - _LEAD, size=_BODY))
            column = 1 - column

    def item(self, number: int, item: Item) -> None:
        self.gap(1.5)
        self._need(3 * (_BODY + _LEAD))
        self.text(f"{number}. {item.text}", _BODY)
        if item.choices:
            self._choices(item.choices)
        elif item.answer:
            self.text(item.answer, _BODY, indent=6)
        else:
            self._blank()

    def section(self, heading: str, text: str) -> None:
        self.gap(3)
        self._need(3 * (_BODY + _LEAD))
        self.text(heading, _BODY)
        if text:
            self.text(text, _BODY, indent=6)
        else:
            self._blank()

    def finish(self, foot: str) -> list[PrintPage]:
        for number, page in enumerate(self._pages, start=1):
            y = HEIGHT - _FOOT
            page.rules.append(Rule(x1=MARGIN, x2=WIDTH - MARGIN, y=y - _SMALL - 1))
            counted = f"{number} / {len(self._pages)}"
            page.lines.append(Line(text=foot, x=MARGIN, y=y, size=_SMALL))
            x = WIDTH - MARGIN - self._width_of(counted, _SMALL)
            page.lines.append(Line(text=counted, x=x, y=y, size=_SMALL))
        return self._pages

    @property
    def _page(self) -> PrintPage:
        return self._pages[-1]

    def _need(self, height: float) -> None:
        if self._y + height > HEIGHT - _FOOT - 6:
            self._pages.append(PrintPage())
            self._y = MARGIN

    def _blank(self) -> None:
        self._need(_BODY + 4)
        self._y += _BODY + 2
        self._page.rules.append(Rule(x1=MARGIN + 6, x2=WIDTH - MARGIN, y=self._y))
        self._y += 2

    def _choices(self, choices: Sequence[Choice]) -> None:
        x, side = MARGIN + 6, 3.0
        self._need(_BODY + _LEAD)
        self._y += _BODY
        for choice in choices:
            taken = side + 1.5 + self._width_of(choice.text, _BODY) + 5
            if x + taken > WIDTH - MARGIN and x > MARGIN + 6:
                self._y += _LEAD
                self._need(_BODY + _LEAD)
                x, self._y = MARGIN + 6, self._y + _BODY
            self._page.boxes.append(Box(x=x, y=self._y - side + 0.3, side=side, is_ticked=choice.is_ticked))
            self._page.lines.append(Line(text=choice.text, x=x + side + 1.5, y=self._y, size=_BODY))
            x += taken
        self._y += _LEAD


def _pieces(text: str) -> list[str]:
    """Where a line may break: after a space, and beside every character that is no Latin letter or digit."""
    pieces: list[str] = []
    for char in text:
        is_word = char.isascii() and not char.isspace()
        goes_on = bool(pieces) and is_word and pieces[-1][-1].isascii() and not pieces[-1][-1].isspace()
        # Punctuation never begins a line.
        closes = bool(pieces) and char in "，。、；：？！）」』》…,.;:?!)"
        if pieces and (goes_on or closes or char.isspace()):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces
