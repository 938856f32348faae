"""Rows as an .xlsx file. Memory stays the same whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from app.exports.rules import CellKind, SheetColumn, cell_text

_PROGRESS_EVERY = 500
_FORMATS = {
    CellKind.TEXT: "@",
    CellKind.NUMBER: "0",
    CellKind.MONEY: "#,##0.00",
    CellKind.DAY: "yyyy-mm-dd",
    CellKind.TIME: "yyyy-mm-dd hh:mm",
}


def write_workbook(
    path: Path,
    *,
    title: str,
    columns: Sequence[SheetColumn],
    rows: Iterable[Any],
    notes: Callable[[int], Sequence[tuple[str, str]]],
    notes_title: str,
    zone: ZoneInfo,
    progress: Callable[[int], None],
) -> int:
    """Write one sheet with a header and the rows, and a last one with the notes, which are given the number of rows.

    Every text is a text cell, also one that looks like a formula or a number. Returns how many rows were written.
    `progress` is called now and then with the rows written so far; what it raises ends the work.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    sheet.freeze_panes = "A2"
    for position, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.append([_text_cell(sheet, column.title, is_bold=True) for column in columns])
    written = 0
    for row in rows:
        sheet.append([_cell(sheet, column, row, zone) for column in columns])
        written += 1
        if written % _PROGRESS_EVERY == 0:
            progress(written)
    about = book.create_sheet(_sheet_title(notes_title))
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 80
    for label, text in notes(written):
        about.append([_text_cell(about, label, is_bold=True), _text_cell(about, text)])
    book.save(path)
    return written


def _cell(sheet: Any, column: SheetColumn, row: Any, zone: ZoneInfo) -> Any:
    value = column.value(row)
    if value is None or value == "":
        return None
    match column.kind, value:
        case CellKind.MONEY, int():
            shown: object = Decimal(value) / 100
        case CellKind.NUMBER, int() | float():
            shown = value
        case CellKind.TIME, datetime():
            shown = value.astimezone(zone).replace(tzinfo=None)
        case CellKind.DAY, date():
            shown = value
        case _:
            return _text_cell(sheet, column.words.get(str(value), str(value)))
    cell = WriteOnlyCell(sheet, value=shown)
    cell.number_format = _FORMATS[column.kind]
    return cell


def _text_cell(sheet: Any, text: str, *, is_bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=cell_text(text))
    # Without this openpyxl takes a text that begins with "=" for a formula, and Excel would run it.
    cell.data_type = "s"
    cell.number_format = "@"
    if is_bold:
        cell.font = Font(bold=True)
    return cell


def _sheet_title(text: str) -> str:
    # Excel forbids these and more than 31 characters.
    return "".join(" " if letter in r"[]:*?/\'" else letter for letter in text)[:31] or "1"
