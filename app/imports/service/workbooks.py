"""Read the first sheet of an .xlsx file line by line, in constant memory and with bounds on everything it declares.

The file is a stranger's: a small one may unpack to terabytes, name ten million columns or hold entities that multiply.
Formulas are read as the value that was saved with them. Numbers keep all digits that the file has.
"""

from __future__ import annotations

import mmap
import re
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from app.errors import InvalidInput
from app.texts import N_

# A million rows of twenty columns are about 1.2 GB of XML, packed to a tenth.
_MOST_BYTES = 2 * 1024**3
# Ordinary sheets pack to between a fifth and a fiftieth; only a file that unpacks to much is held to it.
_HIGHEST_RATIO = 250
_RATIO_FROM_BYTES = 100 * 1024**2
_MOST_PARTS = 1000
_MOST_COLUMNS = 500
_LONGEST_TEXT = 20_000
_BLOCK = 64 * 1024
_SHEET = "xl/worksheets/sheet1.xml"

BROKEN = N_("The spreadsheet is damaged and cannot be read on. Save it again as .xlsx or as CSV.")
TOO_LARGE = N_("The spreadsheet unpacks to far more than a list of people can be. Save it as CSV.")
TOO_WIDE = N_("The list has more than 500 columns.")


class WorkbookLines:
    """The lines of the first sheet as (line, cells); empty ones are left out. Raises InvalidInput where it breaks."""

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        self._read_bytes = 0
        try:
            self._zip = self._stack.enter_context(ZipFile(path))
            _check_size(self._zip, path.stat().st_size)
            self._sheet = _first_sheet(self._zip)
            self._total_bytes = self._zip.getinfo(self._sheet).file_size or 1
            self._strings = _SharedStrings(self._zip, self._stack)
        except (BadZipFile, KeyError, expat.ExpatError, zlib.error, EOFError, NotImplementedError, RuntimeError):
            self.close()
            raise InvalidInput(BROKEN, field="file") from None
        except InvalidInput:
            self.close()
            raise

    @property
    def progress(self) -> float:
        return min(1.0, self._read_bytes / self._total_bytes)

    @property
    def position(self) -> None:
        """A sheet is gone on with by counting lines."""
        return None

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        rows = _Rows(self._strings)
        try:
            with self._zip.open(self._sheet) as file:
                for _ in _feed(file, rows.start, rows.end, rows.text, self._count):
                    yield from rows.taken()
        except (BadZipFile, expat.ExpatError, zlib.error, EOFError, ValueError, IndexError):
            raise InvalidInput(BROKEN, field="file") from None

    def close(self) -> None:
        self._stack.close()

    def _count(self, count: int) -> None:
        self._read_bytes += count


class _Rows:
    """Collects the cells of a sheet while its XML is read."""

    def __init__(self, strings: _SharedStrings) -> None:
        self._strings = strings
        self._done: list[tuple[int, list[str]]] = []
        self._cells: list[str] = []
        self._line = 0
        self._place = 0
        self._kind = ""
        self._pieces: list[str] | None = None
        self._value = ""

    def taken(self) -> list[tuple[int, list[str]]]:
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            reference = attributes.get("r")
            self._place = _column(reference) if reference else self._place + 1
            self._kind, self._value = attributes.get("t", "n"), ""
        elif name in ("v", "t"):
            self._pieces = []
        elif name == "row":
            self._line = int(attributes.get("r") or self._line + 1)
            self._cells, self._place = [], -1

    def text(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t") and self._pieces is not None:
            self._value += "".join(self._pieces)[:_LONGEST_TEXT]
            self._pieces = None
        elif name == "c" and self._value:
            self._put(self._read())
        elif name == "row" and any(cell.strip() for cell in self._cells):
            self._done.append((self._line, self._cells))

    def _put(self, value: str) -> None:
        if self._place >= _MOST_COLUMNS:
            raise InvalidInput(TOO_WIDE, field="file")
        self._cells += [""] * (self._place + 1 - len(self._cells))
        self._cells[self._place] = value

    def _read(self) -> str:
        if self._kind == "s":
            return self._strings[int(self._value)]
        if self._kind == "n":
            return _number(self._value)
        return "" if self._kind == "e" else self._value


class _SharedStrings:
    """The texts that cells refer to, kept on disk: a list of a million people has a million names."""

    def __init__(self, workbook: ZipFile, stack: ExitStack) -> None:
        self._starts = array("Q", [0])
        self._pieces: list[str] = []
        self._is_text = self._is_phonetic = False
        self._file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        if "xl/sharedStrings.xml" in workbook.namelist():
            with workbook.open("xl/sharedStrings.xml") as file:
                for _ in _feed(file, self._start, self._end, self._take, lambda _count: None):
                    pass
        self._file.flush()
        self._texts = stack.enter_context(mmap.mmap(self._file.fileno(), 0)) if self._starts[-1] else b""

    def __getitem__(self, place: int) -> str:
        if place < 0:
            raise IndexError(place)
        return self._texts[self._starts[place] : self._starts[place + 1]].decode()

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == "t":
            self._is_text = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True

    def _take(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            written = self._file.write("".join(self._pieces)[:_LONGEST_TEXT].encode())
            self._starts.append(self._starts[-1] + written)
            self._pieces = []


def _feed(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    count: Callable[[int], None],
) -> Iterator[None]:
    """Parse block by block; yields after each, so that what was collected can be taken."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_entities
    while block := file.read(_BLOCK):
        parser.Parse(block)
        count(len(block))
        yield
    parser.Parse(b"", True)
    yield


def _refuse_entities(*_: object) -> None:
    # No spreadsheet program writes a document type; entities that multiply need one.
    raise InvalidInput(BROKEN, field="file")


def _check_size(workbook: ZipFile, packed: int) -> None:
    parts = workbook.infolist()
    unpacked = sum(part.file_size for part in parts)
    is_bomb = unpacked > _RATIO_FROM_BYTES and unpacked > packed * _HIGHEST_RATIO
    if len(parts) > _MOST_PARTS or unpacked > _MOST_BYTES or is_bomb:
        raise InvalidInput(TOO_LARGE, field="file")


def _first_sheet(workbook: ZipFile) -> str:
    sheets: list[str] = []
    targets: dict[str, str] = {}

    def take_sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            sheets.extend(value for key, value in attributes.items() if key.rpartition(":")[2] == "id")

    def take_target(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part, take in (("xl/workbook.xml", take_sheet), ("xl/_rels/workbook.xml.rels", take_target)):
        with workbook.open(part) as file:
            for _ in _feed(file, take, lambda _name: None, lambda _text: None, lambda _count: None):
                pass
    target = targets.get(sheets[0], "") if sheets else ""
    path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return path if target and path in workbook.namelist() else _SHEET


def _column(reference: str) -> int:
    letters = re.match(r"[A-Z]{1,7}", reference)
    if letters is None:
        raise ValueError(reference)
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _number(text: str) -> str:
    """`1.3800138E10` and `13800138000.0` are the eleven digits that they stand for; fifteen are exact in the file."""
    if text.isdigit() or ("E" not in text and not text.endswith(".0")):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number:f}".removesuffix(".0") if abs(number) < 10**15 else text
