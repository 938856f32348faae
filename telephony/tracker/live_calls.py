"""The calls that have not ended: which channels are in them, who talks, what has become of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.agents.rules import AgentState, NotReadyReason
from app.call_flows.rules import Urgency
from app.calls.rules import (
    MISSED,
    CallChanged,
    CallerConfirmed,
    CallEvent,
    CallOutcome,
    CallRecord,
    CallState,
    LegRecord,
    PatientTold,
    Telling,
    WayIn,
)
from app.queues.rules import MAIN_QUEUE
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import QUEUE_NAME, TRUNK, clean_number, endpoint_of, is_own_id
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import NOBODY, LiveCall
from telephony.tracker.outcomes import outcome_of
from telephony.tracker.queueing import DIRECT, ask_for_queue

_HEARD = {
    WayIn.NOTICE: ("notice_at", CallEvent.NOTICED),
    WayIn.CLOSED: ("closed_at", CallEvent.CLOSED),
    WayIn.VOICEMAIL: ("voicemail_at", CallEvent.VOICEMAIL),
    WayIn.CALLBACK: ("callback_at", CallEvent.CALLBACK),
}
_REFUSALS = (17, 21)  # Q.850: busy, rejected


class Naming(Protocol):
    """What LiveCalls needs of TrackerRules."""

    @property
    def wrap_up(self) -> timedelta: ...
    @property
    def normalise(self) -> Callable[[str], str]: ...
    @property
    def call_id(self) -> Callable[[str], str]: ...


class LiveCalls:
    """Reads and changes the desks of the agents concerned; appends what follows to `out`."""

    def __init__(self, desks: dict[str, Desk], rules: Naming, out: list[inputs.Output]) -> None:
        self._desks = desks
        self._rules = rules
        self._out = out
        self._by_linkedid: dict[str, LiveCall] = {}
        self._wrapping: dict[str, CallRecord] = {}
        self.wrap_ups: dict[str, timedelta] = {}
        """Queues with a wrap-up of their own."""
        self.queues: Set[str] = frozenset()
        """Every queue that there is."""

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._by_linkedid.values()))

    def restore(self, records: Iterable[CallRecord]) -> None:
        """Take over the calls that were open when the last process ended, and those in wrap-up."""
        for record in records:
            if record.ended_at is None:
                self._by_linkedid[record.linkedid] = LiveCall(record)
            elif record.agent is not None:
                self._wrapping[record.agent] = record

    def of_agent(self, agent: str) -> LiveCall | None:
        """The live call that the agent is in or is being offered."""
        call_id = self._desks[agent].record.call_id
        if call_id is None:
            return None
        return next((call for call in self._by_linkedid.values() if call.record.id == call_id), None)

    def of_linkedid(self, linkedid: str) -> LiveCall | None:
        return self._by_linkedid.get(linkedid)

    def by_id(self, call_id: str) -> LiveCall | None:
        return next((call for call in self._by_linkedid.values() if call.record.id == call_id), None)

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

    def start_outbound(self, *, linkedid: str, agent: str | None, number: str, digits: str, at: datetime) -> LiveCall:
        """The agent's phone is about to be rung, and then the patient; without an agent, the patient at once."""
        record = CallRecord(
            id=self._rules.call_id(linkedid),
            linkedid=linkedid,
            direction="outbound",
            state=CallState.RINGING,
            number=number,
            number_signalled=number,
            dialled=digits,
            started_at=at,
            agent=agent,
        )
        call = self._by_linkedid[linkedid] = LiveCall(record)
        if agent is None:
            call.patient = ("", linkedid)  # the first channel of the call is the patient's
        else:
            self._desks[agent].become(AgentState.TALKING, at, call_id=record.id)
        self.say(call, CallEvent.STARTED, at, agent)
        self._out.append(CallerConfirmed(at=at, call=record))
        return call

    def fail_originate(self, linkedid: str, at: datetime) -> None:
        call = self._by_linkedid.get(linkedid)
        if call is not None and not call.channels:
            self.end(call, at, CallOutcome.FAILED, "system")

    def confirm(self, answer: inputs.CallerAnswered) -> None:
        """Show the patient only when Asterisk itself holds the number that the event claimed."""
        call = self._by_linkedid.get(answer.linkedid)
        if call is None or call.is_confirmed or answer.number is None:
            return
        if clean_number(answer.number) == call.record.number_signalled:
            call.is_confirmed = True
            self._out.append(CallerConfirmed(at=answer.at, call=call.record))

    def rejoin(self, agent: str, at: datetime) -> None:
        """The agent's page went away in mid-call: the patient waits, with a tone, for the same agent."""
        call = self.of_agent(agent)
        if call is None or not call.patient[0] or call.record.answered_at is None or call.record.rejoining_at:
            return
        self.end_pause(call, at)
        call.moved_at = at
        call.record = replace(call.record, rejoining_at=at, held_at=None)
        self.say(call, CallEvent.REJOINING, at, agent, self.close_talking_leg(call, at, "lost"))
        self._out.append(inputs.RejoinPatient(channel=call.patient[0], agent=agent))

    def drop_offer(self, call: LiveCall, agent: str) -> None:
        """End the ringing of a phone that is gone, so that Asterisk offers the caller to the next agent."""
        channel = self.ringing_channel(call, agent)
        if channel:
            self._out.append(inputs.HangUpChannel(channel=channel))

    def ringing_channel(self, call: LiveCall, agent: str) -> str:
        """The channel that rings the agent's phone for this call, empty when there is none."""
        for leg in call.legs.values():
            if leg.agent == agent and leg.answered_at is None and leg.ended_at is None:
                return call.channels.get(leg.uniqueid, "")
        return call.colleague[0] if endpoint_of(call.colleague[0]) == agent else ""

    def talker(self, call: LiveCall) -> str | None:
        """The agent who has the patient of this call now, also while the patient holds."""
        is_talk = call.record.answered_at is not None and call.record.rejoining_at is None and not call.is_transferring
        return call.record.agent if is_talk and call.agent[1] in call.channels else None

    def queue_of(self, call: LiveCall) -> str:
        """Where a patient goes whom nobody has any more."""
        queue = call.record.queue
        return queue if queue is not None and queue in self.queues else MAIN_QUEUE

    def hand_on(self, call: LiveCall, at: datetime, *, to: str = "") -> None:
        """The patient has just been ordered on to somebody else, to the number `to` or within the house."""
        agent, channel = call.record.agent, call.agent
        leg = self.close_talking_leg(call, at, "transfer")
        self.end_pause(call, at)
        call.is_transferring, call.hung_up_by, call.led_to, call.led_by, call.moved_at = True, None, to, agent, at
        call.record = replace(call.record, state=CallState.RINGING, agent=None, held_at=None)
        self.say(call, CallEvent.TRANSFERRED, at, agent, leg)
        if call.is_in_room:
            # The room does not end with the patient's leaving.
            call.is_in_room = False
            self._out.append(inputs.HangUpChannel(channel=channel[0]))

    def now_outside(self, call: LiveCall, number: str, at: datetime) -> None:
        """Somebody outside has the patient from now on; the call stays that of who led it there."""
        call.is_transferring, call.agent = False, NOBODY
        call.record = replace(call.record, state=CallState.ANSWERED, agent=call.led_by, transferred_to=number)
        self.say(call, CallEvent.TRANSFERRED, at, call.led_by)
        if call.led_by is not None:
            # Their own channel may end before this or after it.
            self.wrap_up(call.record, call.led_by, at)

    def end_pause(self, call: LiveCall, at: datetime) -> None:
        """The recording goes on by itself wherever the patient is led; so it does at the end."""
        if call.record.recording_paused_at is not None:
            call.record = replace(call.record, recording_paused_at=None)
            self.say(call, CallEvent.RECORDING_RESUMED, at, call.record.agent)

    def leave(self, call: LiveCall, agent: str, at: datetime) -> None:
        """The agent has no channel in the call any more, and the patient has."""
        if call.record.agent == agent:
            call.record = replace(call.record, state=CallState.RINGING, agent=None, held_at=None)
            self.say(call, CallEvent.TRANSFERRED, at, agent, self.close_talking_leg(call, at, "transfer"))
        self.wrap_up(call.record, agent, at)

    def finish_wrap_up(self, agent: str, at: datetime) -> None:
        desk = self._desks[agent]
        record = self._wrapping.pop(agent, None)
        if record is not None:
            done = replace(record, wrapped_up_at=at)
            if done.state is CallState.ANSWERED:
                done = replace(done, state=CallState.WRAPPED_UP)
            self._out.append(CallChanged(event=CallEvent.WRAPPED_UP, at=at, call=done, agent=agent))
        if desk.record.state is AgentState.WRAP_UP:
            desk.rest(at)

    def _on_newchannel(self, event: ami.Newchannel) -> None:
        call = self._by_linkedid.get(event.linkedid)
        if call is not None:
            call.channels[event.uniqueid] = event.channel
            return
        # A channel of a call that we placed also begins in the trunk's context; whoever calls us cannot choose an id.
        is_inbound = endpoint_of(event.channel) == TRUNK and event.uniqueid == event.linkedid
        if is_inbound and event.context == "from-trunk" and not is_own_id(event.linkedid):
            self.start_inbound(event.linkedid, event.channel, event.caller_number, event.exten, event.at)

    def start_inbound(self, linkedid: str, channel: str, number: str, exten: str, at: datetime) -> LiveCall:
        signalled = clean_number(number)
        record = CallRecord(
            id=self._rules.call_id(linkedid),
            linkedid=linkedid,
            direction="inbound",
            state=CallState.RINGING,
            number=self._rules.normalise(signalled) if signalled else "",
            number_signalled=signalled,
            dialled=exten,
            started_at=at,
        )
        call = self._by_linkedid[linkedid] = LiveCall(record, patient=(channel, linkedid))
        call.channels[linkedid] = channel
        self.say(call, CallEvent.STARTED, at)
        self._out.append(inputs.ConfirmCaller(channel=channel, linkedid=linkedid))
        return call

    def _on_join(self, event: ami.QueueCallerJoin) -> None:
        call = self._by_linkedid.get(event.linkedid)
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
        self.say(call, CallEvent.QUEUED, event.at)

    def _on_dial_begin(self, event: ami.DialBegin) -> None:
        call = self._by_linkedid.get(event.dest_linkedid)
        if call is None:
            return
        call.channels[event.dest_uniqueid] = event.dest_channel
        endpoint = endpoint_of(event.dest_channel)
        if endpoint == TRUNK and call.record.direction == "outbound":
            call.patient = (event.dest_channel, event.dest_uniqueid)
            call.record = replace(call.record, offered_at=event.at)
            self.say(call, CallEvent.OFFERED, event.at, call.record.agent)
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
        self.say(call, CallEvent.OFFERED, event.at, endpoint, leg)

    def _on_dial_end(self, event: ami.DialEnd) -> None:
        call = self._by_linkedid.get(event.dest_linkedid)
        if call is None:
            return
        if event.dest_uniqueid == call.patient[1] and call.record.direction == "outbound":
            call.dial_status = event.dial_status
            if event.dial_status == "ANSWER" and call.record.answered_at is None:
                self.answer(call, event.at, call.record.agent, None)
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
            self.say(call, CallEvent.REJOINED, event.at, leg.agent, leg)
        elif leg.uniqueid != call.record.linkedid:
            call.hung_up_by = None
            self.answer(call, event.at, leg.agent, leg)

    def answer(self, call: LiveCall, at: datetime, agent: str | None, leg: LegRecord | None) -> None:
        call.record = replace(
            call.record, state=CallState.ANSWERED, agent=agent, answered_at=call.record.answered_at or at
        )
        call.is_transferring = False
        if agent is not None:
            self._desks[agent].become(AgentState.TALKING, at, call_id=call.record.id)
        self.say(call, CallEvent.ANSWERED, at, agent, leg)

    def _offer_ends(self, call: LiveCall, leg: LegRecord, status: str, at: datetime) -> None:
        leg = call.legs[leg.uniqueid] = replace(leg, ended_at=at, cause=leg.cause or status)
        desk = self._desks[leg.agent]
        if desk.record.state is AgentState.RINGING and desk.record.call_id == call.record.id:
            self.rest_after_offer(desk, leg.cause or status, at)
        if call.record.agent == leg.agent and call.record.state is CallState.RINGING:
            call.record = replace(call.record, agent=None)
        self.say(call, CallEvent.OFFER_ENDED, at, leg.agent, leg)

    def rest_after_offer(self, desk: Desk, status: str, at: datetime) -> None:
        if not desk.has_phone() or not desk.is_page_alive(at):
            desk.lose(at)
        elif status == "BUSY" or (status == "NOANSWER" and desk.record.wants_ready):
            reason = NotReadyReason.REJECTED_CALL if status == "BUSY" else NotReadyReason.MISSED_CALL
            desk.record = replace(desk.record, wants_ready=False)
            desk.become(AgentState.NOT_READY, at, reason=reason)
        else:
            desk.rest(at)

    def _on_hangup_request(self, event: ami.HangupRequest) -> None:
        call = self._by_linkedid.get(event.linkedid)
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
        call = self._by_linkedid.get(event.linkedid)
        if call is None or event.uniqueid != call.agent[1] or held is (call.record.held_at is not None):
            return
        call.record = replace(call.record, held_at=event.at if held else None)
        self.say(call, CallEvent.HELD if held else CallEvent.RESUMED, event.at, call.record.agent)

    def _on_transfer(self, event: ami.BlindTransfer) -> None:
        call = self._by_linkedid.get(event.transferer_linkedid)
        if call is not None and event.result == "Success" and not call.is_transferring:
            self.hand_on(call, event.at)  # by a telephone itself
            call.moved_at = None  # done, not ordered

    def _on_originate_response(self, event: ami.OriginateResponse) -> None:
        call = self._by_linkedid.get(event.uniqueid)
        if call is not None and not event.is_success and not call.channels:
            # No channel came into being, so none will end.
            self.end(call, event.at, self.outcome(call, 0), "system")

    def _on_told(self, event: ami.Told) -> None:
        call = self._by_linkedid.get(event.linkedid)
        if call is not None and call.record.direction == "inbound" and event.what in set(WayIn):
            self.hear(call, WayIn(event.what), event.at, queue=event.given)
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
                self.say(call, CallEvent.QUEUED, event.at)
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

    def hear(self, call: LiveCall, way: WayIn, at: datetime | None, *, queue: str = "") -> None:
        """The way in has told this of an inbound call, if it has; twice is the same as once.

        `queue` is the one that the caller asked in to be called back, whom Asterisk may not have let in.
        """
        field_name = _HEARD[way][0]
        if at is not None and getattr(call.record, field_name) is None:
            changes: dict[str, Any] = {field_name: at}
            if way is WayIn.CALLBACK and call.record.queue is None and QUEUE_NAME.fullmatch(queue):
                changes |= {"queue": queue, "queued_at": at}
            call.record = replace(call.record, **changes)
            self.say(call, _HEARD[way][1], at)

    def repeat(self, told: Iterable[PatientTold]) -> None:
        """Tell again what a call told while nobody may have listened; twice is the same as once."""
        self._out.extend(told)

    def _on_hangup(self, event: ami.Hangup) -> None:
        call = self._by_linkedid.get(event.linkedid)
        if call is None:
            return
        call.channels.pop(event.uniqueid, None)
        leg = call.legs.get(event.uniqueid)
        if event.uniqueid == call.patient[1]:
            self.end(call, event.at, self.outcome(call, event.cause), call.hung_up_by or "system")
            return
        if leg is not None:
            self._leg_hangs_up(call, leg, event)
        if not call.channels and call.record.ended_at is None:
            # The patient's own hangup was told while nobody listened.
            self.end(call, event.at, self.outcome(call, event.cause), call.hung_up_by or "system")

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
            self.wrap_up(call.record, leg.agent, event.at)

    def _end_without_patient(self, call: LiveCall, leg: LegRecord, at: datetime) -> None:
        if leg.answered_at is None or call.hung_up_by == "agent":
            # The agent's own phone did not answer, or was put down before the patient's was rung.
            self.end(call, at, CallOutcome.AGENT_CANCELLED, "agent")
        else:
            self.end(call, at, CallOutcome.FAILED, "system")

    def outcome(self, call: LiveCall, cause: int) -> CallOutcome:
        return outcome_of(
            is_answered=call.record.answered_at is not None,
            direction=call.record.direction,
            hung_up_by=call.hung_up_by,
            cause=cause,
            dial_status=call.dial_status,
            is_automatic=call.record.direction == "outbound" and call.record.agent is None,
            has_asked_back=call.record.callback_at is not None,
            has_left_message=call.record.voicemail_at is not None,
            is_closed=call.record.closed_at is not None,
        )

    def end(self, call: LiveCall, at: datetime, outcome: CallOutcome, by: str) -> None:
        missed = dict.fromkeys((*MISSED, CallOutcome.CALLBACK), CallState.ABANDONED)
        state = (missed | {CallOutcome.ANSWERED: CallState.ANSWERED}).get(outcome, CallState.FAILED)
        self.end_pause(call, at)
        if call.record.parked_at is not None:
            call.record = replace(call.record, parked_at=None)
            self.say(call, CallEvent.UNPARKED, at)
        agent, asked = call.record.agent or call.record.parked_by, call.record.consult is not None
        leg = self.close_talking_leg(call, at, by)
        call.record = replace(
            call.record,
            agent=agent,
            state=state,
            outcome=outcome,
            ended_at=at,
            ended_by=by,
            held_at=None,
            rejoining_at=None,
            consult=None,
            consult_with=None,
            parked_at=None,
            parked_by=None,
        )
        self._by_linkedid.pop(call.record.linkedid, None)
        self.say(call, CallEvent.ENDED, at, agent, leg)
        for desk in self._desks.values():
            if desk.record.call_id != call.record.id or desk.record.state is AgentState.WRAP_UP:
                continue
            if desk.record.state is AgentState.TALKING and (not asked or desk.record.username == agent):
                self.wrap_up(call.record, desk.record.username, at)
            elif desk.record.state in (AgentState.RINGING, AgentState.TALKING):
                desk.rest(at)

    def close_talking_leg(self, call: LiveCall, at: datetime, cause: str) -> LegRecord | None:
        leg = call.legs.get(call.agent[1])
        if leg is None:
            return None
        leg = call.legs[leg.uniqueid] = replace(leg, ended_at=leg.ended_at or at, cause=leg.cause or cause)
        return leg

    def wrap_up(self, record: CallRecord, agent: str, at: datetime) -> None:
        desk = self._desks[agent]
        if desk.record.state is not AgentState.TALKING or desk.record.call_id != record.id:
            return
        desk.lost_at = None
        if record.agent == agent and record.ended_at is not None:
            self._wrapping[agent] = record
        wrap_up = self.wrap_ups.get(record.queue or "", self._rules.wrap_up)
        desk.become(AgentState.WRAP_UP, at, call_id=record.id, wrap_up_until=at + wrap_up)

    def say(
        self, call: LiveCall, event: CallEvent, at: datetime, agent: str | None = None, leg: LegRecord | None = None
    ) -> None:
        self._out.append(CallChanged(event=event, at=at, call=call.record, agent=agent, leg=leg))
