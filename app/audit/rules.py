"""What is written into the audit log, and how its chain is closed and checked."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

# Made once, and not for each link: an export of 100,000 patients closes as many while others wait for the log's end.
_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode

GENESIS = "0" * 64
"""What stands for "the link before" in the first link of a chain."""
COMMAND_LINE = "(command line)"
"""The actor of what was done with `wardline …`: no account can have this name."""
ANCHOR_EVERY_EVENTS = 1_000
ANCHOR_EVERY = timedelta(hours=1)
"""The head is written outside the database so often: what is cut off since then would go unnoticed with an old head."""


class Action(StrEnum):
    VIEW = "view"  # a patient's record was opened
    POP = "pop"  # a record was shown because the patient called
    REVEAL = "reveal"  # a masked number or identifier was shown in full
    CREATE = "create"
    CHANGE = "change"
    MERGE = "merge"
    UNDO_MERGE = "undo_merge"
    EXPORT = "export"
    PRINT = "print"
    IMPORT = "import"
    PLAY = "play"  # a recording was played
    READ = "read"  # a recording's transcript was read, or words in it were looked for and shown
    DOWNLOAD = "download"
    VERIFY = "verify"  # a caller's identity was checked
    OPEN_IN_EMERGENCY = "open_in_emergency"
    REVIEW = "review"  # an emergency opening was looked at
    GRANT = "grant"  # rights were changed
    ACCOUNT = "account"  # an account was made, changed or ended
    SETTING = "setting"  # a setting, code list or custom field was changed
    SIGN_IN = "sign_in"
    HELP = "help"  # an agent asked a supervisor for help in a call, took that back, or it was seen
    SUPERVISE = "supervise"  # a supervisor was in a colleague's call, or took it over


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One event before it is chained. Nothing in it may be a number, name or text of a patient."""

    at: datetime
    actor: str
    role: str = ""
    action: Action
    patient_id: int | None = None
    subject: str = ""
    reason: str = ""
    address: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One event as it stands in the log."""

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    patient_id: int | None
    subject: str
    reason: str
    address: str
    details: str
    previous_mac: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends. `mac` closes the two, so that a head that somebody made up is seen."""

    last_id: int
    last_mac: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The head as it was once, kept outside the database."""

    last_id: int
    last_mac: str


class Fault(StrEnum):
    """What is wrong at one place of the chain."""

    MISSING = "missing"  # no event with this number
    CHANGED = "changed"  # this event is not as it was written, or does not follow the one before
    CUT_OFF = "cut_off"  # the log ends before the event that its head, or an anchor, names
    HEAD = "head"  # the head is missing or was not written by us
    REPLACED = "replaced"  # the event differs from the one that an anchor names


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first place where the chain does not hold."""

    event_id: int
    fault: Fault


def chain_key(secret_key: str) -> bytes:
    """The key of the chain. It is made from the application's secret and is nowhere in the database."""
    return hmac.digest(secret_key.encode(), b"wardline audit chain 1", hashlib.sha256)


def link_mac(key: bytes, link: Mapping[str, Any]) -> str:
    """The mac over all columns of an event but `mac` itself, by their names."""
    values = {name: value for name, value in link.items() if name != "mac"}
    values["at"] = values["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return _mac(key, ["event", values])


def head_mac(key: bytes, last_id: int, last_mac: str) -> str:
    """The mac that closes a head."""
    return _mac(key, ["head", last_id, last_mac])


def is_own_head(key: bytes, head: Head) -> bool:
    """False for a head that somebody without the key has written."""
    return hmac.compare_digest(head.mac, head_mac(key, head.last_id, head.last_mac))


def is_anchor_due(head: Head, newest: Anchor | None, since_newest: timedelta) -> bool:
    """Whether the head is to be written outside the database again."""
    if newest is None:
        return head.last_id > 0
    is_old = since_newest >= ANCHOR_EVERY and head.last_id != newest.last_id
    return is_old or head.last_id >= newest.last_id + ANCHOR_EVERY_EVENTS


class ChainCheck:
    """Walks a chain link by link, holding one link and the anchors. The first break ends it."""

    def __init__(self, key: bytes, anchors: Mapping[int, str] | None = None) -> None:
        self._key = key
        self._anchors = anchors or {}
        self._last_mac = GENESIS
        self.checked = 0
        """How many events were found whole."""

    def feed(self, link: Link) -> Break | None:
        """Look at the next event in the order of ids."""
        expected = self.checked + 1
        if link.id != expected:
            # An id below the expected one stands for a row that was put in where none can be.
            fault = Fault.MISSING if link.id > expected else Fault.CHANGED
            return Break(event_id=min(link.id, expected), fault=fault)
        columns = {name: getattr(link, name) for name in Link.__dataclass_fields__}
        is_whole = hmac.compare_digest(link.mac.encode(), link_mac(self._key, columns).encode())
        if link.previous_mac != self._last_mac or not is_whole:
            return Break(event_id=link.id, fault=Fault.CHANGED)
        if self._anchors.get(link.id, link.mac) != link.mac:
            return Break(event_id=link.id, fault=Fault.REPLACED)
        self.checked, self._last_mac = link.id, link.mac
        return None

    def finish(self, head: Head | None) -> Break | None:
        """Compare the end of the chain with its head and with the anchors."""
        furthest = max(self._anchors, default=0)
        if self.checked < furthest or (head is not None and self.checked < head.last_id):
            return Break(event_id=self.checked + 1, fault=Fault.CUT_OFF)
        if head is None:
            return Break(event_id=self.checked, fault=Fault.HEAD) if self.checked else None
        is_right = is_own_head(self._key, head) and (head.last_id, head.last_mac) == (self.checked, self._last_mac)
        return None if is_right else Break(event_id=self.checked, fault=Fault.HEAD)


def _mac(key: bytes, value: object) -> str:
    return hmac.digest(key, _encode(value).encode(), hashlib.sha256).hex()
