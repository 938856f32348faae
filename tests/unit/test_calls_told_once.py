"""A call that ended while nobody listened is told once, however much of it was known before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.calls.rules import CallEvent, CallOutcome, CallRecord, CallState
from telephony.tracker.inputs import CallHistory, Snapshot
from telephony.tracker.tracker import Tracker
from tests.traces.play import RULES, Play, kinds

_NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_LATER = _NOON + timedelta(seconds=60)
_HISTORY = CallHistory(
    linkedid="1.1",
    direction="inbound",
    number="13800138000",
    dialled="4000",
    started_at=_NOON,
    told_at=_NOON + timedelta(seconds=30),
    queue="hotline",
    queued_at=_NOON,
    agent="bob",
    answered_at=_NOON + timedelta(seconds=5),
    ended_at=_NOON + timedelta(seconds=30),
    ended_by="agent",
    outcome=CallOutcome.ANSWERED,
    is_complete=True,
)
_SNAPSHOT = Snapshot(
    at=_LATER, is_restarted=False, channels=(), members={}, contacts={}, histories={_HISTORY.linkedid: _HISTORY}
)


def test_a_call_that_was_known_only_ends() -> None:
    record = CallRecord(
        id="call 1.1",
        linkedid="1.1",
        direction="inbound",
        state=CallState.ANSWERED,
        number="13800138000",
        number_signalled="13800138000",
        dialled="4000",
        started_at=_NOON,
        agent="bob",
        answered_at=_HISTORY.answered_at,
    )
    play = Play(Tracker(RULES, at=_LATER, calls=[record], agents=[]))
    assert kinds(play.tell(_SNAPSHOT)) == [CallEvent.ENDED]


def test_a_call_that_nobody_knew_is_told_from_its_beginning() -> None:
    play = Play(Tracker(RULES, at=_LATER, calls=[], agents=[]))
    assert kinds(play.tell(_SNAPSHOT)) == [CallEvent.STARTED, CallEvent.ANSWERED, CallEvent.ENDED]
