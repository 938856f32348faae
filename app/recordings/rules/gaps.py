"""Where one side of a recording is not there, which is not the same as saying nothing: a line is never quite silent."""

from __future__ import annotations

from collections.abc import Sequence


def longest_gap(is_void: Sequence[int], is_other_void: Sequence[int]) -> int:
    """How many steps the longest stretch lasts in which a side holds no sound at all while the other one has some.

    Where both hold nothing the recording was paused, which neither counts nor interrupts. A line that leaves silence
    out altogether has many such stretches, and they prove nothing: then the answer is 0.
    """
    longest = now = every = 0
    for void, other in zip(is_void, is_other_void, strict=True):
        if void and not other:
            now, every = now + 1, every + 1
        elif not void:
            longest, now = max(longest, now), 0
    longest = max(longest, now)
    return longest if every - longest <= longest // _OFTEN else 0


# As much again as a tenth of it: people breathe and listen for longer than that on a line that leaves silence out.
_OFTEN = 10
