"""What an agent may be doing, and what follows from what. Plain values; the clock and Asterisk are elsewhere."""

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


CHOSEN_REASONS = (NotReadyReason.BREAK, NotReadyReason.MEAL, NotReadyReason.TRAINING, NotReadyReason.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """What an agent is doing, as stored and shown. `wrap_up_until` is set in wrap-up only."""

    username: str
    state: AgentState
    reason: str | None
    since: datetime
    call_id: str | None = None
    wrap_up_until: datetime | None = None
    wants_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged:
    """An agent's record is now this."""

    at: datetime
    agent: AgentRecord
