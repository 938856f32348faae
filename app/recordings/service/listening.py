"""Who listened to what, and who has looked at what was doubtful."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.alarms import service as alarms
from app.alarms.rules import AlarmKind
from app.bus import Bus
from app.journal import service as journal
from app.journal.models import JournalEntry
from app.recordings.models import Recording

# A player asks for one file in many ranges while somebody seeks about in it: within this time that is one listening.
_ONE_LISTENING = timedelta(minutes=10)


def record_listening(session: Session, bus: Bus, recording: Recording, username: str, now: datetime) -> None:
    """Journal that this user listens to this recording (T-08); requests within ten minutes count as one."""
    if is_listening_on_record(session, recording, username, now):
        return
    entry = journal.Entry(
        kind="recording.played",
        at=now,
        call_id=recording.call_id,
        payload={"recording_id": recording.id, "by": username},
    )
    journal.append(session, bus, [entry])


def is_listening_on_record(session: Session, recording: Recording, username: str, now: datetime) -> bool:
    """Whether a listening of this user that still lasts has been journalled."""
    payloads = session.scalars(
        select(JournalEntry.payload).where(
            JournalEntry.call_id == recording.call_id,
            JournalEntry.kind == "recording.played",
            JournalEntry.at > now - _ONE_LISTENING,
        )
    )
    return any(payload.get("by") == username for payload in payloads)


def mark_checked(session: Session, bus: Bus, recording: Recording, username: str, now: datetime) -> None:
    """Somebody has looked at what was doubtful: clear this call's recording alarms. Raises NotAllowed."""
    access.need_write(session, Module.RECORDINGS)
    alarms.clear_alarm(session, AlarmKind.RECORDING_MISSING, recording.call_id, now)
    alarms.clear_alarm(session, AlarmKind.RECORDING_DOUBTFUL, recording.call_id, now)
    alarms.clear_alarm(session, AlarmKind.RECORDING_ALTERED, recording.call_id, now)
    payload = {"recording_id": recording.id, "by": username}
    entry = journal.Entry(kind="recording.checked", at=now, call_id=recording.call_id, payload=payload)
    journal.append(session, bus, [entry])
