"""Where stored audio lies and whether it is still what was written: moves, checks and the day's manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.alarms import service as alarms
from app.alarms.rules import AlarmKind
from app.bus import Bus
from app.configuration.rules import ARCHIVE_AFTER_DAYS, CHECK_DAYS
from app.configuration.service import value
from app.db import rows_changed
from app.journal import service as journal
from app.recordings.models import Recording, RecordingDeletion, RecordingManifest
from app.recordings.rules import Finding, Kept, ManifestFault, ManifestLine, RecordingState, Store

_STORED = (RecordingState.READY, RecordingState.DAMAGED)


def kept(recording: Recording) -> Kept:
    """Where its audio lies. Only for a recording that has some."""
    assert recording.path is not None
    return Kept(id=recording.id, store=Store(recording.store), path=recording.path, is_sealed=recording.is_sealed)


def due_for_archive(session: Session, now: datetime, limit: int) -> Sequence[Recording]:
    """Recordings in the main store that are old enough for the archive, oldest first."""
    before = now - timedelta(days=value(session, ARCHIVE_AFTER_DAYS))
    wanted = select(Recording).where(
        Recording.store == Store.MAIN,
        Recording.state.in_(_STORED),
        Recording.path.is_not(None),
        Recording.started_at < before,
    )
    return session.scalars(wanted.order_by(Recording.started_at).limit(limit)).all()


def recording_moved(
    session: Session, bus: Bus, recording: Recording, store: Store, *, sha256: str, now: datetime
) -> bool:
    """The file lies in another store too, and was read there. False when it is not the same: then nothing changed."""
    if sha256 != recording.stored_sha256:
        return False
    moved = session.execute(
        update(Recording)
        .where(Recording.id == recording.id, Recording.store == recording.store, Recording.state.in_(_STORED))
        .values(store=store, checked_at=now)
    )
    if rows_changed(moved) != 1:
        return False
    payload = {"recording_id": recording.id, "store": store.value}
    entry = journal.Entry(kind="recording.moved", at=now, call_id=recording.call_id, payload=payload)
    journal.append(session, bus, [entry])
    return True


def due_for_check(session: Session, now: datetime, limit: int) -> Sequence[Recording]:
    """Recordings that were not compared with their checksum for the days that the setting names."""
    before = now - timedelta(days=value(session, CHECK_DAYS))
    wanted = select(Recording).where(
        Recording.state.in_(_STORED),
        Recording.stored_sha256.is_not(None),
        Recording.checked_at.is_(None) | (Recording.checked_at < before),
    )
    return session.scalars(wanted.order_by(Recording.checked_at).limit(limit)).all()


def recording_checked(session: Session, recording_id: str, now: datetime) -> None:
    """The stored file is what was written."""
    session.execute(update(Recording).where(Recording.id == recording_id).values(checked_at=now))


def recording_altered(session: Session, bus: Bus, recording_id: str, now: datetime) -> None:
    """The stored file is not what was written: raise the alarm. Twice changes nothing."""
    found = session.get(Recording, recording_id)
    if found is None or Finding.ALTERED in (found.findings or []):
        return
    found.state, found.checked_at = RecordingState.DAMAGED, now
    found.findings = [*(found.findings or []), Finding.ALTERED.value]
    alarms.raise_alarm(session, AlarmKind.RECORDING_ALTERED, found.call_id, now)
    payload = {"recording_id": found.id}
    journal.append(
        session, bus, [journal.Entry(kind="recording.altered", at=now, call_id=found.call_id, payload=payload)]
    )


def first_stored_at(session: Session, after: datetime | None) -> datetime | None:
    """When the first recording was stored or removed at `after` or later."""
    stored = select(Recording.stored_at).where(Recording.stored_at.is_not(None)).order_by(Recording.stored_at)
    removed = (
        select(RecordingDeletion.removed_at)
        .where(RecordingDeletion.removed_at.is_not(None))
        .order_by(RecordingDeletion.removed_at)
    )
    if after is not None:
        stored = stored.where(Recording.stored_at >= after)
        removed = removed.where(RecordingDeletion.removed_at >= after)
    found = [each for each in (session.scalar(stored.limit(1)), session.scalar(removed.limit(1))) if each is not None]
    return min(found, default=None)


def last_manifest(session: Session, *, before: date | None = None) -> RecordingManifest | None:
    """The newest manifest, or the newest one before a day."""
    wanted = select(RecordingManifest).order_by(RecordingManifest.day.desc()).limit(1)
    if before is not None:
        wanted = wanted.where(RecordingManifest.day < before)
    return session.scalar(wanted)


def stored_between(session: Session, since: datetime, until: datetime) -> list[ManifestLine]:
    """What was stored in that time, as it was stored then."""
    wanted = select(Recording).where(Recording.stored_at >= since, Recording.stored_at < until)
    return [_line(row, row.stored_at or since) for row in session.scalars(wanted)]


def removed_between(session: Session, since: datetime, until: datetime) -> list[ManifestLine]:
    """What was removed in that time, as it had been stored."""
    wanted = select(Recording, RecordingDeletion.transcript_segments).join(
        RecordingDeletion, RecordingDeletion.recording_id == Recording.id
    )
    rows = session.execute(wanted.where(RecordingDeletion.removed_at >= since, RecordingDeletion.removed_at < until))
    return [replace(_line(row, row.deleted_at or since), transcript_segments=segments) for row, segments in rows]


def keep_manifest(session: Session, bus: Bus, manifest: RecordingManifest, now: datetime) -> None:
    """Note a manifest whose file is in its place."""
    session.add(manifest)
    session.flush()
    payload = {"day": manifest.day.isoformat(), "stored": manifest.stored, "deleted": manifest.deleted}
    journal.append(session, bus, [journal.Entry(kind="recording.manifest", at=now, payload=payload)])


def due_manifests(session: Session, now: datetime, limit: int) -> Sequence[RecordingManifest]:
    """Manifests that were not checked for the days that the setting names."""
    before = now - timedelta(days=value(session, CHECK_DAYS))
    wanted = select(RecordingManifest).where(
        RecordingManifest.checked_at.is_(None) | (RecordingManifest.checked_at < before)
    )
    return session.scalars(wanted.order_by(RecordingManifest.day).limit(limit)).all()


def list_manifests(session: Session, limit: int) -> Sequence[RecordingManifest]:
    """The newest manifests, those with a fault first."""
    wanted = select(RecordingManifest).order_by(RecordingManifest.fault.is_(None), RecordingManifest.day.desc())
    return session.scalars(wanted.limit(limit)).all()


def get_manifest(session: Session, day: date) -> RecordingManifest | None:
    """The manifest of a day of the hospital."""
    return session.get(RecordingManifest, day)


def manifest_checked(session: Session, day: date, fault: ManifestFault | None, now: datetime) -> None:
    """What a check of a manifest found; a fault raises an alarm, and a check that finds none clears it."""
    found = session.get(RecordingManifest, day)
    assert found is not None
    found.checked_at, found.fault = now, fault
    if fault is None:
        alarms.clear_alarm(session, AlarmKind.MANIFEST_BROKEN, day.isoformat(), now)
    else:
        alarms.raise_alarm(session, AlarmKind.MANIFEST_BROKEN, day.isoformat(), now)


def _line(row: Recording, at: datetime) -> ManifestLine:
    return ManifestLine(
        id=row.id,
        sha256=row.sha256 or "",
        stored_sha256=row.stored_sha256 or "",
        bytes=row.bytes or 0,
        seconds=row.seconds or 0.0,
        at=at,
    )
