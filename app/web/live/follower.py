"""Follows the journal: at once by the bus's hints, and once a second by the database, which knows what the bus lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from app.db import Database
from app.journal.service import latest_seq, read_since

log = structlog.get_logger()

Entry = dict[str, Any]

# One read of the replay. After an outage the loop goes on until it has caught up.
_BATCH = 500


class JournalFollower:
    """Hands every committed entry to `deliver` once, in most cases in order.

    `hear` is called by the bus with each hint. `catch_up` reads what was committed since it was last called and
    delivers those entries whose hint never came. An entry may be delivered out of order, when two processes publish at
    the same moment; receivers read the database anew, so order does not matter to them.
    """

    def __init__(self, database: Database, deliver: Callable[[Entry], None]) -> None:
        self._database = database
        self._deliver = deliver
        self._lock = threading.Lock()
        self._checked = 0
        self._heard: set[int] = set()

    def start(self) -> None:
        """Begin after the newest entry: what is older is in the first snapshots."""
        with self._database.reading() as session:
            self._checked = latest_seq(session)

    def hear(self, entry: Entry) -> None:
        """Take a hint from the bus."""
        seq = int(entry["seq"])
        with self._lock:
            if seq <= self._checked or seq in self._heard:
                return
            self._heard.add(seq)
        self._deliver(entry)

    def catch_up(self) -> int:
        """Deliver what the bus lost, and return how many entries that were."""
        lost = 0
        while True:
            with self._database.reading() as session:
                entries = read_since(session, self._checked, _BATCH)
            with self._lock:
                missed = [entry for entry in entries if entry["seq"] not in self._heard]
                if entries:
                    self._checked = entries[-1]["seq"]
                    self._heard = {seq for seq in self._heard if seq > self._checked}
            for entry in missed:
                self._deliver(entry)
            lost += len(missed)
            if len(entries) < _BATCH:
                break
        if lost:
            log.info("live.caught_up", entries=lost)
        return lost
