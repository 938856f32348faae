"""Where somebody speaks on one side of a call, from how loud it is: what is silent is not looked at any further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# An idle line is below 0.001; a word said softly is above 0.01. Between the two the line's own noise decides.
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = 0.003, 0.015
_ABOVE_NOISE = 3.0
# Within a sentence people pause for half a second; a syllable takes a tenth.
_PAUSE_SECONDS, _SHORTEST_SECONDS, _MARGIN_SECONDS = 0.7, 0.12, 0.24
# The models were trained on pieces of less than half a minute, and forget or repeat themselves on longer ones.
_LONGEST_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the sound, in seconds from its beginning."""

    start: float
    end: float


def stretches_of_speech(levels: Sequence[float], per_second: int) -> list[Stretch]:
    """The parts of one side in which somebody speaks: in order, apart from each other, none longer than 20 s.

    `levels` are the loudness of each step, 0 to 1.
    """
    threshold = _threshold(levels)
    margin, found = round(_MARGIN_SECONDS * per_second), list[tuple[int, int]]()
    for start, end in _spoken(levels, threshold, per_second):
        start, end = max(0, start - margin), min(len(levels), end + margin)
        if found and start < found[-1][1]:
            start = found[-1][1]
        found.append((start, end))
    cut = [piece for start, end in found for piece in _pieces(levels, start, end, per_second)]
    return [Stretch(start=start / per_second, end=end / per_second) for start, end in cut if start < end]


def _threshold(levels: Sequence[float]) -> float:
    """A few times the noise of the line, which is what the quieter fifth of the time holds."""
    noise = sorted(levels)[len(levels) // 5] if levels else 0.0
    return min(max(_ABOVE_NOISE * noise, _LOWEST_THRESHOLD), _HIGHEST_THRESHOLD)


def _spoken(levels: Sequence[float], threshold: float, per_second: int) -> Iterator[tuple[int, int]]:
    pause, shortest = _PAUSE_SECONDS * per_second, _SHORTEST_SECONDS * per_second
    start, last, loud = 0, None, 0
    for step, level in enumerate(levels):
        if level < threshold:
            continue
        if last is None or step - last > pause:
            if last is not None and loud >= shortest:
                yield start, last + 1
            start, loud = step, 0
        last, loud = step, loud + 1
    if last is not None and loud >= shortest:
        yield start, last + 1


def _pieces(levels: Sequence[float], start: int, end: int, per_second: int) -> Iterator[tuple[int, int]]:
    """A long stretch in pieces, each cut at the quietest step of its second half."""
    longest = round(_LONGEST_SECONDS * per_second)
    while end - start > longest:
        place = min(range(start + longest // 2, start + longest), key=levels.__getitem__)
        yield start, place
        start = place
    yield start, end
