"""What an entry of the journal changes on the screens, and the pile of what is still to be sent."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")

_PARKING = ("call.parked", "call.unparked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the desks of one agent show now."""

    call_id: str | None
    patient_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The streams that an entry changes."""

    agents: frozenset[str] = frozenset()
    every_desk: bool = False
    board: bool = False
    places: bool = False  # who belongs to which team, site or queue
    inbox: bool = False
    message_id: int | None = None
    ended_session: str | None = None
    grants: bool = False


def touched_by(entry: Mapping[str, Any], shown: Mapping[str, Shown]) -> Touched:
    """Which streams the entry changes, given what each local agent's desk shows.

    An agent's desk is touched when the entry names the agent, the call on the desk, or a person on the desk. Kinds that
    are not known here touch the board: too much is sent, never too little.
    """
    room = str(entry["kind"]).partition(".")[0]
    payload = entry.get("payload") or {}
    named = {name for name in (entry.get("agent"), payload.get("agent")) if isinstance(name, str)}
    call_id, patient_id = entry.get("call_id"), payload.get("patient_id")
    showing = {
        agent
        for agent, desk in shown.items()
        if (call_id is not None and desk.call_id == call_id) or patient_id in desk.patient_ids
    }
    if entry["kind"] == "account.signed_out":
        return Touched(ended_session=payload.get("session"))
    if room == "message":
        return Touched(agents=frozenset(showing), inbox=True, message_id=entry.get("message_id"))
    if room == "patient":
        return Touched(agents=frozenset(showing), inbox=True)
    if room in ("access", "account"):
        # Somebody may see more or less than before.
        return Touched(agents=frozenset(named), every_desk=True, board=True, places=True, inbox=True, grants=True)
    if room in ("team", "serving"):
        return Touched(board=True, places=True)
    if room in ("followup", "followups"):
        # A list of follow-ups is asked for by its page; a desk shows those of the person on it.
        return Touched(agents=frozenset(showing))
    # The links, and who is parked, stand on every desk.
    is_everywhere = room in ("link", "telephony", "gateway", "sms") or entry["kind"] in _PARKING
    return Touched(agents=frozenset(named | showing), every_desk=is_everywhere, board=True)


class Pile(Generic[Key]):
    """Keys of what has changed and is not sent yet, each once: however fast changes come, it stays small."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._keys: dict[Key, None] = {}
        self._closed = False

    def put(self, *keys: Key) -> None:
        with self._condition:
            self._keys.update(dict.fromkeys(keys))
            self._condition.notify()

    def take(self, timeout_seconds: float | None = None) -> list[Key]:
        """All keys, oldest first, emptying the pile. Waits for the first; an empty list after the timeout."""
        with self._condition:
            self._condition.wait_for(lambda: self._keys or self._closed, timeout_seconds)
            keys = list(self._keys)
            self._keys.clear()
            return keys

    def rest(self, seconds: float) -> None:
        """Wait so long, or until it is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed, seconds)

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def is_closed(self) -> bool:
        return self._closed
