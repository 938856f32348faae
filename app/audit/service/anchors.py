"""The head of the log, written now and then to a file outside the database: an old head that is put back is noticed."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from app.audit.rules import Anchor, is_anchor_due
from app.audit.service.checking import read_head

log = structlog.get_logger()

_FILE = "audit-anchors.jsonl"


def read_anchors(data_dir: Path) -> dict[int, str]:
    """Every anchor that was written, mac by event id. A line that a crash cut short is passed over."""
    return {anchor.last_id: anchor.last_mac for anchor, _at in _read(data_dir)}


def write_due_anchor(session: Session, data_dir: Path, now: datetime) -> Anchor | None:
    """Write the head down when a thousand events or an hour have passed since the last time. Returns what was written.

    The same line goes to the log, which a hospital keeps on another machine.
    """
    head = read_head(session)
    if head is None:
        return None
    written = _read(data_dir)
    newest, at = written[-1] if written else (None, now)
    if not is_anchor_due(head, newest, now - at):
        return None
    anchor = Anchor(last_id=head.last_id, last_mac=head.last_mac)
    line = json.dumps({"at": now.isoformat(), "last_id": anchor.last_id, "last_mac": anchor.last_mac})
    with (data_dir / _FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    log.info("audit.anchored", last_id=anchor.last_id, last_mac=anchor.last_mac)
    return anchor


def _read(data_dir: Path) -> list[tuple[Anchor, datetime]]:
    path = data_dir / _FILE
    if not path.is_file():
        return []
    found: list[tuple[Anchor, datetime]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            anchor = Anchor(last_id=int(entry["last_id"]), last_mac=str(entry["last_mac"]))
            found.append((anchor, datetime.fromisoformat(entry["at"])))
        except (ValueError, KeyError, TypeError):
            log.warning("audit.anchor_unreadable")
    return found
