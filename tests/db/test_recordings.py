"""Recordings from the answer of a call to the checked file, on both databases."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.alarms.rules import AlarmKind
from app.alarms.service import open_alarms
from app.journal.service import read_since
from app.parts import Parts
from app.recordings import service as recordings
from app.recordings import tasks
from app.recordings.models import Recording
from app.recordings.rules import Finding, RecordingState
from recordings import pickup, sound, spool
from tests.two_sided import add_ended_call, audio_of, write_raw

_ANSWERED = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
_ENDED = _ANSWERED + timedelta(seconds=2)


class Clock:
    def __init__(self) -> None:
        self.now = _ENDED + timedelta(seconds=5)

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(parts: Parts, clock: Clock) -> Iterator[Parts]:
    """The parts with a clock that the test moves."""
    yield replace(parts, now=clock)


def _recording(parts: Parts, recording_id: str) -> Recording:
    with parts.database.reading() as session:
        return recordings.get(session, recording_id)


def _alarms(parts: Parts) -> list[tuple[str, str]]:
    with parts.database.reading() as session:
        return [(alarm.kind, alarm.subject) for alarm in open_alarms(session)]


def _kinds(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [entry["kind"] for entry in read_since(session, 0)]


def test_recording_is_ready_after_its_call(timed: Parts) -> None:
    raw = write_raw(timed.settings.spool_dir, "17.1", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "17.1", answered_at=_ANSWERED)
    assert tasks.due_recordings(timed) == [recording_id]
    pickup.process_recording(timed, recording_id)
    found = _recording(timed, recording_id)
    assert (found.state, found.findings, found.seconds) == (RecordingState.READY, [], 2.0)
    assert found.media_type == "audio/flac"
    assert found.path is not None and found.path.startswith(f"2026/11/21/{recording_id}-")
    audio = audio_of(timed, recording_id)
    assert (found.sha256, found.bytes) == (hashlib.sha256(audio).hexdigest(), len(audio))
    stored = timed.settings.recordings_dir / found.path
    assert found.stored_sha256 == sound.sha256_of(stored)
    # The audio lies nowhere in the clear, beside the store neither.
    assert all(not path.read_bytes().startswith(b"fLaC") for path in timed.settings.recordings_dir.rglob("*.*"))
    assert not raw.exists()
    assert _alarms(timed) == []
    assert _kinds(timed) == ["recording.ended", "recording.stored"]


def test_doing_it_twice_changes_nothing(timed: Parts) -> None:
    write_raw(timed.settings.spool_dir, "17.2", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "17.2", answered_at=_ANSWERED)
    pickup.process_recording(timed, recording_id)
    before = _kinds(timed)
    pickup.process_recording(timed, recording_id)
    assert _kinds(timed) == before


def test_two_workers_at_once_store_it_once(timed: Parts) -> None:
    write_raw(timed.settings.spool_dir, "17.3", written_at=_ENDED, seconds=5)
    _, recording_id = add_ended_call(timed, "17.3", answered_at=_ANSWERED, seconds=5)
    workers = [threading.Thread(target=pickup.process_recording, args=(timed, recording_id)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert _kinds(timed).count("recording.stored") == 1


def test_file_that_still_grows_is_left_alone_for_a_second(timed: Parts, clock: Clock) -> None:
    raw = write_raw(timed.settings.spool_dir, "17.4", written_at=clock.now - timedelta(milliseconds=200))
    _, recording_id = add_ended_call(timed, "17.4", answered_at=_ANSWERED)
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.WAITING
    assert raw.exists()
    clock.pass_seconds(1)
    assert tasks.due_recordings(timed) == [recording_id]
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.READY


def test_call_without_a_file_raises_the_alarm_after_a_minute(timed: Parts, clock: Clock) -> None:
    call_id, recording_id = add_ended_call(timed, "17.5", answered_at=_ANSWERED)
    began = clock.now
    while _recording(timed, recording_id).state == RecordingState.WAITING:
        clock.pass_seconds(1)
        for due in tasks.due_recordings(timed):
            pickup.process_recording(timed, due)
    assert _recording(timed, recording_id).state == RecordingState.MISSING
    assert timedelta(seconds=60) <= clock.now - began <= timedelta(seconds=75)
    assert _alarms(timed) == [(AlarmKind.RECORDING_MISSING, call_id)]


def test_file_that_comes_late_is_picked_up_all_the_same(timed: Parts, clock: Clock) -> None:
    _, recording_id = add_ended_call(timed, "17.6", answered_at=_ANSWERED)
    pickup.process_recording(timed, recording_id)
    write_raw(timed.settings.spool_dir, "17.6", written_at=_ENDED)
    clock.pass_seconds(1)
    assert tasks.due_recordings(timed) == [recording_id]
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.READY
    assert _alarms(timed) == []


def test_answered_call_that_nobody_recorded_is_noticed(timed: Parts, clock: Clock) -> None:
    _, recording_id = add_ended_call(timed, "17.7", answered_at=_ANSWERED)
    with timed.database.writing() as session:
        session.delete(recordings.get(session, recording_id))
    tasks.adopt_unrecorded_calls(timed)
    clock.pass_seconds(1)
    (adopted,) = tasks.due_recordings(timed)
    assert _recording(timed, adopted).source_name == "17.7"


def test_audio_shorter_than_its_call_alarms_and_still_plays(timed: Parts) -> None:
    write_raw(timed.settings.spool_dir, "17.8", written_at=_ENDED)
    call_id, recording_id = add_ended_call(timed, "17.8", answered_at=_ANSWERED, seconds=30)
    pickup.process_recording(timed, recording_id)
    found = _recording(timed, recording_id)
    assert (found.state, found.findings) == (RecordingState.DAMAGED, [Finding.SHORT])
    assert found.path is not None
    assert _alarms(timed) == [(AlarmKind.RECORDING_DOUBTFUL, call_id)]


def test_what_asterisk_wrote_before_it_died_is_kept(timed: Parts) -> None:
    write_raw(timed.settings.spool_dir, "17.9", written_at=_ENDED, torn_bytes=2)
    _, recording_id = add_ended_call(timed, "17.9", answered_at=_ANSWERED, seconds=3, ended_by="restart")
    pickup.process_recording(timed, recording_id)
    found = _recording(timed, recording_id)
    assert (found.state, found.findings) == (RecordingState.READY, [Finding.TORN, Finding.CUT_OFF])
    assert found.seconds == 2.0


def test_empty_file_is_damaged_and_kept(timed: Parts) -> None:
    raw = write_raw(timed.settings.spool_dir, "17.10", written_at=_ENDED, seconds=0)
    call_id, recording_id = add_ended_call(timed, "17.10", answered_at=_ANSWERED)
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).findings == [Finding.EMPTY]
    assert raw.exists()
    assert _alarms(timed) == [(AlarmKind.RECORDING_DOUBTFUL, call_id)]


def test_full_disk_loses_nothing_and_is_made_good_later(
    timed: Parts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write_raw(timed.settings.spool_dir, "17.11", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "17.11", answered_at=_ANSWERED)
    with monkeypatch.context() as patch:
        patch.setattr(pickup, "_RESERVE_BYTES", 2**62)
        pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.WAITING
    assert raw.exists()
    assert _alarms(timed) == [(AlarmKind.RECORDINGS_UNSTORED, "storage")]
    clock.pass_seconds(60)
    assert tasks.due_recordings(timed) == [recording_id]
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.READY
    assert _alarms(timed) == []


def test_worker_that_died_in_mid_work_is_replaced(timed: Parts, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    write_raw(timed.settings.spool_dir, "17.12", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "17.12", answered_at=_ANSWERED)

    def die(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(sound, "convert", die)
        with pytest.raises(MemoryError):
            pickup.process_recording(timed, recording_id)
    clock.pass_seconds(30)
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.WAITING
    clock.pass_seconds(600)
    pickup.process_recording(timed, recording_id)
    assert _recording(timed, recording_id).state == RecordingState.READY


def test_raw_file_left_by_a_killed_worker_is_removed_later(timed: Parts, clock: Clock) -> None:
    write_raw(timed.settings.spool_dir, "17.13", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "17.13", answered_at=_ANSWERED)
    pickup.process_recording(timed, recording_id)
    left = write_raw(timed.settings.spool_dir, "17.13", written_at=_ENDED)
    unknown = write_raw(timed.settings.spool_dir, "99.1", written_at=_ENDED)
    clock.pass_seconds(3600)
    assert pickup.remove_leftovers(timed) == 1
    assert (left.exists(), unknown.exists()) == (False, True)


def test_due_recording_is_queued_again_only_when_its_task_was_lost(timed: Parts, clock: Clock) -> None:
    _, recording_id = add_ended_call(timed, "17.14", answered_at=_ANSWERED)
    assert tasks.due_recordings(timed) == [recording_id]
    clock.pass_seconds(5)
    assert tasks.due_recordings(timed) == []
    clock.pass_seconds(30)
    assert tasks.due_recordings(timed) == [recording_id]


@pytest.mark.parametrize("stem", ["../../etc/passwd", "a/b", "", ".hidden", "a\nb", "x" * 101])
def test_name_that_could_leave_the_spool_directory_is_no_file(timed: Parts, stem: str) -> None:
    assert spool.raw_file(timed.settings.spool_dir, stem) is None


def test_answer_and_end_may_be_told_twice(timed: Parts) -> None:
    call_id, recording_id = add_ended_call(timed, "17.15", answered_at=_ANSWERED)
    with timed.database.writing() as session:
        again = recordings.recording_started(session, call_id=call_id, source_name="17.15", at=_ANSWERED)
        recordings.recording_ended(session, timed.bus, call_id=call_id, at=_ENDED)
    assert again == recording_id
    assert _kinds(timed) == ["recording.ended"]


def _add_many(parts: Parts, count: int) -> list[str]:
    times = [_ANSWERED + timedelta(minutes=n // 2) for n in range(count)]
    return [add_ended_call(parts, f"18.{n}", answered_at=at)[1] for n, at in enumerate(times)]


def test_list_pages_on_without_missing_or_repeating_a_row(timed: Parts) -> None:
    added = _add_many(timed, 7)
    seen: list[str] = []
    cursor: str | None = None
    with timed.database.reading() as session:
        while not seen or cursor:
            page = recordings.list_recordings(session, recordings.Filters(), cursor=cursor, limit=3)
            seen += [item.recording.id for item in page.items]
            cursor = page.next_cursor
    assert sorted(seen) == sorted(added)


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (lambda: recordings.Filters(agent="bob"), 1),
        (lambda: recordings.Filters(direction="outbound"), 1),
        (lambda: recordings.Filters(state=RecordingState.WAITING), 2),
        (lambda: recordings.Filters(state=RecordingState.READY), 0),
        (lambda: recordings.Filters(since=_ANSWERED + timedelta(minutes=1)), 1),
        (lambda: recordings.Filters(until=_ANSWERED + timedelta(minutes=1)), 1),
        (lambda: recordings.Filters(patient_id=1), 0),
        (lambda: recordings.Filters(needs_look=True), 0),
    ],
)
def test_list_is_narrowed(timed: Parts, narrow: Callable[[], recordings.Filters], expected: int) -> None:
    add_ended_call(timed, "19.1", answered_at=_ANSWERED)
    add_ended_call(timed, "19.2", answered_at=_ANSWERED + timedelta(minutes=5), agent="carol", direction="outbound")
    with timed.database.reading() as session:
        assert len(recordings.list_recordings(session, narrow()).items) == expected


def test_checked_recording_needs_no_look_any_more(timed: Parts) -> None:
    write_raw(timed.settings.spool_dir, "19.3", written_at=_ENDED)
    _, recording_id = add_ended_call(timed, "19.3", answered_at=_ANSWERED, seconds=30)
    pickup.process_recording(timed, recording_id)
    with timed.database.writing() as session:
        assert recordings.get_item(session, recording_id).needs_look
        recordings.mark_checked(session, timed.bus, recordings.get(session, recording_id), "quinn", timed.now())
    with timed.database.reading() as session:
        assert not recordings.get_item(session, recording_id).needs_look
        assert recordings.needs_look(session) == {}
