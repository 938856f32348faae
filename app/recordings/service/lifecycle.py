"""The life of a recording, from the answer of a call to the checked file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.alarms import service as alarms
from app.alarms.rules import AlarmKind
from app.bus import Bus
from app.calls.models import Call
from app.db import rows_changed
from app.journal import service as journal
from app.recordings.models import Recording
from app.recordings.rules import Finding, RecordingState, Store, is_doubtful

# An hour of audio was converted in 7 s here; whoever holds a claim for 10 min is dead.
_LEASE = timedelta(minutes=10)
# A queued task that was lost (the embedded broker forgets on exit) is queued again after this.
_QUEUE_AGAIN_AFTER = timedelta(seconds=30)
# One full disk is one alarm, not one per call.
_STORAGE = "storage"

# Telephony runs these with every call: built once, and past the ORM.
_OF_CALL = select(Recording.id).where(Recording.call_id == bindparam("of_call"))
_BEGIN = insert(Recording.__table__)  # type: ignore[arg-type]
_END = (
    update(Recording.__table__)  # type: ignore[arg-type]
    .where(Recording.call_id == bindparam("of_call"), Recording.state == RecordingState.RECORDING)
    .values(state=RecordingState.WAITING, due_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A recording that this worker alone may process until `until`. `call_seconds` is from answer to end."""

    recording_id: str
    call_id: str
    source_name: str
    started_at: datetime
    until: datetime
    attempts: int
    call_seconds: float
    cut_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAudio:
    """What the pick-up found out about a file that it stored, sealed, in the main store."""

    state: RecordingState
    findings: Sequence[Finding]
    seconds: float
    bytes: int
    sha256: str
    media_type: str
    path: str
    peaks: dict[str, Any]
    stored_sha256: str


def recording_started(session: Session, *, call_id: str, source_name: str, at: datetime) -> str:
    """Note that an answered call is being recorded under this file stem. Returns the recording's id.

    Telephony calls it with the answer. Doing it twice changes nothing.
    """
    connection = session.connection()
    known: str | None = connection.execute(_OF_CALL, {"of_call": call_id}).scalar()
    if known is not None:
        return known
    recording = {"id": str(uuid.uuid4()), "call_id": call_id, "state": RecordingState.RECORDING}
    connection.execute(_BEGIN, recording | {"source_name": source_name, "started_at": at})
    return recording["id"]


def recording_ended(session: Session, bus: Bus, *, call_id: str, at: datetime) -> None:
    """Have the file of a call that has ended picked up. Harmless for a call that was never answered, and twice."""
    if session.connection().execute(_END, {"of_call": call_id, "at": at}).rowcount == 1:
        journal.append(session, bus, [journal.Entry(kind="recording.ended", at=at, call_id=call_id)])


def adopt_unrecorded_calls(session: Session, bus: Bus, now: datetime, *, since: datetime, limit: int = 100) -> int:
    """Have the recordings picked up of answered, ended calls begun after `since` which nobody started or ended.

    The file may be there all the same, or the pick-up raises the alarm (T-06). Returns how many were found.
    """
    calls = session.execute(
        select(Call.id, Call.linkedid, Call.answered_at, Recording.id)
        .join(Recording, Recording.call_id == Call.id, isouter=True)
        .where(Call.started_at >= since, Call.answered_at.is_not(None), Call.ended_at.is_not(None))
        .where((Recording.id.is_(None)) | (Recording.state == RecordingState.RECORDING))
        .limit(limit)
    ).all()
    for call_id, linkedid, answered_at, _recording_id in calls:
        recording_started(session, call_id=call_id, source_name=linkedid, at=answered_at or now)
        recording_ended(session, bus, call_id=call_id, at=now)
    return len(calls)


def is_any_due(session: Session, now: datetime) -> bool:
    """Whether a recording waits to be queued; asked without taking the write lock."""
    due = select(Recording.id).where(Recording.state == RecordingState.WAITING, Recording.due_at <= now).limit(1)
    return session.scalar(due) is not None


def take_due(session: Session, now: datetime, limit: int = 50) -> list[str]:
    """The ids of recordings to be queued now. Each is named again only after 30 s, in case its task was lost."""
    due = session.scalars(
        select(Recording.id)
        .where(Recording.state == RecordingState.WAITING, Recording.due_at <= now)
        .order_by(Recording.due_at)
        .limit(limit)
    ).all()
    taken = []
    for recording_id in due:
        changed = session.execute(
            update(Recording)
            .where(Recording.id == recording_id, Recording.state == RecordingState.WAITING, Recording.due_at <= now)
            .values(due_at=now + _QUEUE_AGAIN_AFTER)
        )
        if rows_changed(changed) == 1:
            taken.append(recording_id)
    return taken


def claim_recording(session: Session, recording_id: str, now: datetime) -> Claim | None:
    """Take a waiting recording for processing. Returns nothing when it is done, or another worker has it."""
    until = now + _LEASE
    claimed = session.execute(
        update(Recording)
        .where(Recording.id == recording_id, Recording.state == RecordingState.WAITING)
        .where(Recording.claimed_until.is_(None) | (Recording.claimed_until <= now))
        .values(claimed_until=until)
    )
    if rows_changed(claimed) != 1:
        return None
    row = session.execute(
        select(Recording, Call.answered_at, Call.ended_at, Call.ended_by)
        .join(Call, Call.id == Recording.call_id)
        .where(Recording.id == recording_id)
    ).one()
    recording, answered_at, ended_at, ended_by = row
    began = answered_at or recording.started_at
    return Claim(
        recording_id=recording.id,
        call_id=recording.call_id,
        source_name=recording.source_name,
        started_at=began,
        until=until,
        attempts=recording.attempts,
        call_seconds=((ended_at or now) - began).total_seconds(),
        cut_off=ended_by == "restart",
    )


def recording_postponed(session: Session, claim: Claim, due_at: datetime, *, file_was_absent: bool) -> None:
    """Give the claim back; the recording is looked at again at `due_at`."""
    attempts = claim.attempts + 1 if file_was_absent else claim.attempts
    _finish(session, claim, state=RecordingState.WAITING, due_at=due_at, claimed_until=None, attempts=attempts)


def recording_stored(session: Session, bus: Bus, claim: Claim, audio: CheckedAudio, now: datetime) -> bool:
    """Record that the checked file is in its place. False when the claim had run out: then nothing was changed."""
    stored = _finish(
        session,
        claim,
        state=audio.state,
        due_at=None,
        claimed_until=None,
        findings=[str(finding) for finding in audio.findings],
        seconds=audio.seconds,
        bytes=audio.bytes,
        sha256=audio.sha256,
        media_type=audio.media_type,
        path=audio.path,
        peaks=audio.peaks,
        store=Store.MAIN,
        is_sealed=True,
        stored_sha256=audio.stored_sha256,
        stored_at=now,
        checked_at=now,
    )
    if not stored:
        return False
    alarms.clear_alarm(session, AlarmKind.RECORDINGS_UNSTORED, _STORAGE, now)
    alarms.clear_alarm(session, AlarmKind.RECORDING_MISSING, claim.call_id, now)
    if is_doubtful(list(audio.findings)):
        alarms.raise_alarm(session, AlarmKind.RECORDING_DOUBTFUL, claim.call_id, now)
    _journal(session, bus, "recording.stored", claim, now, audio.findings)
    return True


def recording_damaged(session: Session, bus: Bus, claim: Claim, finding: Finding, now: datetime) -> None:
    """Record that there is a file that cannot be played. It stays in the spool directory."""
    if _finish(session, claim, state=RecordingState.DAMAGED, due_at=None, claimed_until=None, findings=[str(finding)]):
        alarms.raise_alarm(session, AlarmKind.RECORDING_DOUBTFUL, claim.call_id, now)
        _journal(session, bus, "recording.damaged", claim, now, [finding])


def recording_missing(session: Session, bus: Bus, claim: Claim, now: datetime) -> None:
    """Record that no file came, and raise the alarm (T-06)."""
    if _finish(session, claim, state=RecordingState.MISSING, due_at=None, claimed_until=None):
        alarms.raise_alarm(session, AlarmKind.RECORDING_MISSING, claim.call_id, now)
        _journal(session, bus, "recording.missing", claim, now, [])


def recording_lost(session: Session, bus: Bus, recording_id: str, now: datetime) -> None:
    """Record that a stored file is no longer in its place, and raise the alarm (T-07). Twice changes nothing."""
    lost = session.execute(
        update(Recording)
        .where(Recording.id == recording_id, Recording.path.is_not(None), Recording.state != RecordingState.MISSING)
        .values(state=RecordingState.MISSING)
        .returning(Recording.call_id)
    ).scalar_one_or_none()
    if lost is not None:
        alarms.raise_alarm(session, AlarmKind.RECORDING_MISSING, lost, now)
        journal.append(session, bus, [journal.Entry(kind="recording.lost", at=now, call_id=lost)])


def storage_failed(session: Session, claim: Claim, due_at: datetime, now: datetime) -> None:
    """Record that the recordings disk took no file: raise the alarm; the file stays in the spool and is tried again."""
    recording_postponed(session, claim, due_at, file_was_absent=False)
    alarms.raise_alarm(session, AlarmKind.RECORDINGS_UNSTORED, _STORAGE, now)


def _finish(session: Session, claim: Claim, **values: Any) -> bool:
    finished = session.execute(
        update(Recording)
        .where(
            Recording.id == claim.recording_id,
            Recording.state == RecordingState.WAITING,
            Recording.claimed_until == claim.until,
        )
        .values(**values)
    )
    return rows_changed(finished) == 1


def _journal(session: Session, bus: Bus, kind: str, claim: Claim, now: datetime, findings: Sequence[Finding]) -> None:
    payload = {"recording_id": claim.recording_id, "findings": [str(finding) for finding in findings]}
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, call_id=claim.call_id, payload=payload)])
