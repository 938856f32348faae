"""The board's figures, on both databases."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.agents.models import AgentStatus
from app.calls.models import Call
from app.parts import Parts
from app.queues.models import TelephonyLink
from app.queues.rules import start_of_day
from app.queues.service import board, ensure_queues, waiting_by_queue


@pytest.fixture
def noon(parts: Parts) -> datetime:
    """Twelve o'clock of today at the hospital."""
    with parts.database.writing() as session:
        ensure_queues(session, parts.settings, "Patient service centre")
    return start_of_day(parts.now(), parts.settings.timezone) + timedelta(hours=12)


def add_call(parts: Parts, at: datetime, **changes: Any) -> None:
    id = str(uuid.uuid4())
    call = {
        "id": id, "linkedid": id, "direction": "inbound", "state": "ringing", "number": "+8613800138000",
        "number_signalled": "13800138000", "dialled": "4000", "queue": "hotline", "match_state": "none",
        "started_at": at, "queued_at": at,
    }  # fmt: skip
    with parts.database.writing() as session:
        session.add(Call(**(call | changes)))


def add_answered(parts: Parts, queued_at: datetime, waited_seconds: float) -> None:
    answered_at = queued_at + timedelta(seconds=waited_seconds)
    add_call(parts, queued_at, state="answered", answered_at=answered_at)


def hotline(parts: Parts, now: datetime) -> dict[str, Any]:
    with parts.database.reading() as session:
        queue = board(session, parts.settings, now)["queues"][0]
    assert isinstance(queue, dict)
    return queue


def test_board_counts_the_calls_of_today(parts: Parts, noon: datetime) -> None:
    add_answered(parts, noon - timedelta(hours=1), 5)
    add_answered(parts, noon - timedelta(hours=2), 60)
    ended = noon - timedelta(minutes=29)
    add_call(parts, noon - timedelta(minutes=30), state="abandoned", ended_at=ended)
    add_call(parts, noon - timedelta(seconds=40))
    add_call(parts, noon - timedelta(seconds=15))
    figures = hotline(parts, noon)
    assert (figures["offered"], figures["answered"], figures["abandoned"], figures["waiting"]) == (5, 2, 1, 2)
    assert figures["longest_wait_since"] == (noon - timedelta(seconds=40)).isoformat()


def test_yesterdays_calls_are_not_todays(parts: Parts, noon: datetime) -> None:
    midnight = start_of_day(noon, parts.settings.timezone)
    add_answered(parts, midnight - timedelta(seconds=1), 5)
    add_answered(parts, midnight, 5)
    assert hotline(parts, noon)["offered"] == 1


def test_caller_who_waits_since_yesterday_still_waits(parts: Parts, noon: datetime) -> None:
    midnight = start_of_day(noon, parts.settings.timezone)
    add_call(parts, midnight - timedelta(minutes=5))
    assert hotline(parts, midnight + timedelta(minutes=1))["waiting"] == 1


def test_service_level_is_what_was_answered_in_time(parts: Parts, noon: datetime) -> None:
    for waited in (1, 20, 20.4, 300):
        add_answered(parts, noon - timedelta(hours=1), waited)
    assert hotline(parts, noon)["service_level"] == 0.5


def test_abandoned_callers_lower_the_service_level(parts: Parts, noon: datetime) -> None:
    add_answered(parts, noon - timedelta(hours=1), 5)
    ended = noon - timedelta(hours=1) + timedelta(seconds=3)
    add_call(parts, noon - timedelta(hours=1), state="abandoned", ended_at=ended)
    assert hotline(parts, noon)["service_level"] == 0.5


def test_caller_who_can_still_be_answered_in_time_does_not_lower_it(parts: Parts, noon: datetime) -> None:
    add_answered(parts, noon - timedelta(hours=1), 5)
    add_call(parts, noon - timedelta(seconds=19))
    assert hotline(parts, noon)["service_level"] == 1.0
    add_call(parts, noon - timedelta(seconds=21))
    assert hotline(parts, noon)["service_level"] == 0.5


def test_service_level_is_unknown_before_the_first_call(parts: Parts, noon: datetime) -> None:
    assert hotline(parts, noon)["service_level"] is None


def test_outbound_calls_are_not_in_the_queue(parts: Parts, noon: datetime) -> None:
    add_call(parts, noon, direction="outbound", queue=None, queued_at=None)
    assert (hotline(parts, noon)["offered"], hotline(parts, noon)["waiting"]) == (0, 0)
    with parts.database.reading() as session:
        assert waiting_by_queue(session) == {"hotline": 0}


def test_board_names_agents_and_counts_their_states(parts: Parts, noon: datetime) -> None:
    with parts.database.writing() as session:
        for username in ("bob", "carol"):
            create_user(
                session, username=username, display_name=username.title(), role=Role.AGENT,
                password="wardline-tests", now=noon,
            )  # fmt: skip
        session.get_one(AgentStatus, "bob").state = "ready"
    with parts.database.reading() as session:
        shown = board(session, parts.settings, noon)
    nobody = dict.fromkeys(("ringing", "talking", "wrap_up", "not_ready", "listening"), 0)
    assert shown["agents"] == {"ready": 1, **nobody, "offline": 1}
    assert [(agent["id"], agent["name"], agent["state"]) for agent in shown["agent_list"]] == [
        ("bob", "Bob", "ready"),
        ("carol", "Carol", "offline"),
    ]


def test_board_is_as_old_as_telephonys_last_proof(parts: Parts, noon: datetime) -> None:
    with parts.database.reading() as session:
        unknown = board(session, parts.settings, noon)
    assert (unknown["as_of"], unknown["link"]["state"]) == (None, "down")
    proved_at = noon - timedelta(seconds=2)
    with parts.database.writing() as session:
        session.add(TelephonyLink(id=1, state="up", since=noon - timedelta(hours=3), as_of=proved_at))
    with parts.database.reading() as session:
        known = board(session, parts.settings, noon)
    assert (known["as_of"], known["link"]["state"]) == (proved_at.isoformat(), "up")


def test_setting_up_the_queue_twice_changes_nothing(parts: Parts, noon: datetime) -> None:
    changed = parts.settings.with_changes(service_level=timedelta(seconds=30))
    with parts.database.writing() as session:
        ensure_queues(session, changed, "Another name")
    figures = hotline(parts, noon)
    assert (figures["label"], figures["service_level_seconds"]) == ("Patient service centre", 30)
