"""The lists that are brought in, read line by line: text files, spreadsheets, and views of other databases."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from app.errors import InvalidInput
from app.imports.rules import SourceKind
from app.imports.service.decoding import NOT_TEXT, find_delimiter, find_encoding
from app.imports.service.views import ViewAddress, ViewLines
from app.imports.service.workbooks import TOO_WIDE, WorkbookLines
from app.texts import N_

# A line of a list has some hundred characters; the csv module stops at as many in one cell.
_LONGEST_LINE = 131_072
_MOST_COLUMNS = 500
_SAMPLE = 64 * 1024
SAMPLES = 5
_BROKEN = N_("The file cannot be read on: it is not a CSV file.")
_EMPTY = N_("The list is empty: its first line must name the columns.")
_OLD_EXCEL = N_("This is a file of an old Excel. Save it as .xlsx or as CSV.")

Line = tuple[int, list[str]]
"""The number of a line as people count it, and its cells."""


class Lines(Protocol):
    """An open list: all its lines from the first on, the titles included; empty ones are left out."""

    @property
    def progress(self) -> float | None: ...

    @property
    def position(self) -> str | None: ...

    def __iter__(self) -> Iterator[Line]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is known of a list before it is mapped. `samples` has the first values of each column."""

    kind: SourceKind
    format: dict[str, Any]
    header: list[str]
    samples: list[list[str]]


def inspect(path: Path) -> Preview:
    """What kind of list an uploaded file is, and how it begins. Raises InvalidInput for what is none."""
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput(_OLD_EXCEL, field="file")
    if magic.startswith(b"PK"):
        return preview(path, SourceKind.XLSX, {})
    encoding = find_encoding(path)
    with path.open(encoding=encoding) as text:
        delimiter = find_delimiter(text.read(_SAMPLE))
    return preview(path, SourceKind.CSV, {"encoding": encoding, "delimiter": delimiter})


def preview(path: Path, kind: SourceKind, format: dict[str, Any]) -> Preview:
    """How the list begins. Raises InvalidInput when it has no titles."""
    with open_lines(path, kind, format) as lines:
        first = list(islice(lines, SAMPLES + 1))
    if not first:
        raise InvalidInput(_EMPTY, field="file")
    header = [title.strip()[:100] for title in first[0][1]]
    if any(char < "\t" for title in header for char in title):
        raise InvalidInput(NOT_TEXT, field="file")
    samples = [
        [cells[place][:100] if place < len(cells) else "" for _line, cells in first[1:]] for place in range(len(header))
    ]
    return Preview(kind=kind, format=format, header=header, samples=samples)


@contextmanager
def open_lines(path: Path, kind: SourceKind, format: dict[str, Any], *, position: str | None = None) -> Iterator[Lines]:
    """The list from its titles on; a view goes on after `position`. Raises InvalidInput when it cannot be opened."""
    lines: Lines
    if kind is SourceKind.VIEW:
        lines = ViewLines(ViewAddress(**json.loads(path.read_text())), after=position)
    elif kind is SourceKind.XLSX:
        lines = WorkbookLines(path)
    else:
        lines = TextLines(path, format["encoding"], format["delimiter"])
    try:
        yield lines
    finally:
        lines.close()


class TextLines:
    """The lines of a text file with delimiters. Raises InvalidInput where it cannot be read on."""

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self._binary = path.open("rb", buffering=0)
        self._bytes = path.stat().st_size or 1
        self._file = open(self._binary.fileno(), encoding=encoding, newline="", closefd=False)  # noqa: SIM115
        self._delimiter = delimiter

    @property
    def progress(self) -> float:
        return min(1.0, self._binary.tell() / self._bytes)

    @property
    def position(self) -> None:
        """A file is gone on with by counting lines."""
        return None

    def __iter__(self) -> Iterator[Line]:
        reader = csv.reader(iter(self._line, ""), delimiter=self._delimiter)
        try:
            for cells in reader:
                if any(cells) and any(cell.strip() for cell in cells):
                    if len(cells) > _MOST_COLUMNS:
                        raise InvalidInput(TOO_WIDE, field="file")
                    yield reader.line_num, cells
        except csv.Error:
            raise InvalidInput(_BROKEN, field="file", line=reader.line_num) from None
        except UnicodeDecodeError:
            raise InvalidInput(NOT_TEXT, field="file", line=reader.line_num) from None

    def close(self) -> None:
        self._file.close()
        self._binary.close()

    def _line(self) -> str:
        line = self._file.readline(_LONGEST_LINE)
        if len(line) >= _LONGEST_LINE:
            raise InvalidInput(_BROKEN, field="file")
        return line
