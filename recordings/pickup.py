"""Pick up the file of a call that has ended: find it, check it, convert it, seal it, keep it.

The raw file is removed only after the database knows the converted one, so a crash at any point loses nothing and is
made good by doing it again.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from datetime import timedelta
from pathlib import Path

import structlog

from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.rules import AudioFacts, Finding, Store, judge_audio, wait_before_next_look
from recordings import sound, spool, vault
from recordings.sealed import Sealed, new_partial_name
from recordings.stores import StoreAwayError, StoreFullError

log = structlog.get_logger()

_WRITTEN_YET = timedelta(seconds=1)
# People make room within minutes, not seconds.
_DISK_FULL = timedelta(seconds=60)
# Left free for the database and the logs that usually share the disk.
_RESERVE_BYTES = 64 * 1024 * 1024
_LEFTOVER_AGE = timedelta(hours=1)
# Below the number of variables that every SQLite takes in one statement.
_STEMS_AT_ONCE = 500


def process_recording(parts: Parts, recording_id: str) -> None:
    """Bring one waiting recording to ready, damaged or missing, or have it looked at again later.

    Harmless for a recording that is done or that another worker has: may be called twice, also at the same time.
    """
    now = parts.now()
    with parts.database.writing() as session:
        claim = recordings.claim_recording(session, recording_id, now)
    if claim is None:
        return
    source = spool.raw_file(parts.settings.spool_dir, claim.source_name)
    if source is None:
        _file_is_absent(parts, claim)
    elif not spool.is_complete(source, now):
        with parts.database.writing() as session:
            recordings.recording_postponed(session, claim, now + _WRITTEN_YET, file_was_absent=False)
    else:
        _store(parts, claim, source)


def remove_leftovers(parts: Parts) -> int:
    """Remove what a worker left that was killed: raw files whose recording is stored, and half-converted files."""
    now, removed = parts.now(), 0
    files = {path.stem: path for path in spool.old_files(spool.directory(parts.settings.spool_dir), now, _LEFTOVER_AGE)}
    stems = list(files)
    for start in range(0, len(stems), _STEMS_AT_ONCE):
        with parts.database.reading() as session:
            stored = recordings.source_names_stored(session, stems[start : start + _STEMS_AT_ONCE])
        for stem in stored:
            files[stem].unlink(missing_ok=True)
            removed += 1
    for partial in spool.old_files(_incoming(parts), now, _LEFTOVER_AGE):
        partial.unlink(missing_ok=True)
        removed += 1
    return removed


def _file_is_absent(parts: Parts, claim: recordings.Claim) -> None:
    now = parts.now()
    wait = wait_before_next_look(claim.attempts + 1)
    with parts.database.writing() as session:
        if wait is None:
            recordings.recording_missing(session, parts.bus, claim, now)
        else:
            recordings.recording_postponed(session, claim, now + wait, file_was_absent=True)
    if wait is None:
        log.error("recording.missing", recording=claim.recording_id, call=claim.call_id)


def _store(parts: Parts, claim: recordings.Claim, source: Path) -> None:
    # A name of its own each time: a worker whose claim ran out must not put its file over one that is on record.
    path = f"{claim.started_at:%Y/%m/%d}/{claim.recording_id}-{secrets.token_hex(4)}{vault.SUFFIX}"
    try:
        heard, sealed = _keep(parts, claim, source, path)
    except (sound.StorageFullError, StoreFullError, StoreAwayError):
        now = parts.now()
        with parts.database.writing() as session:
            recordings.storage_failed(session, claim, now + _DISK_FULL, now)
        log.error("recording.storage_full", recording=claim.recording_id)
        return
    except sound.UnreadableAudioError as error:
        with parts.database.writing() as session:
            recordings.recording_damaged(session, parts.bus, claim, Finding.UNREADABLE, parts.now())
        log.error("recording.unreadable", recording=claim.recording_id, error=str(error))
        return
    if sealed is None:
        with parts.database.writing() as session:
            recordings.recording_damaged(session, parts.bus, claim, Finding.EMPTY, parts.now())
        log.error("recording.empty", recording=claim.recording_id)
        return
    audio = _checked(claim, heard, sealed, path)
    with parts.database.writing() as session:
        is_ours = recordings.recording_stored(session, parts.bus, claim, audio, parts.now())
    if not is_ours:
        vault.Vault(parts.settings).stores.get(Store.MAIN).remove(path)
        return
    source.unlink(missing_ok=True)
    log.info("recording.stored", recording=claim.recording_id, state=str(audio.state), findings=len(audio.findings))


def _incoming(parts: Parts) -> Path:
    return parts.settings.recordings_dir / "incoming"


def _keep(parts: Parts, claim: recordings.Claim, source: Path, path: str) -> tuple[sound.Sound, Sealed | None]:
    """Convert beside the store and seal into it; of audio without a sample nothing is kept."""
    incoming = _incoming(parts)
    plain = incoming / new_partial_name(claim.recording_id)
    try:
        incoming.mkdir(parents=True, exist_ok=True)
        # FLAC is never larger than the raw audio by more than its headers, nor is the sealed file beside it.
        if shutil.disk_usage(incoming).free < 2 * source.stat().st_size + _RESERVE_BYTES:
            raise sound.StorageFullError
        heard = sound.convert(source, plain)
        if heard.seconds == 0:
            return heard, None
        return heard, vault.Vault(parts.settings).put(plain, claim.recording_id, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise sound.StorageFullError from error
        raise
    finally:
        plain.unlink(missing_ok=True)


def _checked(claim: recordings.Claim, heard: sound.Sound, sealed: Sealed, path: str) -> recordings.CheckedAudio:
    facts = AudioFacts(
        seconds=heard.seconds,
        patient_level=heard.patient_level,
        agent_level=heard.agent_level,
        is_torn=heard.is_torn,
        patient_gap_seconds=heard.patient_gap_seconds,
    )
    state, findings = judge_audio(facts, claim.call_seconds, cut_off=claim.cut_off)
    return recordings.CheckedAudio(
        state=state,
        findings=findings,
        seconds=heard.seconds,
        bytes=heard.bytes,
        sha256=heard.sha256,
        media_type=sound.MEDIA_TYPE,
        path=path,
        stored_sha256=sealed.sha256,
        peaks={
            "per_second": sound.PEAKS_PER_SECOND,
            "patient": heard.patient_peaks,
            "agent": heard.agent_peaks,
        },
    )
