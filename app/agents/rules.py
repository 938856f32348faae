"""What an agent may be doing, and what follows from what. Plain values; the clock and Asterisk are elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AgentState(StrEnum):
    """An agent is in exactly one of these."""

    OFFLINE = "offline"  # no desk is connected
    NOT_READY = "not_ready"  # at the desk, takes no queue calls; `reason` says why
    READY = "ready"  # may be offered a call
    RINGING = "ringing"  # a call is being offered
    TALKING = "talking"  # on a call, also while it is on hold or being rejoined
    WRAP_UP = "wrap_up"  # the call has ended, the note is not saved yet
    LISTENING = "listening"  # a supervisor who is in a colleague's call; takes no call meanwhile


class NotReadyReason(StrEnum):
    """Why an agent is not ready. Agents choose among the first four; the rest are ours."""

    BREAK = "break"
    MEAL = "meal"
    TRAINING = "training"
    OTHER = "other"
    SIGNED_IN = "signed_in"  # has not pressed Ready yet
    MISSED_CALL = "missed_call"
    REJECTED_CALL = "rejected_call"
    DESK_LOST = "desk_lost"  # socket, registration or page stopped proving themselves
    BY_SUPERVISOR = "by_supervisor"


OCCUPIED = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP, AgentState.LISTENING})
"""States that end by themselves; what comes after them may be chosen meanwhile."""

CHOSEN_REASONS = (NotReadyReason.BREAK, NotReadyReason.MEAL, NotReadyReason.TRAINING, NotReadyReason.OTHER)


DESK_ACTIONS: Mapping[str, str] = {
    "answer": "Ctrl+Shift+KeyA",
    "reject": "Ctrl+Shift+KeyR",
    "hang_up": "Ctrl+Shift+KeyX",
    "mute": "Ctrl+Shift+KeyM",
    "hold": "Ctrl+Shift+KeyH",
    "transfer": "Ctrl+Shift+KeyF",
    "keypad": "Ctrl+Shift+KeyK",
    "status": "Ctrl+Shift+KeyS",
    "check_caller": "Ctrl+Shift+KeyE",
    "next_task": "Ctrl+Shift+KeyG",
    "search": "Ctrl+Shift+KeyL",
}
"""What can be done at a desk by one key, and the usual key: modifiers, then the place on the keyboard (`code` of the
UI Events specification), so that an input method for Chinese does not stand in the way."""
_KEY = re.compile(
    r"(Ctrl\+Shift|Ctrl\+Alt|Alt\+Shift|Ctrl\+Alt\+Shift)\+(Key[A-Z]|Digit[0-9]|F([1-9]|1[0-2]))|F([1-9]|1[0-2])"
)


def chosen_keys(given: Mapping[str, object]) -> dict[str, str] | None:
    """Those that differ from the usual ones; nothing when one is unknown, or one key would do two things."""
    if not all(
        action in DESK_ACTIONS and isinstance(key, str) and _KEY.fullmatch(key) for action, key in given.items()
    ):
        return None
    keys = {**DESK_ACTIONS, **{str(action): str(key) for action, key in given.items()}}
    if len(set(keys.values())) < len(keys):
        return None
    return {action: key for action, key in keys.items() if key != DESK_ACTIONS[action]}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """What an agent is doing, as stored and shown. `wrap_up_until` is set in wrap-up only.

    `wants_ready` and `rest_reason` say what the agent was before an occupied state, and is again after it;
    `next_status`, "ready" or a reason, is what they chose meanwhile instead.
    """

    username: str
    state: AgentState
    reason: str | None
    since: datetime
    call_id: str | None = None
    wrap_up_until: datetime | None = None
    wants_ready: bool = False
    rest_reason: str | None = None
    next_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged:
    """An agent's record is now this."""

    at: datetime
    agent: AgentRecord
