"""How a call ended, from Asterisk's words for it."""

from __future__ import annotations

from app.calls.rules import CallOutcome

_OF_DIAL = {
    "BUSY": CallOutcome.BUSY,
    "NOANSWER": CallOutcome.NO_ANSWER,
    "CANCEL": CallOutcome.AGENT_CANCELLED,
}
# ITU-T Q.850 causes: 1 unallocated, 17 busy, 18 and 19 no answer, 21 rejected, 28 invalid number.
_OF_CAUSE = {
    1: CallOutcome.WRONG_NUMBER,
    17: CallOutcome.BUSY,
    18: CallOutcome.NO_ANSWER,
    19: CallOutcome.NO_ANSWER,
    21: CallOutcome.REJECTED,
    28: CallOutcome.WRONG_NUMBER,
}


def outcome_of(
    *,
    is_answered: bool,
    direction: str,
    hung_up_by: str | None,
    cause: int,
    dial_status: str,
    is_automatic: bool = False,
    has_asked_back: bool = False,
    has_left_message: bool = False,
    is_closed: bool = False,
) -> CallOutcome:
    """`cause` is that of the patient's channel in Q.850, 0 when unknown; `dial_status` is Asterisk's DIALSTATUS."""
    if is_answered:
        return CallOutcome.ANSWERED
    if direction == "inbound" and has_asked_back:
        return CallOutcome.CALLBACK
    if direction == "inbound" and has_left_message:
        return CallOutcome.VOICEMAIL
    if direction == "inbound" and is_closed:
        return CallOutcome.CLOSED
    if direction == "inbound":
        return CallOutcome.ABANDONED
    if hung_up_by == "agent":
        return CallOutcome.AGENT_CANCELLED
    if is_automatic and dial_status in ("CANCEL", "NOANSWER"):
        # Nobody of ours rang off: it rang for as long as we let it.
        return _OF_CAUSE.get(cause) or CallOutcome.NO_ANSWER
    return _OF_CAUSE.get(cause) or _OF_DIAL.get(dial_status) or CallOutcome.FAILED
