"""Where somebody speaks, by how loud it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.recordings.rules import stretches_of_speech

_PER_SECOND = 50
_NOISE, _VOICE = 0.001, 0.1


def _levels(*parts: tuple[float, float]) -> list[float]:
    """Levels of (seconds, level) one after the other."""
    return [level for seconds, level in parts for _ in range(round(seconds * _PER_SECOND))]


def _places(levels: list[float]) -> list[tuple[float, float]]:
    return [(each.start, each.end) for each in stretches_of_speech(levels, _PER_SECOND)]


def test_silence_is_not_speech() -> None:
    assert _places([]) == _places([0.0] * 500) == _places([_NOISE] * 500) == []


def test_a_sentence_keeps_its_pauses_and_gets_a_margin() -> None:
    levels = _levels((2, _NOISE), (1, _VOICE), (0.5, _NOISE), (1, _VOICE), (3, _NOISE))
    assert _places(levels) == [(1.76, 4.74)]


def test_a_longer_pause_parts_two_sentences() -> None:
    levels = _levels((1, _NOISE), (1, _VOICE), (2, _NOISE), (1, _VOICE), (1, _NOISE))
    assert _places(levels) == [(0.76, 2.24), (3.76, 5.24)]


def test_a_click_is_not_speech() -> None:
    assert _places(_levels((1, _NOISE), (0.06, _VOICE), (3, _NOISE))) == []


def test_who_speaks_all_the_time_is_heard() -> None:
    assert _places([_VOICE] * 100) == [(0.0, 2.0)]


def test_a_noisy_line_is_not_taken_for_a_voice() -> None:
    assert _places(_levels((5, 0.004), (1, _VOICE), (5, 0.004))) == [(4.76, 6.24)]


def test_a_long_speech_is_cut_where_it_is_quietest() -> None:
    levels = _levels((15, _VOICE), (0.2, 0.002), (20, _VOICE))
    first, second, third = _places(levels)
    assert first[0] == 0 and 15 <= first[1] <= 15.2
    assert (first[1], second[1]) == (second[0], third[0])
    assert third[1] == 35.2


@given(st.lists(st.sampled_from([0.0, 0.001, 0.004, 0.02, 0.3]), max_size=3000))
def test_stretches_are_in_order_apart_and_short_enough(levels: list[float]) -> None:
    places = _places(levels)
    ends = [0.0, *(end for _, end in places)]
    assert all(start >= before for (start, _), before in zip(places, ends, strict=False))
    assert all(0 < end - start <= 20 for start, end in places)
    assert ends[-1] <= len(levels) / _PER_SECOND
