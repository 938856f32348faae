"""One of ours calls another. No patient, no queue, no recording, no wrap-up: two desks that are busy for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.agents.rules import AgentState
from app.calls.rules import CallChanged, CallEvent, CallOutcome, CallRecord, CallState
from app.texts import N_
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import endpoint_of
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import NOBODY
from telephony.tracker.live_calls import LiveCalls

INTERNAL = "internal"
# Asterisk makes the channel of a call that we place within milliseconds of our order.
_PLACING_SECONDS = timedelta(seconds=3)
_OUTCOMES = {"BUSY": CallOutcome.BUSY, "NOANSWER": CallOutcome.NO_ANSWER, "CANCEL": CallOutcome.AGENT_CANCELLED}


@dataclass(slots=True)
class _Internal:
    """Mutable, owned by InternalCalls. `own` is the channel of who calls; its uniqueid is the order's id."""

    record: CallRecord
    own: tuple[str, str] = NOBODY
    other: tuple[str, str] = NOBODY
    dial_status: str = ""
    cause: str = ""


class InternalCalls:
    """Changes the desks of both; appends what follows to `out`."""

    def __init__(
        self,
        desks: dict[str, Desk],
        calls: LiveCalls,
        call_id: Callable[[str], str],
        out: list[inputs.Output],
    ) -> None:
        self._desks = desks
        self._calls = calls
        self._call_id = call_id
        self._out = out
        self._live: dict[str, _Internal] = {}

    def restore(self, records: Iterable[CallRecord]) -> None:
        """Take over what had not ended when the last process did."""
        self._live = {record.linkedid: _Internal(record) for record in records if record.ended_at is None}

    def has(self, linkedid: str) -> bool:
        return linkedid in self._live

    @property
    def records(self) -> list[CallRecord]:
        """The internal calls that have not ended."""
        return [call.record for call in self._live.values()]

    def of_agent(self, agent: str) -> CallRecord | None:
        """The internal call that this desk is in, on either side."""
        call = self._of(agent)
        return call.record if call is not None else None

    def carry_out(self, command: inputs.CommandIssued, desk: Desk) -> None:
        """CALL_COLLEAGUE; answered as every order is."""
        name = str(command.args.get("to", ""))
        colleague = self._desks.get(name)
        if colleague is None or name == command.agent:
            self._refuse(command, N_("Choose a colleague."))
        elif colleague.record.state is not AgentState.READY:
            self._refuse(command, N_("This colleague is not ready. Choose another, or the queue."))
        elif desk.record.state in (AgentState.RINGING, AgentState.TALKING, AgentState.LISTENING):
            self._refuse(command, N_("Finish the present call first."))
        elif not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
        else:
            self._begin(command, desk, name)

    def _begin(self, command: inputs.CommandIssued, desk: Desk, colleague: str) -> None:
        if desk.record.state is AgentState.WRAP_UP:
            self._calls.finish_wrap_up(command.agent, command.at)
        record = CallRecord(
            id=self._call_id(command.id),
            linkedid=command.id,
            direction=INTERNAL,
            state=CallState.RINGING,
            number="",
            number_signalled="",
            dialled=colleague,
            started_at=command.at,
            agent=command.agent,
        )
        call = self._live[command.id] = _Internal(record)
        desk.become(AgentState.TALKING, command.at, call_id=record.id)
        self._say(call, CallEvent.STARTED, command.at)
        self._out.append(
            inputs.CallColleague(command_id=command.id, uniqueid=command.id, agent=command.agent, colleague=colleague)
        )

    def hang_up(self, command: inputs.CommandIssued) -> bool:
        """HANG_UP by either side. Whether it was about an internal call."""
        call = self._of(command.agent)
        if call is None or call.record.id != command.args.get("call_id"):
            return False
        channel = call.own if call.record.agent == command.agent else call.other
        if channel[0]:
            self._out.append(inputs.HangUpChannel(command_id=command.id, channel=channel[0]))
        else:
            self._refuse(command, N_("The call is still being set up. Try again in a moment."))
        return True

    def drop(self, agent: str) -> None:
        """The phone or the page of one of the two is gone: the other does not wait for it."""
        call = self._of(agent)
        if call is not None:
            channel = call.own if call.record.agent == agent else call.other
            if channel[0]:
                self._out.append(inputs.HangUpChannel(channel=channel[0]))

    def receive(self, event: ami.Event) -> bool:
        """Whether the event was about an internal call. Then nobody else has to hear of it."""
        match event:
            case ami.DialBegin() | ami.DialEnd():
                call = self._live.get(event.dest_linkedid)
                if call is not None:
                    self._on_dial(call, event)
            case ami.OriginateResponse():
                call = self._live.get(event.uniqueid)
                if call is not None and not event.is_success and call.own == NOBODY:
                    self._end(call, event.at, CallOutcome.FAILED, "system")
            case ami.ChannelEvent():
                call = self._live.get(event.linkedid)
                if call is not None:
                    self._on_channel(call, event)
            case _:
                return False
        return call is not None

    def fail(self, effect: inputs.Effect, at: datetime, *, is_certain: bool) -> None:
        """Asterisk refused, or nobody knows: the next reading of the state tells."""
        match effect:
            case inputs.CallColleague(uniqueid=id) if is_certain and id in self._live:
                self._end(self._live[id], at, CallOutcome.FAILED, "system")
            case _:
                pass

    def reconcile(self, snapshot: inputs.Snapshot) -> None:
        """Bring it in step with the channels that Asterisk has. Doing it twice changes nothing the second time."""
        for call in list(self._live.values()):
            there = [each for each in snapshot.channels if each.linkedid == call.record.linkedid]
            for channel in there:
                known = (channel.channel, channel.uniqueid)
                if channel.uniqueid == call.record.linkedid:
                    call.own = known
                else:
                    call.other = known
                    self._meet(call, snapshot.at, is_up=channel.is_up)
            is_placed = call.own != NOBODY or snapshot.at - call.record.started_at >= _PLACING_SECONDS
            if not there and is_placed:
                by = "restart" if snapshot.is_restarted else "agent"
                self._end(call, snapshot.at, self._outcome(call), by)

    def _on_dial(self, call: _Internal, event: ami.DialBegin | ami.DialEnd) -> None:
        channel = (event.dest_channel, event.dest_uniqueid)
        if event.dest_uniqueid == call.record.linkedid:
            call.own = channel
        elif isinstance(event, ami.DialBegin):
            call.other = channel
            self._meet(call, event.at, is_up=False)
        elif event.dial_status == "ANSWER":
            self._meet(call, event.at, is_up=True)
        elif not call.dial_status:
            call.dial_status = call.cause or event.dial_status
            self._let_go(call, event.at)

    def _on_channel(self, call: _Internal, event: ami.ChannelEvent) -> None:
        known = (event.channel, event.uniqueid)
        if event.uniqueid == call.record.linkedid:
            call.own = known
            if isinstance(event, ami.Hangup):
                self._end(call, event.at, self._outcome(call), "agent")
        elif isinstance(event, ami.HangupRequest) and event.cause in (17, 21) and call.record.answered_at is None:
            call.cause = "BUSY"
        elif isinstance(event, ami.Hangup) and call.record.answered_at is None and not call.dial_status:
            call.dial_status = call.cause or "CANCEL"
            self._let_go(call, event.at)

    def _meet(self, call: _Internal, at: datetime, *, is_up: bool) -> None:
        """The colleague's phone rings, or is answered."""
        desk = self._desks.get(endpoint_of(call.other[0]))
        if desk is None or (is_up and call.record.answered_at) or (not is_up and call.record.offered_at):
            return
        if is_up:
            call.record = replace(call.record, state=CallState.ANSWERED, answered_at=at)
            desk.become(AgentState.TALKING, at, call_id=call.record.id)
            self._say(call, CallEvent.ANSWERED, at)
        elif desk.record.state is not AgentState.TALKING:
            call.record = replace(call.record, offered_at=at)
            desk.become(AgentState.RINGING, at, call_id=call.record.id)
            self._say(call, CallEvent.OFFERED, at)

    def _let_go(self, call: _Internal, at: datetime) -> None:
        """The colleague did not answer."""
        desk = self._desks.get(endpoint_of(call.other[0]))
        if desk is not None and desk.record.call_id == call.record.id and desk.record.state is AgentState.RINGING:
            # Nobody's patient waited for it: a colleague who lets it ring stays as ready as before.
            desk.rest(at)

    def _outcome(self, call: _Internal) -> CallOutcome:
        if call.record.answered_at is not None:
            return CallOutcome.ANSWERED
        return _OUTCOMES.get(call.dial_status, CallOutcome.AGENT_CANCELLED)

    def _end(self, call: _Internal, at: datetime, outcome: CallOutcome, by: str) -> None:
        del self._live[call.record.linkedid]
        is_answered = outcome is CallOutcome.ANSWERED
        state = CallState.WRAPPED_UP if is_answered else CallState.FAILED
        call.record = replace(call.record, state=state, outcome=outcome, ended_at=at, ended_by=by)
        self._say(call, CallEvent.ENDED, at)
        for desk in self._desks.values():
            if desk.record.call_id == call.record.id:
                desk.rest(at)

    def _of(self, agent: str) -> _Internal | None:
        call_id = self._desks[agent].record.call_id
        return next((call for call in self._live.values() if call.record.id == call_id), None)

    def _say(self, call: _Internal, event: CallEvent, at: datetime) -> None:
        self._out.append(CallChanged(event=event, at=at, call=call.record, agent=call.record.agent))

    def _refuse(self, command: inputs.CommandIssued, why: str) -> None:
        self._out.append(inputs.CommandDone(id=command.id, error=why))
