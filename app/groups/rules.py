"""Kinds of group customer, and the lines of a list of members."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from app.texts import N_


class GroupKind(StrEnum):
    SCHEME = "scheme"
    CONTRACT_UNIT = "contract_unit"
    EXAM_UNIT = "exam_unit"
    OTHER = "other"


KIND_TEXT = {
    GroupKind.SCHEME: N_("Insurance scheme"),
    GroupKind.CONTRACT_UNIT: N_("Contract unit"),
    GroupKind.EXAM_UNIT: N_("Exam unit"),
    GroupKind.OTHER: N_("Other group"),
}
# A contract unit of 10,000 people pasted at once is 300 kB; more comes in several lists.
MOST_LINES = 10_000
_LONGEST_LINE = 200
_LONGEST_NUMBER = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """One line of a pasted list: the number to look for, and the number by which the group knows the person."""

    position: int
    wanted: str
    member_number: str


@dataclass(slots=True, kw_only=True)
class MemberReport:
    """What became of a list: how many were added or known, and the positions of lines that nobody answers to."""

    added: int = 0
    known: int = 0
    unknown: list[int] = field(default_factory=list)
    ambiguous: list[int] = field(default_factory=list)


def read_lines(text: str) -> Iterator[MemberLine]:
    """The lines of a pasted list or CSV: a telephone number or identifier first, then perhaps the member's number.

    Empty lines are left out, but counted, so that a position is the line's number in the list.
    """
    for position, line in enumerate(text.splitlines()[:MOST_LINES], start=1):
        cells = [_clean(cell) for cell in re.split(r"[\t,;，；]", line[:_LONGEST_LINE])]
        if cells[0]:
            number = cells[1] if len(cells) > 1 else ""
            yield MemberLine(position=position, wanted=cells[0], member_number=number[:_LONGEST_NUMBER])


def _clean(cell: str) -> str:
    shown = "".join(letter for letter in unicodedata.normalize("NFKC", cell) if letter.isprintable())
    return " ".join(shown.strip().strip("\"'").split())
