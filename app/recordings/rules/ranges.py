"""Which part of the audio a player asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,40})-([0-9]{0,40})[ \t]*", re.IGNORECASE)


def part_asked(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last of the part that a Range header names; nothing for the whole audio.

    What is no range of bytes, and several at once, may be passed over (14.2): no player of ours asks so. A part that
    lies outside the audio is empty.
    """
    found = _ONE_RANGE.fullmatch(header)
    first, last = found.groups() if found else ("", "")
    if not first and not last:
        return None
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    stop = min(size, int(last) + 1) if last else size
    return min(int(first), size), max(stop, min(int(first), size))
