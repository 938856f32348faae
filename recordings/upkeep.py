"""What is done with stored audio by and by: moved to the archive, compared with its checksum, removed after a time."""

from __future__ import annotations

import structlog

from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.models import Recording
from app.recordings.rules import Kept, Store
from recordings.stores import StoreAwayError, StoreFullError
from recordings.vault import Vault

log = structlog.get_logger()

# An hour-long recording is about 40 MB; so many of them are read in some seconds, and the sweep comes again.
_AT_ONCE = 20


def archive_old(parts: Parts) -> int:
    """Move what is old enough to the archive. The file leaves the main store only after it was read from the other."""
    vault = Vault(parts.settings)
    if not vault.stores.has_archive:
        return 0
    with parts.database.reading() as session:
        due = recordings.due_for_archive(session, parts.now(), _AT_ONCE)
    return sum(_archive(parts, vault, each) for each in due)


def check_stored(parts: Parts, *, limit: int = _AT_ONCE) -> int:
    """Compare stored files with their checksums. What is lost or changed is told. Returns how many were looked at."""
    vault, now = Vault(parts.settings), parts.now()
    with parts.database.reading() as session:
        due = recordings.due_for_check(session, now, limit)
    for each in due:
        try:
            found = vault.stored_sha256(recordings.kept(each))
        except FileNotFoundError:
            log.error("recording.lost", recording=each.id)
            with parts.database.writing() as session:
                recordings.recording_lost(session, parts.bus, each.id, now)
            continue
        except StoreAwayError:
            log.warning("recording.store_away", recording=each.id, store=each.store)
            return 0
        with parts.database.writing() as session:
            if found == each.stored_sha256:
                recordings.recording_checked(session, each.id, now)
            else:
                log.error("recording.altered", recording=each.id)
                recordings.recording_altered(session, parts.bus, each.id, now)
    return len(due)


def remove_ordered(parts: Parts) -> int:
    """Remove what was ordered a day ago and is still not held. Returns how many are gone."""
    vault = Vault(parts.settings)
    with parts.database.reading() as session:
        due = recordings.due_deletions(session, parts.now(), _AT_ONCE)
    return sum(_remove(parts, vault, each) for each in due)


def _archive(parts: Parts, vault: Vault, recording: Recording) -> bool:
    kept = recordings.kept(recording)
    try:
        sha256 = vault.copy_to(kept, Store.ARCHIVE)
    except FileNotFoundError:
        with parts.database.writing() as session:
            recordings.recording_lost(session, parts.bus, recording.id, parts.now())
        return False
    except (StoreFullError, StoreAwayError) as error:
        log.error("recording.not_archived", recording=recording.id, error=type(error).__name__)
        return False
    with parts.database.writing() as session:
        is_moved = recordings.recording_moved(
            session, parts.bus, recording, Store.ARCHIVE, sha256=sha256, now=parts.now()
        )
    if not is_moved:
        log.error("recording.not_archived", recording=recording.id, error="the copy differs")
        return False
    vault.remove(kept)
    return True


def _remove(parts: Parts, vault: Vault, recording_id: str) -> bool:
    with parts.database.writing() as session:
        # The row stays locked while the file goes: a hold that comes in this moment waits and finds that it is late.
        found = recordings.begin_deletion(session, recording_id)
        if found is None:
            return False
        kept: Kept = recordings.kept(found)
        try:
            vault.remove(kept)
            if vault.stores.get(kept.store).exists(kept.path):
                log.error("recording.not_removed", recording=recording_id)
                return False
        except StoreAwayError as error:
            log.error("recording.not_removed", recording=recording_id, error=type(error).__name__)
            return False
        recordings.recording_removed(session, parts.bus, found, parts.now())
    log.info("recording.removed", recording=recording_id)
    return True
