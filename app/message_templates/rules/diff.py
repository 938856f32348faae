"""What changed between two texts, letter by letter: Chinese has no blanks to cut at."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of letters that stayed, came or went."""

    change: Change
    text: str


def diff_texts(old: str, new: str) -> list[Piece]:
    """The pieces in reading order; those that stayed or came give the new text, those that stayed or went the old."""
    pieces: list[Piece] = []
    # Without autojunk: in a text of more than 200 letters it would take the commonest ones for noise.
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(change=Change.SAME, text=old[a:b]))
            continue
        if b > a:
            pieces.append(Piece(change=Change.REMOVED, text=old[a:b]))
        if d > c:
            pieces.append(Piece(change=Change.ADDED, text=new[c:d]))
    return pieces
