"""What Asterisk's events mean for the calls that live: each is looked at once, and told twice it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.agents.rules import AgentState
from app.call_flows.rules import Urgency
from app.calls.rules import CallEvent, CallOutcome, CallState, LegRecord, PatientTold, Telling, WayIn
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import QUEUE_NAME, TRUNK, endpoint_of, is_own_id
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import LiveCall
from telephony.tracker.live_calls import LiveCalls
from telephony.tracker.queueing import DIRECT, ask_for_queue

_REFUSALS = (17, 21)  # Q.850: busy, rejected


class CallEvents:
    """Changes the live calls and the desks of the agents concerned; appends what follows to `out`."""

    def __init__(self, desks: dict[str, Desk], calls: LiveCalls, out: list[inputs.Output]) -> None:
        self._desks = desks
        self._calls = calls
        self._out = out

    def receive(self, event: ami.Event) -> None:
        match event:
            case ami.Newchannel():
                self._on_newchannel(event)
            case ami.QueueCallerJoin():
                self._on_join(event)
            case ami.DialBegin():
                self._on_dial_begin(event)
            case ami.DialEnd():
                self._on_dial_end(event)
            case ami.HangupRequest():
                self._on_hangup_request(event)
            case ami.SoftHangupRequest():
                pass
            case ami.Hangup():
                self._on_hangup(event)
            case ami.Hold():
                self._on_hold(event, held=True)
            case ami.Unhold():
                self._on_hold(event, held=False)
            case ami.BlindTransfer():
                self._on_transfer(event)
            case ami.OriginateResponse():
                self._on_originate_response(event)
            case ami.Told():
                self._on_told(event)
            case _:
                raise TypeError(f"calls do not know {type(event).__name__}")

    def _on_newchannel(self, event: ami.Newchannel) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is not None:
            call.channels[event.uniqueid] = event.channel
            return
        # A channel of a call that we placed also begins in the trunk's context; whoever calls us cannot choose an id.
        is_inbound = endpoint_of(event.channel) == TRUNK and event.uniqueid == event.linkedid
        if is_inbound and event.context == "from-trunk" and not is_own_id(event.linkedid):
            self._calls.start_inbound(event.linkedid, event.channel, event.caller_number, event.exten, event.at)

    def _on_join(self, event: ami.QueueCallerJoin) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is None:
            return
        is_again = call.record.rejoining_at is not None or call.is_transferring
        # Who waited too long in one queue goes on to another; an old event told once more leads nobody back.
        is_going_on = event.queue != call.record.queue and call.record.state is CallState.RINGING
        is_going_on = is_going_on and call.joined_at is not None and event.at > call.joined_at
        if call.record.queued_at is not None and not is_again and not is_going_on:
            return
        call.joined_at = max(event.at, call.joined_at or event.at)
        agent = call.record.agent
        if call.record.rejoining_at is not None and agent is not None:
            # The agent did not come back within the bound: the patient is first in the queue again.
            self._desks[agent].lose(event.at)
        call.is_transferring = False
        call.record = replace(
            call.record,
            queue=event.queue,
            queued_at=call.record.queued_at or event.at,
            state=CallState.RINGING,
            agent=None,
            rejoining_at=None,
        )
        self._calls.say(call, CallEvent.QUEUED, event.at)

    def _on_dial_begin(self, event: ami.DialBegin) -> None:
        call = self._calls.of_linkedid(event.dest_linkedid)
        if call is None:
            return
        call.channels[event.dest_uniqueid] = event.dest_channel
        endpoint = endpoint_of(event.dest_channel)
        if endpoint == TRUNK and call.record.direction == "outbound":
            call.patient = (event.dest_channel, event.dest_uniqueid)
            call.record = replace(call.record, offered_at=event.at)
            self._calls.say(call, CallEvent.OFFERED, event.at, call.record.agent)
            return
        desk = self._desks.get(endpoint)
        if desk is None or event.dest_uniqueid in call.legs:
            return
        leg = LegRecord(uniqueid=event.dest_uniqueid, call_id=call.record.id, agent=endpoint, started_at=event.at)
        call.legs[leg.uniqueid] = leg
        is_own_dial = event.dest_uniqueid == call.record.linkedid
        if is_own_dial:
            call.agent = (event.dest_channel, event.dest_uniqueid)
        if is_own_dial or call.record.rejoining_at is not None:
            return
        if desk.record.state is AgentState.TALKING:
            return  # The phone will say that it is busy; until then its agent goes on talking.
        call.record = replace(call.record, offered_at=call.record.offered_at or event.at, agent=endpoint)
        desk.become(AgentState.RINGING, event.at, call_id=call.record.id)
        self._calls.say(call, CallEvent.OFFERED, event.at, endpoint, leg)

    def _on_dial_end(self, event: ami.DialEnd) -> None:
        call = self._calls.of_linkedid(event.dest_linkedid)
        if call is None:
            return
        if event.dest_uniqueid == call.patient[1] and call.record.direction == "outbound":
            call.dial_status = event.dial_status
            if event.dial_status == "ANSWER" and call.record.answered_at is None:
                self._calls.answer(call, event.at, call.record.agent, None)
            return
        leg = call.legs.get(event.dest_uniqueid)
        if leg is None or leg.answered_at is not None or leg.ended_at is not None:
            return
        if event.dial_status == "ANSWER":
            self._agent_answers(call, leg, event)
        elif event.dest_uniqueid != call.record.linkedid:
            self._offer_ends(call, leg, event.dial_status, event.at)

    def _agent_answers(self, call: LiveCall, leg: LegRecord, event: ami.DialEnd) -> None:
        leg = call.legs[leg.uniqueid] = replace(leg, answered_at=event.at)
        call.agent = (event.dest_channel, event.dest_uniqueid)
        if call.record.rejoining_at is not None:
            call.record = replace(call.record, rejoining_at=None)
            self._calls.say(call, CallEvent.REJOINED, event.at, leg.agent, leg)
        elif leg.uniqueid != call.record.linkedid:
            call.hung_up_by = None
            self._calls.answer(call, event.at, leg.agent, leg)

    def _offer_ends(self, call: LiveCall, leg: LegRecord, status: str, at: datetime) -> None:
        leg = call.legs[leg.uniqueid] = replace(leg, ended_at=at, cause=leg.cause or status)
        desk = self._desks[leg.agent]
        if desk.record.state is AgentState.RINGING and desk.record.call_id == call.record.id:
            self._calls.rest_after_offer(desk, leg.cause or status, at)
        if call.record.agent == leg.agent and call.record.state is CallState.RINGING:
            call.record = replace(call.record, agent=None)
        self._calls.say(call, CallEvent.OFFER_ENDED, at, leg.agent, leg)

    def _on_hangup_request(self, event: ami.HangupRequest) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is None:
            return
        leg = call.legs.get(event.uniqueid)
        if leg is not None and leg.answered_at is None and leg.ended_at is None and event.cause in _REFUSALS:
            # The queue says NOANSWER at the end of such a dial, too.
            call.legs[leg.uniqueid] = replace(leg, cause="BUSY")
        if call.hung_up_by is None and call.record.rejoining_at is None:
            if event.uniqueid == call.patient[1]:
                call.hung_up_by = "caller"
            elif event.uniqueid == call.agent[1]:
                call.hung_up_by = "agent"

    def _on_hold(self, event: ami.ChannelEvent, *, held: bool) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is None or event.uniqueid != call.agent[1] or held is (call.record.held_at is not None):
            return
        call.record = replace(call.record, held_at=event.at if held else None)
        self._calls.say(call, CallEvent.HELD if held else CallEvent.RESUMED, event.at, call.record.agent)

    def _on_transfer(self, event: ami.BlindTransfer) -> None:
        call = self._calls.of_linkedid(event.transferer_linkedid)
        if call is not None and event.result == "Success" and not call.is_transferring:
            self._calls.hand_on(call, event.at)  # by a telephone itself
            call.moved_at = None  # done, not ordered

    def _on_originate_response(self, event: ami.OriginateResponse) -> None:
        call = self._calls.of_linkedid(event.uniqueid)
        if call is not None and not event.is_success and not call.channels:
            # No channel came into being, so none will end.
            self._calls.end(call, event.at, self._calls.outcome(call, 0), "system")

    def _on_told(self, event: ami.Told) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is not None and call.record.direction == "inbound" and event.what in set(WayIn):
            self._calls.hear(call, WayIn(event.what), event.at, queue=event.given)
        if call is not None and call.record.direction == "inbound" and event.what in set(Urgency):
            call.record = replace(call.record, urgency=event.what)
            self._out.append(
                inputs.PlaceCaller(
                    channel=call.patient[0], linkedid=event.linkedid, queue=event.given, urgency=Urgency(event.what)
                )
            )
        if call is not None and call.record.direction == "inbound" and QUEUE_NAME.fullmatch(event.given):
            self._out.extend(ask_for_queue(call, event))
            if event.what == DIRECT and call.record.queued_at is None:
                call.record = replace(call.record, queue=event.given, queued_at=event.at)
                self._calls.say(call, CallEvent.QUEUED, event.at)
        if call is not None and is_own_id(event.linkedid) and event.what in set(Telling):
            self._out.append(
                PatientTold(
                    at=event.at,
                    linkedid=event.linkedid,
                    telling=Telling(event.what),
                    question=event.question,
                    given=event.given[:20],
                )
            )

    def _on_hangup(self, event: ami.Hangup) -> None:
        call = self._calls.of_linkedid(event.linkedid)
        if call is None:
            return
        call.channels.pop(event.uniqueid, None)
        leg = call.legs.get(event.uniqueid)
        if event.uniqueid == call.patient[1]:
            self._calls.end(call, event.at, self._calls.outcome(call, event.cause), call.hung_up_by or "system")
            return
        if leg is not None:
            self._leg_hangs_up(call, leg, event)
        if not call.channels and call.record.ended_at is None:
            # The patient's own hangup was told while nobody listened.
            self._calls.end(call, event.at, self._calls.outcome(call, event.cause), call.hung_up_by or "system")

    def _leg_hangs_up(self, call: LiveCall, leg: LegRecord, event: ami.Hangup) -> None:
        is_own_phone = leg.uniqueid == call.record.linkedid
        if leg.answered_at is None and leg.ended_at is None and not is_own_phone:
            # The end of the dial was told while nobody listened.
            self._offer_ends(call, leg, "CANCEL", event.at)
            return
        if leg.ended_at is None:
            leg = call.legs[leg.uniqueid] = replace(leg, ended_at=event.at)
        if is_own_phone and not call.patient[1]:
            self._end_without_patient(call, leg, event.at)
            return
        if leg.answered_at is None or call.record.rejoining_at is not None:
            return
        # After a transfer to a queue the patient waits there already, with nobody.
        if call.is_transferring or call.record.agent != leg.agent:
            self._calls.wrap_up(call.record, leg.agent, event.at)

    def _end_without_patient(self, call: LiveCall, leg: LegRecord, at: datetime) -> None:
        if leg.answered_at is None or call.hung_up_by == "agent":
            # The agent's own phone did not answer, or was put down before the patient's was rung.
            self._calls.end(call, at, CallOutcome.AGENT_CANCELLED, "agent")
        else:
            self._calls.end(call, at, CallOutcome.FAILED, "system")
