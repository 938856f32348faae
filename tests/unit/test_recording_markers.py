"""What happened in a call is found at its place in the sound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.recordings.rules import KINDS_MARKED, Happened, Marker, MarkerKind, kept_until, markers_of, past_before

_ANSWERED = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def _at(seconds: float, kind: str) -> Happened:
    return Happened(kind=kind, at=_ANSWERED + timedelta(seconds=seconds))


def _markers(*events: Happened, seconds: float = 60) -> list[Marker]:
    return markers_of(events, started_at=_ANSWERED, seconds=seconds)


def test_a_hold_lasts_from_its_beginning_to_its_end() -> None:
    found = _markers(_at(-8, "queued"), _at(0, "answered"), _at(10, "held"), _at(25.5, "resumed"))
    assert found == [Marker(kind=MarkerKind.HOLD, start=10, end=25.5)]


def test_a_wait_in_a_queue_in_mid_call_takes_no_place_in_the_sound() -> None:
    waits = (_at(10, "transferred"), _at(10, "queued"), _at(40, "answered"))
    found = _markers(_at(0, "answered"), *waits, _at(45, "held"), _at(50, "resumed"))
    assert found == [
        Marker(kind=MarkerKind.QUEUE, start=10),
        Marker(kind=MarkerKind.TRANSFER, start=10),
        Marker(kind=MarkerKind.HOLD, start=15, end=20),
    ]


def test_a_question_to_a_colleague_becomes_a_conference_and_ends() -> None:
    asked = (_at(5, "consulting"), _at(8, "consult_answered"), _at(12, "conferring"), _at(20, "consult_ended"))
    assert _markers(_at(0, "answered"), *asked) == [
        Marker(kind=MarkerKind.CONSULT, start=5, end=12),
        Marker(kind=MarkerKind.CONFERENCE, start=12, end=20),
    ]


def test_a_park_lasts_until_somebody_has_the_patient_again() -> None:
    parked = (_at(5, "parked"), _at(30, "unparked"))
    assert _markers(_at(0, "answered"), *parked, _at(34, "answered")) == [Marker(kind=MarkerKind.PARK, start=5, end=34)]
    assert _markers(_at(0, "answered"), *parked, _at(31, "queued"), _at(40, "answered")) == [
        Marker(kind=MarkerKind.PARK, start=5, end=31),
        Marker(kind=MarkerKind.QUEUE, start=31),
    ]


def test_what_did_not_end_lasts_to_the_end_of_the_sound() -> None:
    assert _markers(_at(50, "recording_paused"), seconds=58.25) == [Marker(kind=MarkerKind.PAUSE, start=50, end=58.25)]


def test_what_was_before_the_answer_marks_nothing() -> None:
    assert _markers(_at(-5, "held"), _at(-3, "resumed")) == []


@given(st.lists(st.tuples(st.floats(-60, 600), st.sampled_from(sorted(KINDS_MARKED)))), st.floats(0, 300), st.randoms())
def test_markers_lie_in_the_sound_in_order_whatever_is_told_in_whatever_order(
    events: list[tuple[float, str]], seconds: float, random: object
) -> None:
    told = [_at(each, kind) for each, kind in events]
    found = markers_of(told, started_at=_ANSWERED, seconds=seconds)
    assert found == markers_of(sorted(told, key=lambda each: each.at), started_at=_ANSWERED, seconds=seconds)
    assert [marker.start for marker in found] == sorted(marker.start for marker in found)
    for marker in found:
        assert 0 <= marker.start <= round(seconds, 2)
        assert marker.end is None or marker.start <= marker.end <= round(seconds, 2)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 100))
def test_a_recording_is_kept_for_whole_years(started: datetime, years: int) -> None:
    until = kept_until(started, years)
    assert until.year == started.year + years
    assert (until.month, until.day) in {(started.month, started.day), (3, 1)}


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    st.integers(1, 100),
)
def test_nothing_counts_as_past_before_its_time(started: datetime, now: datetime, years: int) -> None:
    assert not started < past_before(now, years) or kept_until(started, years) <= now
