"""A sheet as a PDF on A4, its letters embedded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.mailings.service.fonts import Letters, cut
from app.questionnaires.rules.sheets import HEIGHT, WIDTH, SheetContent, lay_out

if TYPE_CHECKING:
    from fpdf import FPDF

# A letter's height in millimetres as points, the unit in which a font is set.
_POINTS = 72 / 25.4


def draw_sheet(content: SheetContent, letters: Letters) -> bytes:
    """The PDF of a sheet. A letter that no font has becomes a box, so that nobody reads past a gap."""
    from fpdf import FPDF  # a quarter of a second, which only printing should wait for

    pdf = FPDF(unit="mm", format=(WIDTH, HEIGHT))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    with tempfile.TemporaryDirectory(prefix="wardline-letters-") as folder:
        pen = _Pen(pdf, letters, "".join(sorted(set("".join(_texts(content))))) + "0123456789 /:.□", Path(folder))
        for page in lay_out(content, pen.width_of):
            pdf.add_page()
            pdf.set_draw_color(60, 60, 60)
            pdf.set_line_width(0.2)
            for rule in page.rules:
                pdf.line(rule.x1, rule.y, rule.x2, rule.y)
            for box in page.boxes:
                pdf.rect(box.x, box.y, box.side, box.side)
                if box.is_ticked:
                    pdf.line(box.x, box.y, box.x + box.side, box.y + box.side)
                    pdf.line(box.x + box.side, box.y, box.x, box.y + box.side)
            for line in page.lines:
                pen.write(line.text, line.x, line.y, line.size)
        return bytes(pdf.output())


class _Pen:
    """Knows how wide texts are and writes them, each run in the piece of font that has its letters."""

    def __init__(self, pdf: FPDF, letters: Letters, used: str, folder: Path) -> None:
        self._pdf, self._letters = pdf, letters
        self._missing = set(letters.missing(used))
        self._names: dict[Path, str] = {}
        self._widths: dict[tuple[str, float], float] = {}
        needed: dict[Path, set[str]] = {}
        for piece, run in letters.runs(self._plain(used)):
            needed.setdefault(piece, set()).update(run)
        for number, (piece, chars) in enumerate(sorted(needed.items())):
            self._names[piece] = f"piece{number}"
            # fpdf takes fonts from files only.
            file = folder / f"piece{number}.ttf"
            file.write_bytes(cut(piece, sorted(chars)))
            pdf.add_font(self._names[piece], fname=file)

    def width_of(self, text: str, size: float) -> float:
        """In millimetres."""
        return sum(self._width(char, size) for char in text)

    def write(self, text: str, x: float, y: float, size: float) -> None:
        for piece, run in self._letters.runs(self._plain(text)):
            self._pdf.set_font(self._names[piece], size=size * _POINTS)
            self._pdf.text(x, y, run)
            x += self._pdf.get_string_width(run)

    def _width(self, char: str, size: float) -> float:
        known = self._widths.get((char, size))
        if known is None:
            known = 0.0
            for piece, run in self._letters.runs(self._plain(char)):
                self._pdf.set_font(self._names[piece], size=size * _POINTS)
                known += self._pdf.get_string_width(run)
            self._widths[char, size] = known
        return known

    def _plain(self, text: str) -> str:
        return "".join("□" if char in self._missing and char not in "□\n\t" else char for char in text)


def _texts(content: SheetContent) -> Iterator[str]:
    yield from (content.hospital, content.title, content.foot)
    for label, value in (*content.facts, *content.sections):
        yield from (label, value)
    for item in content.items:
        yield from (item.text, item.answer, *(choice.text for choice in item.choices))
