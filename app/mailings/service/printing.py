"""Envelopes as a PDF: one on each page, its letters embedded."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.mailings.rules import Line, Sheet
from app.mailings.service.fonts import Letters, cut

if TYPE_CHECKING:
    from fpdf import FPDF

# A letter's height in millimetres as points, the unit in which a font is set.
_POINTS = 72 / 25.4


def draw(sheets: Sequence[Sheet], letters: Letters) -> bytes:
    """The PDF of these envelopes. Letters that no font has must have been refused before."""
    from fpdf import FPDF  # a quarter of a second, which only printing should wait for

    pdf = FPDF(unit="mm", format=(sheets[0].height, sheets[0].width), orientation="landscape")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    with tempfile.TemporaryDirectory(prefix="wardline-letters-") as folder:
        names = _add_fonts(pdf, sheets, letters, Path(folder))
        pdf.set_draw_color(176, 32, 32)
        pdf.set_line_width(0.3)
        for sheet in sheets:
            pdf.add_page()
            for box in sheet.boxes:
                pdf.rect(box.x, box.y, box.width, box.height)
            for line in sheet.lines:
                _write(pdf, line, letters, names)
        return bytes(pdf.output())


def _add_fonts(pdf: FPDF, sheets: Sequence[Sheet], letters: Letters, folder: Path) -> dict[Path, str]:
    """Give the document the pieces that it needs, under names of our own."""
    needed: dict[Path, set[str]] = {}
    for text in {line.text for sheet in sheets for line in sheet.lines}:
        for piece, run in letters.runs(text):
            needed.setdefault(piece, set()).update(run)
    names: dict[Path, str] = {}
    for number, (piece, used) in enumerate(sorted(needed.items())):
        names[piece] = f"piece{number}"
        # fpdf takes fonts from files only.
        file = folder / f"{names[piece]}.ttf"
        file.write_bytes(cut(piece, sorted(used)))
        pdf.add_font(names[piece], fname=file)
    return names


def _write(pdf: FPDF, line: Line, letters: Letters, names: dict[Path, str]) -> None:
    runs = letters.runs(line.text)
    widths: list[float] = []
    for piece, text in runs:
        pdf.set_font(names[piece], size=line.size * _POINTS)
        widths.append(pdf.get_string_width(text))
    x = line.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[line.anchor] * sum(widths)
    for (piece, text), width in zip(runs, widths, strict=True):
        pdf.set_font(names[piece], size=line.size * _POINTS)
        pdf.text(x, line.y, text)
        x += width
