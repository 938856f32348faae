"""When a figure of the floor is an alarm, and when it is told again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.floor.rules import FloorAlarmKind, FloorLimits, QueueFigures, alarms_of, is_told_again

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
LIMITS = FloorLimits(waiting=3, wait_seconds=60, watches_service_level=True)
QUIET = QueueFigures(name="hotline", label="Hotline", waiting=3, longest_since=None, service_level=0.8, target=0.8)


def test_a_limit_that_is_reached_and_not_passed_is_no_alarm() -> None:
    waits = replace(QUIET, longest_since=NOW - timedelta(seconds=60))
    assert alarms_of([QUIET, waits], LIMITS, NOW) == []


def test_each_limit_that_is_passed_is_an_alarm_with_its_figures() -> None:
    queue = replace(QUIET, waiting=4, longest_since=NOW - timedelta(seconds=61), service_level=0.7999)
    found = [(each.kind, each.value, each.limit) for each in alarms_of([queue], LIMITS, NOW)]
    assert found == [
        (FloorAlarmKind.WAITING, 4, 3),
        (FloorAlarmKind.LONGEST_WAIT, 61, 60),
        (FloorAlarmKind.SERVICE_LEVEL, 79, 80),
    ]


def test_a_limit_of_zero_is_switched_off_and_a_day_without_calls_misses_nothing() -> None:
    queue = replace(QUIET, waiting=99, longest_since=NOW - timedelta(hours=1), service_level=None)
    assert alarms_of([queue], FloorLimits(waiting=0, wait_seconds=0, watches_service_level=True), NOW) == []
    missed = replace(QUIET, service_level=0.1)
    assert alarms_of([missed], FloorLimits(waiting=0, wait_seconds=0, watches_service_level=False), NOW) == []


def test_an_alarm_is_told_at_most_once_an_hour() -> None:
    assert is_told_again(None, NOW)
    assert not is_told_again(NOW - timedelta(minutes=59), NOW)
    assert is_told_again(NOW - timedelta(hours=1), NOW)
