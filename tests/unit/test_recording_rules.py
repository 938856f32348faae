"""How a recording is judged, and how long a missing file is waited for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recordings.rules import (
    AudioFacts,
    Finding,
    RecordingState,
    is_doubtful,
    judge_audio,
    longest_gap,
    part_asked,
    wait_before_next_look,
)


def _audio(
    *, seconds: float = 60, patient: float = 0.4, agent: float = 0.4, torn: bool = False, gap: float = 0
) -> AudioFacts:
    return AudioFacts(seconds=seconds, patient_level=patient, agent_level=agent, is_torn=torn, patient_gap_seconds=gap)


def test_audio_as_long_as_its_call_is_ready_without_findings() -> None:
    assert judge_audio(_audio(seconds=59.2), 60, cut_off=False) == (RecordingState.READY, [])


def test_audio_shorter_than_its_call_is_damaged() -> None:
    assert judge_audio(_audio(seconds=57.9), 60, cut_off=False) == (RecordingState.DAMAGED, [Finding.SHORT])


def test_audio_longer_than_its_call_plays_and_is_doubtful() -> None:
    assert judge_audio(_audio(seconds=62.5), 60, cut_off=False) == (RecordingState.READY, [Finding.LONG])


def test_length_of_a_call_cut_off_by_a_restart_proves_nothing() -> None:
    assert judge_audio(_audio(seconds=31), 60, cut_off=True) == (RecordingState.READY, [Finding.CUT_OFF])


def test_file_without_audio_is_damaged() -> None:
    assert judge_audio(_audio(seconds=0), 60, cut_off=False) == (RecordingState.DAMAGED, [Finding.EMPTY])


@pytest.mark.parametrize(
    ("patient", "agent", "finding"), [(0.001, 0.4, Finding.SILENT_PATIENT), (0.4, 0.0, Finding.SILENT_AGENT)]
)
def test_side_that_says_nothing_is_named(patient: float, agent: float, finding: Finding) -> None:
    _, findings = judge_audio(_audio(patient=patient, agent=agent), 60, cut_off=False)
    assert findings == [finding]


def test_patients_side_that_is_not_there_for_a_while_is_named() -> None:
    assert judge_audio(_audio(gap=6), 60, cut_off=False) == (RecordingState.READY, [Finding.GAP])


@pytest.mark.parametrize(
    ("patient", "agent", "steps"),
    [
        ("....######....", "..............", 6),
        ("....##....##....##....##....", "............................", 0),  # silence is left out on this line
        ("....###....###....", "....###...........", 3),  # paused, then missing
        ("..####...####..", "..####...####..", 0),
        ("", "", 0),
    ],
)
def test_a_gap_is_a_stretch_without_one_side_on_a_line_that_is_never_quite_silent(
    patient: str, agent: str, steps: int
) -> None:
    assert longest_gap([each == "#" for each in patient], [each == "#" for each in agent]) == steps


def test_side_may_be_silent_in_a_very_short_call() -> None:
    assert judge_audio(_audio(seconds=4, agent=0), 4, cut_off=False) == (RecordingState.READY, [])


def test_torn_last_sample_alone_alarms_nobody() -> None:
    _, findings = judge_audio(_audio(torn=True), 60, cut_off=False)
    assert findings == [Finding.TORN]
    assert not is_doubtful(findings)


def test_every_other_finding_is_doubtful() -> None:
    assert all(is_doubtful([finding]) for finding in Finding if finding is not Finding.TORN)


def test_missing_file_is_waited_for_a_minute_with_growing_pauses() -> None:
    waits = [wait_before_next_look(attempt) for attempt in range(1, 7)]
    assert waits == sorted(waits, key=lambda wait: wait or timedelta())
    assert sum((wait for wait in waits if wait), timedelta()) == timedelta(seconds=60)
    assert wait_before_next_look(7) is None


@given(header=st.text(st.sampled_from("bytes=-,0129 \tx")) | st.text(), size=st.integers(1, 10_000))
def test_a_part_of_the_audio_lies_in_it_whatever_is_asked(header: str, size: int) -> None:
    asked = part_asked(header, size)
    assert asked is None or 0 <= asked[0] <= asked[1] <= size


@given(first=st.integers(0, 300), last=st.integers(0, 300), size=st.integers(1, 200))
def test_a_part_is_the_bytes_that_were_named_as_far_as_there_are_any(first: int, last: int, size: int) -> None:
    audio = list(range(size))
    start, stop = part_asked(f"bytes={first}-", size) or (0, 0)
    assert audio[start:stop] == audio[first:]
    start, stop = part_asked(f"bytes=-{last}", size) or (0, 0)
    assert audio[start:stop] == audio[max(0, size - last) :]
    named = part_asked(f"bytes={first}-{last}", size)
    assert (named is None) == (last < first)
    assert named is None or audio[named[0] : named[1]] == audio[first : last + 1]
