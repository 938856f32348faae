"""Who listened to what, and who has looked at what was doubtful."""

from __future__ import annotations

from collections.abc import Collection
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
_PLAYED, _READ = "recording.played", "recording.read"


def record_listening(session: Session, bus: Bus, recording: Recording, username: str, now: datetime) -> None:
    """Journal that this user listens to this recording (T-08); requests within ten minutes count as one."""
    if not is_listening_on_record(session, recording, username, now):
        _journal(session, bus, _PLAYED, recording, username, now)


def record_reading(session: Session, bus: Bus, recording: Recording, username: str, now: datetime) -> None:
    """The same of somebody who reads its transcript."""
    if not is_reading_on_record(session, recording, username, now):
        _journal(session, bus, _READ, recording, username, now)


def is_listening_on_record(session: Session, recording: Recording, username: str, now: datetime) -> bool:
    """Whether a listening of this user that still lasts has been journalled."""
    return _is_on_record(session, _PLAYED, recording, username, now)


def is_reading_on_record(session: Session, recording: Recording, username: str, now: datetime) -> bool:
    """Whether a reading of this user that still lasts has been journalled."""
    return _is_on_record(session, _READ, recording, username, now)


def calls_on_record(session: Session, call_ids: Collection[str], username: str, now: datetime) -> set[str]:
    """Those of the calls to which this user listens, or whose transcript they read, by the journal."""
    return _on_record(session, (_PLAYED, _READ), call_ids, username, now)


def mark_checked(session: Session, bus: Bus, recording: Recording, username: str, now: datetime) -> None:
    """Somebody has looked at what was doubtful: clear this call's recording alarms. Raises NotAllowed."""
    access.need_write(session, Module.RECORDINGS)
    alarms.clear_alarm(session, AlarmKind.RECORDING_MISSING, recording.call_id, now)
    alarms.clear_alarm(session, AlarmKind.RECORDING_DOUBTFUL, recording.call_id, now)
    alarms.clear_alarm(session, AlarmKind.RECORDING_ALTERED, recording.call_id, now)
    payload = {"recording_id": recording.id, "by": username}
    entry = journal.Entry(kind="recording.checked", at=now, call_id=recording.call_id, payload=payload)
    journal.append(session, bus, [entry])


def _journal(session: Session, bus: Bus, kind: str, recording: Recording, username: str, now: datetime) -> None:
    payload = {"recording_id": recording.id, "by": username}
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, call_id=recording.call_id, payload=payload)])


def _is_on_record(session: Session, kind: str, recording: Recording, username: str, now: datetime) -> bool:
    return bool(_on_record(session, (kind,), [recording.call_id], username, now))


def _on_record(
    session: Session, kinds: Collection[str], call_ids: Collection[str], username: str, now: datetime
) -> set[str]:
    rows = session.execute(
        select(JournalEntry.call_id, JournalEntry.payload).where(
            JournalEntry.call_id.in_(call_ids),
            JournalEntry.kind.in_(kinds),
            JournalEntry.at > now - _ONE_LISTENING,
        )
    )
    return {row.call_id for row in rows if row.payload.get("by") == username}
