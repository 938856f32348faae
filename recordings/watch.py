"""Whether what is being said just now is being written: the alarm comes while the call lasts, not after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from app.parts import Parts
from app.recordings import service as recordings
from recordings import spool

log = structlog.get_logger()

# MixMonitor writes 32 KiB at a time, which are 1.02 s of two sides. A file that is older has missed four of them.
_STALLED_AFTER = timedelta(seconds=5)


def watch_live(parts: Parts) -> int:
    """Look at the file of each call that is being talked in. Returns how many stand still."""
    now = parts.now()
    with parts.database.reading() as session:
        live = recordings.live_recordings(session, talking_since=now - _STALLED_AFTER)
        stalled = recordings.stalled_calls(session)
    found = {each.call_id for each in live if _stands_still(parts.settings.spool_dir, each.source_name, now)}
    if found == stalled:
        return len(found)
    for call_id in found - stalled:
        log.error("recording.stalled", call=call_id)
    with parts.database.writing() as session:
        recordings.tell_stalled(session, parts.bus, found, now)
    return len(found)


def _stands_still(spool_dir: Path, stem: str, now: datetime) -> bool:
    path = spool.raw_file(spool_dir, stem)
    try:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
    except FileNotFoundError:
        written_at = None
    return written_at is None or now - written_at > _STALLED_AFTER
