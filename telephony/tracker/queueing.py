"""What the dialplan asks before a caller enters a queue: who is rung first, and where one stands who comes back."""

from __future__ import annotations

from app.call_flows.rules import Urgency
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.live_call import LiveCall

DIRECT = "direct"
"""An agent is rung before the caller is in the queue, for which it counts all the same."""
_KNOWN, _AGAIN = "known", "again"


def ask_for_queue(call: LiveCall, event: ami.Told) -> list[inputs.Effect]:
    """The effects that answer; nothing for what asks nothing. Without an answer the dialplan goes on by itself."""
    if event.what == _KNOWN:
        return [inputs.FindAgent(channel=call.patient[0], linkedid=event.linkedid, queue=event.given)]
    if event.what == _AGAIN:
        urgency = Urgency(call.record.urgency)
        return [
            inputs.PlaceCaller(
                channel=call.patient[0],
                linkedid=event.linkedid,
                queue=event.given,
                urgency=urgency,
                queued_at=call.record.queued_at,
            )
        ]
    return []
