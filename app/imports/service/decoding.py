"""In which encoding and with which delimiter a text file was written: found by decoding, never by a declared name."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path

from app.errors import InvalidInput
from app.imports.rules import Target, propose_columns
from app.texts import N_

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",\t;|"
_SAMPLE = 64 * 1024
_BLOCK = 1024 * 1024

NOT_TEXT = N_("The file cannot be read: it is neither a spreadsheet nor text in UTF-8, UTF-16, GB 18030 or Big5.")


def find_encoding(path: Path) -> str:
    """The encoding in which the whole file can be read. Raises InvalidInput when there is none."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    candidates = _candidates(sample)
    for encoding in candidates:
        if _reads(path, encoding):
            return encoding
    raise InvalidInput(NOT_TEXT, field="file")


def find_delimiter(text: str) -> str:
    """The sign that parts the first lines into the most columns, equally many in each."""
    lines = [line for line in text.splitlines()[:20] if line.strip()][:5]

    def fit(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return (min(counts, default=0), -len(set(counts)))

    return max(_DELIMITERS, key=fit)


def _candidates(sample: bytes) -> Sequence[str]:
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return (encoding,)
    if sample[1::2].count(0) > len(sample) // 8:
        return ("utf-16-le",)
    if sample[::2].count(0) > len(sample) // 8:
        return ("utf-16-be",)
    if b"\x00" in sample:
        return ()
    chinese = sorted(("gb18030", "big5hkscs"), key=lambda encoding: _likeness(sample, encoding), reverse=True)
    return ("utf-8", *chinese)


def _likeness(sample: bytes, encoding: str) -> tuple[int, float]:
    text = sample.decode(encoding, errors="replace")
    first = next((line for line in text.splitlines() if line.strip()), "")
    header = next(csv.reader([first], delimiter=find_delimiter(first)), [])
    known = max(sum(column is not None for column in propose_columns(header, target)) for target in Target)
    letters = [char for char in text if char > "\x7f"]
    common = sum(_is_common(char, encoding) for char in letters)
    return known, common / len(letters) if letters else 1.0


def _is_common(char: str, encoding: str) -> bool:
    try:
        lead = char.encode("gb2312" if encoding == "gb18030" else "big5")[0]
    except UnicodeEncodeError:
        return False
    # The first level of either set holds the characters that people write.
    return lead < 0xD8 if encoding == "gb18030" else lead < 0xC7


def _reads(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
