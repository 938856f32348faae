"""While a call lasts its sound is watched: an alarm comes when it is no longer written, and goes when it is again."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.alarms.rules import AlarmKind
from app.alarms.service import open_alarms
from app.calls.models import Call
from app.calls.rules import CallState
from app.journal.service import read_since
from app.parts import Parts
from app.recordings import service as recordings
from recordings.watch import watch_live
from tests.two_sided import write_raw

_AT = datetime.fromisoformat("2026-11-21T02:00:00+00:00")


@pytest.fixture
def at_20s(parts: Parts) -> Parts:
    """A call that was answered 20 s ago and lasts; its file was written to a moment ago."""
    call_id = str(uuid.uuid4())
    with parts.database.writing() as session:
        session.add(
            Call(
                id=call_id,
                linkedid="1.1",
                direction="inbound",
                state=CallState.ANSWERED,
                number="+8613800138000",
                number_signalled="13800138000",
                dialled="4000",
                agent="bob",
                started_at=_AT,
                answered_at=_AT,
            )
        )
        session.flush()
        recordings.recording_started(session, call_id=call_id, source_name="1.1", at=_AT)
    return _later(parts, 20)


def _later(parts: Parts, seconds: float) -> Parts:
    return replace(parts, now=lambda: _AT + timedelta(seconds=seconds))


def _written(parts: Parts, seconds: float) -> None:
    write_raw(parts.settings.spool_dir, "1.1", written_at=_AT + timedelta(seconds=seconds))


def _alarms(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [alarm.kind for alarm in open_alarms(session)]


def _told(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [entry["kind"] for entry in read_since(session, 0) if entry["kind"].startswith("recording.")]


def test_a_file_that_grows_raises_nothing(at_20s: Parts) -> None:
    _written(at_20s, 19)
    assert watch_live(at_20s) == 0
    assert _alarms(at_20s) == []


def test_a_file_that_stands_still_raises_an_alarm_while_the_call_lasts(at_20s: Parts) -> None:
    _written(at_20s, 10)
    assert watch_live(at_20s) == watch_live(at_20s) == 1
    assert _alarms(at_20s) == [AlarmKind.RECORDING_STALLED]
    _written(at_20s, 24)
    assert watch_live(_later(at_20s, 25)) == 0
    assert _alarms(at_20s) == []
    assert _told(at_20s) == ["recording.stalled", "recording.goes_on"]


def test_a_file_that_never_came_is_told_too(at_20s: Parts) -> None:
    assert watch_live(at_20s) == 1


def test_a_call_that_has_just_been_answered_has_time_for_its_file(at_20s: Parts) -> None:
    assert watch_live(_later(at_20s, 3)) == 0


def test_who_waits_in_a_queue_again_is_not_missed(at_20s: Parts) -> None:
    with at_20s.database.writing() as session:
        session.execute(update(Call).values(state=CallState.RINGING))
    assert watch_live(at_20s) == 0


def test_the_alarm_goes_with_the_call(at_20s: Parts) -> None:
    watch_live(at_20s)
    with at_20s.database.writing() as session:
        call_id = session.scalars(update(Call).values(ended_at=_AT).returning(Call.id)).one()
        recordings.recording_ended(session, at_20s.bus, call_id=call_id, at=_AT)
    assert watch_live(at_20s) == 0
    assert _alarms(at_20s) == []


def test_a_future_time_on_the_disk_of_another_machine_is_no_standstill(at_20s: Parts) -> None:
    _written(at_20s, 22)
    path = at_20s.settings.spool_dir / "monitor/1.1.raw"
    os.utime(path, (path.stat().st_mtime, path.stat().st_mtime))
    assert watch_live(at_20s) == 0
