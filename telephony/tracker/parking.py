"""Parked patients: they hear music with nobody, until an agent picks them up or the bound is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.agents.rules import AgentState
from app.calls.rules import CallEvent, CallState, CommandKind
from app.texts import N_
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import LiveCall
from telephony.tracker.live_calls import LiveCalls


class Parking:
    """Reads and changes the live calls and the desks; appends what follows to `out`."""

    def __init__(self, desks: dict[str, Desk], calls: LiveCalls, out: list[inputs.Output]) -> None:
        self._desks = desks
        self._calls = calls
        self._out = out
        self.longest = timedelta(minutes=5)
        """After this a patient comes back, first in the queue."""

    def carry_out(self, command: inputs.CommandIssued, desk: Desk) -> None:
        """PARK or PICK_UP; answered as every order is."""
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        if call is None:
            self._refuse(command, N_("This call has ended already."))
        elif command.kind is CommandKind.PARK:
            self._park(command, desk, call)
        else:
            self._pick_up(command, desk, call)

    def receive(self, event: ami.Event) -> None:
        """Asterisk has put a parked patient back into the queue by itself: nobody of ours was there to do it."""
        if isinstance(event, ami.QueueCallerJoin):
            call = self._calls.of_linkedid(event.linkedid)
            if call is not None and call.record.parked_at is not None and event.uniqueid == call.patient[1]:
                self._unpark(call, event.at)

    def judge(self, at: datetime) -> None:
        """Patients who have been parked for too long."""
        for call in self._calls:
            if call.record.parked_at is None or not call.patient[0]:
                continue
            if at - call.record.parked_at >= self.longest:
                queue = self._calls.queue_of(call)
                self._unpark(call, at)
                self._out.append(inputs.TransferCall(channel=call.patient[0], target=queue))

    def _park(self, command: inputs.CommandIssued, desk: Desk, call: LiveCall) -> None:
        if self._calls.talker(call) != command.agent:
            self._refuse(command, N_("This call has ended already."))
            return
        if call.record.consult is not None:
            self._refuse(command, N_("Somebody is being asked already."))
            return
        leg, channel = self._calls.close_talking_leg(call, command.at, "parked"), call.agent[0]
        self._calls.end_pause(call, command.at)
        call.record = replace(call.record, agent=None, held_at=None, parked_at=command.at, parked_by=command.agent)
        call.hung_up_by, call.moved_at = None, command.at
        self._calls.say(call, CallEvent.PARKED, command.at, command.agent, leg)
        place = inputs.Extension(context="parked", exten=self._calls.queue_of(call))
        self._out.append(inputs.MoveChannels(command_id=command.id, channel=call.patient[0], to=place))
        if call.is_in_room:
            call.is_in_room = False
            self._out.append(inputs.HangUpChannel(channel=channel))
        desk.lost_at = None
        desk.rest(command.at)

    def _pick_up(self, command: inputs.CommandIssued, desk: Desk, call: LiveCall) -> None:
        if call.record.parked_at is None:
            self._refuse(command, N_("Somebody else has this patient already."))
        elif desk.record.state in (AgentState.RINGING, AgentState.TALKING, AgentState.LISTENING):
            self._refuse(command, N_("Finish the present call first."))
        elif not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
        else:
            if desk.record.state is AgentState.WRAP_UP:
                self._calls.finish_wrap_up(command.agent, command.at)
            self._unpark(call, command.at, agent=command.agent)
            # The phone rings in a moment and answers by itself; until then nothing else may be offered.
            desk.become(AgentState.RINGING, command.at, call_id=call.record.id)
            self._out.append(
                inputs.TransferCall(
                    command_id=command.id, channel=call.patient[0], target=command.agent, answers_itself=True
                )
            )

    def _unpark(self, call: LiveCall, at: datetime, *, agent: str | None = None) -> None:
        call.is_transferring, call.moved_at = True, at
        call.record = replace(call.record, state=CallState.RINGING, agent=agent, parked_at=None, parked_by=None)
        self._calls.say(call, CallEvent.UNPARKED, at, agent)

    def _refuse(self, command: inputs.CommandIssued, why: str) -> None:
        self._out.append(inputs.CommandDone(id=command.id, error=why))
