"""Agents who ask somebody while their patient holds: the moves of app/calls/rules/consult.py, done in Asterisk.

The patient's channel goes to `held` and the agent's to `consult`. Who answers meets the agent in the room of the call,
and whoever is to talk with the patient later is there when the patient's channel comes, too. Nothing is dialled from a
browser: each phone has one line.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.agents.rules import AgentState
from app.calls.rules import CallEvent, CallState, CommandKind, ConsultMove, ConsultState, LegRecord, PatientWith, after
from app.texts import N_
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import OUTSIDE, endpoint_of
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import NOBODY, LiveCall
from telephony.tracker.live_calls import LiveCalls
from telephony.tracker.targets import Targets

HELD = inputs.Extension(context="held")
ROOM = inputs.Extension(context="room")
PATIENT_IN_ROOM = inputs.Extension(context="room", exten="patient")
ASKED = "asked"
_ORDERED = {
    CommandKind.COMPLETE: ConsultMove.COMPLETE,
    CommandKind.JOIN_ALL: ConsultMove.JOIN,
    CommandKind.BACK: ConsultMove.BACK,
}
_REFUSALS = (17, 21)  # Q.850: busy, rejected


class Consultations:
    """Reads and changes the live calls and the desks of who is asked; appends what follows to `out`."""

    def __init__(self, desks: dict[str, Desk], calls: LiveCalls, targets: Targets, out: list[inputs.Output]) -> None:
        self._desks = desks
        self._calls = calls
        self._targets = targets
        self._out = out

    # What the agent orders.

    def carry_out(self, command: inputs.CommandIssued) -> None:
        """CONSULT, COMPLETE, JOIN_ALL or BACK; answered as every order is."""
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        if call is None or self._calls.talker(call) != command.agent:
            self._refuse(command, N_("This call has ended already."))
        elif command.kind is CommandKind.CONSULT:
            self._ask(command, call)
        elif call.record.consult is None:
            self._refuse(command, N_("Nobody is being asked any more."))
        elif after(call.record.consult, _ORDERED[command.kind]) is None:
            self._refuse(command, N_("Wait until somebody answers, or go back to the patient."))
        else:
            self.move(call, _ORDERED[command.kind], command.at, command_id=command.id)

    def _ask(self, command: inputs.CommandIssued, call: LiveCall) -> None:
        target = self._targets.of(command)
        place = None if isinstance(target, str) else self._targets.extension_to_ask(target, by=command.agent)
        if call.record.consult is not None:
            self._refuse(command, N_("Somebody is being asked already."))
        elif isinstance(target, str):
            self._refuse(command, target)
        elif place is None:
            self._refuse(command, N_("Nobody of this queue is ready."))
        else:
            call.colleague, call.colleague_cause, call.moved_at = NOBODY, "", command.at
            call.record = replace(call.record, consult=ConsultState.RINGING, consult_with=target.name, held_at=None)
            self._calls.say(call, CallEvent.CONSULTING, command.at, command.agent)
            self._calls.end_pause(call, command.at)
            # Whoever is asked has the agent's channel to themselves: the room is for later.
            call.is_in_room = False
            self._out.append(
                inputs.MoveChannels(
                    command_id=command.id,
                    channel=call.patient[0],
                    to=HELD,
                    other_channel=call.agent[0],
                    other_to=place,
                )
            )

    # What Asterisk tells.

    def receive(self, event: ami.Event) -> bool:
        """Whether the event was about who is asked or who asks, and means nothing else."""
        match event:
            case ami.DialBegin() | ami.DialEnd():
                call = self._calls.of_linkedid(event.dest_linkedid)
                return call is not None and self._on_dial(call, event)
            case ami.ChannelEvent():
                call = self._calls.of_linkedid(event.linkedid)
                return call is not None and self._on_channel(call, event)
            case _:
                return False

    def _on_dial(self, call: LiveCall, event: ami.DialBegin | ami.DialEnd) -> bool:
        channel = (event.dest_channel, event.dest_uniqueid)
        is_outside = endpoint_of(event.dest_channel) == OUTSIDE
        if call.record.consult is None:
            if is_outside and call.is_transferring:
                self._on_transfer_outside(call, event, channel)
            return is_outside
        if event.dest_uniqueid in (call.patient[1], call.agent[1], call.record.linkedid):
            return False
        if isinstance(event, ami.DialBegin):
            self._on_asked(call, channel, event.at)
        elif channel == call.colleague and event.dial_status == "ANSWER":
            self.move(call, ConsultMove.ANSWERED, event.at)
        elif channel == call.colleague:
            self._colleague_gone(call, event.at, call.colleague_cause or event.dial_status)
        return True

    def _on_asked(self, call: LiveCall, channel: tuple[str, str], at: datetime) -> None:
        if call.record.consult is not ConsultState.RINGING:
            return
        call.channels[channel[1]] = channel[0]
        call.colleague, call.colleague_cause = channel, ""
        desk = self._colleague_desk(call)
        if desk is not None and desk.record.state is not AgentState.TALKING:
            desk.become(AgentState.RINGING, at, call_id=call.record.id)

    def _on_transfer_outside(
        self, call: LiveCall, event: ami.DialBegin | ami.DialEnd, channel: tuple[str, str]
    ) -> None:
        """A blind transfer rings somebody outside, or they have answered."""
        call.channels[channel[1]] = channel[0]
        call.colleague = channel
        if isinstance(event, ami.DialEnd) and event.dial_status == "ANSWER":
            self._calls.now_outside(call, call.led_to, event.at)

    def _on_channel(self, call: LiveCall, event: ami.ChannelEvent) -> bool:
        match event:
            case ami.Hangup() if event.uniqueid == call.patient[1]:
                self.release(call, event.at)
                return False
            case ami.Hangup() if event.uniqueid == call.colleague[1]:
                return self._on_colleague_hangup(call, event.at)
            case ami.Hangup() if event.uniqueid == call.agent[1]:
                return self._on_agent_hangup(call, event.at)
            case ami.QueueCallerJoin() if event.uniqueid == call.patient[1]:
                # Nobody came back to who holds or is parked: Asterisk has put them first into the queue.
                if call.record.consult is not None:
                    self.move(call, ConsultMove.PATIENT_TIRED, event.at)
                elif call.is_in_room and call.record.held_at is not None:
                    self._to_queue(call, event.at, is_there=True)
                return False
            case ami.HangupRequest() if event.uniqueid == call.colleague[1]:
                if event.cause in _REFUSALS:
                    call.colleague_cause = "BUSY"
                elif call.record.consult is None and call.hung_up_by is None:
                    call.hung_up_by = "agent"
                return True
            case ami.HangupRequest() if event.uniqueid == call.agent[1]:
                return call.record.consult is not None
            case ami.Hold() | ami.Unhold() if event.uniqueid == call.agent[1]:
                return self._on_hold(call, event.at, isinstance(event, ami.Hold))
            case ami.Told(what=what) if what == ASKED:
                self._on_unanswered(call, event.at)
                return True
            case _:
                return False

    def _on_unanswered(self, call: LiveCall, at: datetime) -> None:
        is_old = call.unanswered_at is not None and at <= call.unanswered_at
        if call.record.consult is not ConsultState.RINGING or is_old:
            return
        call.unanswered_at = at
        place = self._targets.next_to_ask(call.record.consult_with or "", by=call.record.agent or "")
        if place is not None:
            self._out.append(inputs.MoveChannels(channel=call.agent[0], to=place))
        else:
            self.move(call, ConsultMove.UNANSWERED, at)

    def _on_colleague_hangup(self, call: LiveCall, at: datetime) -> bool:
        call.channels.pop(call.colleague[1], None)
        if call.record.consult is ConsultState.RINGING:
            self._colleague_gone(call, at, call.colleague_cause or "CANCEL")
        elif call.record.consult is not None:
            self.move(call, ConsultMove.COLLEAGUE_LEFT, at)
        elif call.is_in_room and call.agent == NOBODY:
            # Somebody outside had the patient, who would now be alone.
            self._hang_up(call.patient)
        call.colleague = NOBODY
        return True

    def _on_agent_hangup(self, call: LiveCall, at: datetime) -> bool:
        if call.record.consult is not None:
            call.channels.pop(call.agent[1], None)
            self.move(call, ConsultMove.AGENT_LEFT, at)
            return True
        if call.is_in_room and call.record.rejoining_at is None and not call.is_transferring:
            self._hang_up(call.patient)
        return False

    def _on_hold(self, call: LiveCall, at: datetime, held: bool) -> bool:
        if call.record.consult is not None:
            return True  # The patient holds already, or goes on talking with the other.
        if call.is_in_room and held is (call.record.held_at is None):
            # In a room nobody would hear music: it is brought to the patient.
            call.moved_at = at
            self._out.append(inputs.MoveChannels(channel=call.patient[0], to=HELD if held else PATIENT_IN_ROOM))
        return False

    # What follows from a move.

    def move(self, call: LiveCall, move: ConsultMove, at: datetime, *, command_id: str | None = None) -> None:
        """Do what the table says; a move that is none in this state changes nothing."""
        state = call.record.consult
        goes_to = after(state, move) if state is not None else None
        if goes_to is None:
            return
        call.moved_at = at
        if isinstance(goes_to, ConsultState):
            self._enter(call, goes_to, at, command_id)
            return
        agent, leg = call.record.agent, None
        if goes_to is PatientWith.AGENT:
            leg = self._bring_agent(call, at, command_id)
        elif goes_to is PatientWith.COLLEAGUE:
            self._hand_over(call, at, command_id)
        else:
            leg = self._drop_colleague(call, at)
        call.record = replace(call.record, consult=None, consult_with=None)
        self._calls.say(call, CallEvent.CONSULT_ENDED, at, agent, leg)
        if goes_to is PatientWith.QUEUE:
            self._to_queue(call, at, is_there=move is ConsultMove.PATIENT_TIRED)

    def _enter(self, call: LiveCall, state: ConsultState, at: datetime, command_id: str | None) -> None:
        call.record = replace(call.record, consult=state)
        desk = self._colleague_desk(call)
        if state is ConsultState.TALKING:
            call.is_in_room = True  # Asterisk leads both there by itself
            if desk is not None:
                desk.become(AgentState.TALKING, at, call_id=call.record.id)
            self._calls.say(call, CallEvent.CONSULT_ANSWERED, at, call.record.agent)
            return
        self._calls.end_pause(call, at)
        self._out.append(inputs.MoveChannels(command_id=command_id, channel=call.patient[0], to=PATIENT_IN_ROOM))
        leg = self._begin_leg(call, at)
        self._calls.say(call, CallEvent.CONFERRING, at, call.record.agent, leg)

    def _bring_agent(self, call: LiveCall, at: datetime, command_id: str | None) -> LegRecord | None:
        """Agent and patient talk again; whom was asked is let go. Returns the part that this ends."""
        is_conference = call.record.consult is ConsultState.CONFERENCE
        leg = self._drop_colleague(call, at)
        if not is_conference:
            self._calls.end_pause(call, at)
            self._out.append(
                inputs.MoveChannels(
                    command_id=command_id,
                    channel=call.patient[0],
                    to=PATIENT_IN_ROOM,
                    other_channel="" if call.is_in_room else call.agent[0],
                    other_to=None if call.is_in_room else ROOM,
                )
            )
        elif command_id is not None:
            self._out.append(inputs.CommandDone(id=command_id))
        call.is_in_room = True
        return leg

    def _hand_over(self, call: LiveCall, at: datetime, command_id: str | None) -> None:
        """The patient talks with who was asked; the agent who asked is out."""
        if call.record.consult is not ConsultState.CONFERENCE:
            self._calls.end_pause(call, at)
            self._out.append(inputs.MoveChannels(command_id=command_id, channel=call.patient[0], to=PATIENT_IN_ROOM))
        elif command_id is not None:
            self._out.append(inputs.CommandDone(id=command_id))
        if call.agent[1] in call.channels:
            self._hang_up(call.agent)
        agent, leg = call.record.agent, call.legs.get(call.colleague[1])
        ended = self._calls.close_talking_leg(call, at, "transfer")
        colleague = endpoint_of(call.colleague[0])
        if colleague == OUTSIDE:
            call.record = replace(call.record, transferred_to=call.record.consult_with)
            self._calls.say(call, CallEvent.TRANSFERRED, at, agent, ended)
            call.agent = NOBODY
        else:
            leg = leg or self._begin_leg(call, at)
            call.record = replace(call.record, agent=colleague)
            self._calls.say(call, CallEvent.TRANSFERRED, at, agent, ended)
            call.agent, call.colleague = call.colleague, NOBODY
            self._calls.answer(call, at, colleague, leg)
        call.is_in_room, call.hung_up_by = True, None
        if agent is not None:
            self._calls.wrap_up(call.record, agent, at)

    def _to_queue(self, call: LiveCall, at: datetime, *, is_there: bool) -> None:
        agent = call.record.agent
        leg = self._calls.close_talking_leg(call, at, "transfer")
        call.record = replace(call.record, state=CallState.RINGING, agent=None)
        call.is_transferring, call.is_in_room, call.hung_up_by = True, False, None
        self._calls.say(call, CallEvent.TRANSFERRED, at, agent, leg)
        if not is_there:
            self._out.append(inputs.TransferCall(channel=call.patient[0], target=self._calls.queue_of(call)))
        if call.agent[1] in call.channels:
            self._hang_up(call.agent)
        if agent is not None:
            self._calls.wrap_up(call.record, agent, at)

    def _begin_leg(self, call: LiveCall, at: datetime) -> LegRecord | None:
        """A colleague's part in the call begins where they talk with the patient."""
        name = endpoint_of(call.colleague[0])
        if name not in self._desks:
            return None
        leg = LegRecord(uniqueid=call.colleague[1], call_id=call.record.id, agent=name, started_at=at, answered_at=at)
        call.legs[leg.uniqueid] = leg
        return leg

    def _drop_colleague(self, call: LiveCall, at: datetime) -> LegRecord | None:
        """Let go whom was asked: the phone, the desk, and the part in the call if there was one, which is returned."""
        leg = call.legs.get(call.colleague[1])
        if leg is not None and leg.ended_at is None:
            leg = call.legs[leg.uniqueid] = replace(leg, ended_at=at, cause="agent")
        if call.colleague[1] in call.channels:
            self._hang_up(call.colleague)
        self._colleague_gone(call, at, "CANCEL")
        return leg

    def release(self, call: LiveCall, at: datetime) -> None:
        """The patient has rung off: everybody else is let go, too."""
        is_joined = call.is_in_room or call.record.consult is not None
        self.move(call, ConsultMove.PATIENT_LEFT, at)
        if not is_joined:
            return  # Asterisk ends the other side of two by itself.
        for channel in (call.agent, call.colleague):
            if channel[1] in call.channels:
                self._hang_up(channel)

    def _colleague_gone(self, call: LiveCall, at: datetime, status: str) -> None:
        desk = self._colleague_desk(call)
        call.colleague = NOBODY
        if desk is None or desk.record.call_id != call.record.id:
            return
        if desk.record.state is AgentState.RINGING:
            self._calls.rest_after_offer(desk, status, at)
        elif desk.record.state is AgentState.TALKING:
            desk.rest(at)

    # What happens around it.

    def lose_agent(self, call: LiveCall, at: datetime) -> bool:
        """The agent's page is gone. Whether nothing more is to be done for the call."""
        is_conference = call.record.consult is ConsultState.CONFERENCE
        if not is_conference and (call.is_in_room or call.record.consult is not None):
            self._hang_up(call.agent)
        self.move(call, ConsultMove.AGENT_LOST, at)
        call.is_in_room = is_conference
        return is_conference

    def lose_colleague(self, call: LiveCall, colleague: str) -> None:
        """The page of who is asked is gone."""
        if endpoint_of(call.colleague[0]) == colleague:
            self._hang_up(call.colleague)

    def fail(self, effect: inputs.Effect, at: datetime) -> None:
        """Asterisk refused to part agent and patient: they talk on."""
        match effect:
            case inputs.MoveChannels(to=to, channel=channel) if to == HELD and effect.other_to is not None:
                for call in self._calls:
                    if call.patient[0] == channel and call.record.consult is ConsultState.RINGING:
                        call.record = replace(call.record, consult=None, consult_with=None)
                        self._calls.say(call, CallEvent.CONSULT_ENDED, at, call.record.agent)
            case _:
                pass

    def _colleague_desk(self, call: LiveCall) -> Desk | None:
        return self._desks.get(endpoint_of(call.colleague[0]))

    def _hang_up(self, channel: tuple[str, str]) -> None:
        if channel[0]:
            self._out.append(inputs.HangUpChannel(channel=channel[0]))

    def _refuse(self, command: inputs.CommandIssued, why: str) -> None:
        self._out.append(inputs.CommandDone(id=command.id, error=why))
