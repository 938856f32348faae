"""The calls that have not ended: which channels are in them, who talks, what has become of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.agents.rules import AgentState, NotReadyReason
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
    WayIn,
)
from app.queues.rules import MAIN_QUEUE
from telephony.tracker import inputs
from telephony.tracker.channels import QUEUE_NAME, clean_number, endpoint_of
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import NOBODY, LiveCall
from telephony.tracker.outcomes import outcome_of

_HEARD = {
    WayIn.NOTICE: ("notice_at", CallEvent.NOTICED),
    WayIn.CLOSED: ("closed_at", CallEvent.CLOSED),
    WayIn.VOICEMAIL: ("voicemail_at", CallEvent.VOICEMAIL),
    WayIn.CALLBACK: ("callback_at", CallEvent.CALLBACK),
}


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

    def restore(self, records: Iterable[CallRecord], legs: Iterable[LegRecord]) -> None:
        """Take over the calls that were open when the last process ended with their open legs, and those in wrap-up."""
        for record in records:
            if record.ended_at is None:
                self._by_linkedid[record.linkedid] = LiveCall(record)
            elif record.agent is not None:
                self._wrapping[record.agent] = record
        for leg in legs:
            call = self.by_id(leg.call_id)
            if call is None:
                continue
            call.legs[leg.uniqueid] = leg
            if leg.answered_at is not None and leg.agent == call.record.agent:
                call.agent = ("", leg.uniqueid)

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

    def answer(self, call: LiveCall, at: datetime, agent: str | None, leg: LegRecord | None) -> None:
        call.record = replace(
            call.record, state=CallState.ANSWERED, agent=agent, answered_at=call.record.answered_at or at
        )
        call.is_transferring = False
        if agent is not None:
            self._desks[agent].become(AgentState.TALKING, at, call_id=call.record.id)
        self.say(call, CallEvent.ANSWERED, at, agent, leg)

    def rest_after_offer(self, desk: Desk, status: str, at: datetime) -> None:
        if not desk.has_phone() or not desk.is_page_alive(at):
            desk.lose(at)
        elif status == "BUSY" or (status == "NOANSWER" and desk.record.wants_ready):
            reason = NotReadyReason.REJECTED_CALL if status == "BUSY" else NotReadyReason.MISSED_CALL
            desk.record = replace(desk.record, wants_ready=False)
            desk.become(AgentState.NOT_READY, at, reason=reason)
        else:
            desk.rest(at)

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
