"""Recordings of calls that last: which are being made, and which of them stand still."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms import service as alarms
from app.alarms.models import Alarm
from app.alarms.rules import AlarmKind
from app.bus import Bus
from app.calls.models import Call
from app.calls.rules import CallState
from app.journal import service as journal
from app.recordings.models import Recording
from app.recordings.rules import RecordingState


def live_recordings(session: Session, *, talking_since: datetime) -> Sequence[Recording]:
    """Those of calls in which an agent and a patient have been talking since then at least.

    Who waits in a queue again is not recorded; after the answer that follows the recording goes on.
    """
    wanted = (
        select(Recording)
        .join(Call, Call.id == Recording.call_id)
        .where(
            Recording.state == RecordingState.RECORDING,
            Call.state == CallState.ANSWERED,
            Call.ended_at.is_(None),
            Call.answered_at <= talking_since,
        )
    )
    return session.scalars(wanted).all()


def stalled_calls(session: Session) -> set[str]:
    """The calls of which the alarm is open."""
    wanted = select(Alarm.subject).where(Alarm.kind == AlarmKind.RECORDING_STALLED, Alarm.cleared_at.is_(None))
    return set(session.scalars(wanted))


def tell_stalled(session: Session, bus: Bus, call_ids: Collection[str], now: datetime) -> None:
    """Exactly these calls are being talked in without their sound being written. Journalled as it changes."""
    before = stalled_calls(session)
    entries = []
    for call_id in set(call_ids) - before:
        alarms.raise_alarm(session, AlarmKind.RECORDING_STALLED, call_id, now)
        entries.append(journal.Entry(kind="recording.stalled", at=now, call_id=call_id))
    for call_id in before - set(call_ids):
        alarms.clear_alarm(session, AlarmKind.RECORDING_STALLED, call_id, now)
        entries.append(journal.Entry(kind="recording.goes_on", at=now, call_id=call_id))
    journal.append(session, bus, entries)
