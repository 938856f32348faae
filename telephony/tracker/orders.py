"""What agents and supervisors order: may it be done now, and by which orders to Asterisk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from app.agents.rules import OCCUPIED, AgentState, NotReadyReason
from app.calls.rules import CallState, CommandKind
from app.texts import N_
from telephony.tracker import inputs
from telephony.tracker.channels import clean_number, digits_to_dial, endpoint_of
from telephony.tracker.consultations import Consultations
from telephony.tracker.desks import Desk
from telephony.tracker.internal_calls import InternalCalls
from telephony.tracker.live_calls import LiveCalls
from telephony.tracker.parking import Parking
from telephony.tracker.recording_pauses import RecordingPauses
from telephony.tracker.supervisions import Supervisions
from telephony.tracker.targets import Targets

# What an order may tell the dialplan: where its sounds are, the keys of each question, whether to leave a machine.
_VARIABLES = {
    "prompts": ("WARDLINE_PROMPTS", re.compile(r"[0-9a-f]{8,64}")),
    "keys": ("WARDLINE_KEYS", re.compile(r"[0-9#!:]{0,400}")),
    "leaves_machines": ("WARDLINE_LEAVE", re.compile(r"[01]")),
    "caller": ("", re.compile(r"[0-9]{1,15}")),
}


class Orders:
    """One method per kind of command. Each gets exactly one answer: CommandDone, or an effect with its id."""

    def __init__(
        self,
        desks: dict[str, Desk],
        calls: LiveCalls,
        supervisions: Supervisions,
        consultations: Consultations,
        parking: Parking,
        pauses: RecordingPauses,
        internal: InternalCalls,
        targets: Targets,
        out: list[inputs.Output],
        may_dial: Callable[[str], bool],
    ) -> None:
        self._desks = desks
        self._calls = calls
        self._supervisions = supervisions
        self._consultations = consultations
        self._parking = parking
        self._pauses = pauses
        self._internal = internal
        self._targets = targets
        self._out = out
        self._may_dial = may_dial

    def carry_out(self, command: inputs.CommandIssued) -> None:
        if command.kind is CommandKind.CALL_PATIENT:
            self._call_patient(command)
            return
        desk = self._desks.get(command.agent)
        if desk is None:
            self._refuse(command, "This account has no phone.")
            return
        match command.kind:
            case CommandKind.SET_READY:
                self._set_ready(command, desk)
            case CommandKind.SET_NOT_READY:
                self._set_not_ready(command, desk)
            case CommandKind.CANCEL_NEXT:
                desk.plan(None)
                self._done(command)
            case CommandKind.DIAL:
                self._dial(command, desk)
            case CommandKind.HANG_UP:
                self._hang_up(command)
            case CommandKind.TRANSFER:
                self._transfer(command)
            case CommandKind.FINISH_WRAP_UP:
                self._finish_wrap_up(command, desk)
            case CommandKind.SUPERVISE | CommandKind.STOP_SUPERVISING | CommandKind.TAKE_OVER:
                self._supervisions.carry_out(command, desk)
            case CommandKind.CONSULT | CommandKind.COMPLETE | CommandKind.JOIN_ALL | CommandKind.BACK:
                self._consultations.carry_out(command)
            case CommandKind.PARK | CommandKind.PICK_UP:
                self._parking.carry_out(command, desk)
            case CommandKind.PAUSE_RECORDING | CommandKind.RESUME_RECORDING:
                self._pauses.carry_out(command)
            case CommandKind.CALL_COLLEAGUE:
                self._internal.carry_out(command, desk)
            case CommandKind.CALL_PATIENT:
                raise TypeError("no agent has a part in it")

    def _set_ready(self, command: inputs.CommandIssued, desk: Desk) -> None:
        if not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
            return
        if desk.record.state in OCCUPIED:
            desk.plan(AgentState.READY)
        else:
            desk.record = replace(desk.record, wants_ready=True)
            if desk.record.state is not AgentState.READY:
                desk.become(AgentState.READY, command.at)
        self._done(command)

    def _set_not_ready(self, command: inputs.CommandIssued, desk: Desk) -> None:
        chosen = str(command.args.get("reason") or NotReadyReason.OTHER)
        reason = NotReadyReason.BY_SUPERVISOR if command.issued_by != command.agent else chosen
        state = desk.record.state
        if state is AgentState.RINGING:
            # At once, and not after the call: the caller goes on to a colleague.
            desk.record = replace(desk.record, wants_ready=False, rest_reason=reason, next_status=None)
            call = self._calls.of_agent(command.agent)
            if call is not None:
                self._calls.drop_offer(call, command.agent)
        elif state in OCCUPIED:
            desk.plan(reason)
        else:
            desk.record = replace(desk.record, wants_ready=False)
            if state is not AgentState.OFFLINE:
                desk.become(AgentState.NOT_READY, command.at, reason=reason)
        self._done(command)

    def _dial(self, command: inputs.CommandIssued, desk: Desk) -> None:
        number = clean_number(str(command.args.get("number", "")))
        if not number:
            self._refuse(command, "This is not a number that can be dialled.")
        elif not self._may_dial(number):
            # The last gate: an order is a row, and a row may come from anywhere.
            self._refuse(command, "Numbers that begin like this one are not dialled from here.")
        elif desk.record.state in (AgentState.RINGING, AgentState.TALKING, AgentState.LISTENING):
            self._refuse(command, "Finish the present call first.")
        elif not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
        else:
            if desk.record.state is AgentState.WRAP_UP:
                self._calls.finish_wrap_up(command.agent, command.at)
            digits = digits_to_dial(number)
            self._calls.start_outbound(
                linkedid=command.id, agent=command.agent, number=number, digits=digits, at=command.at
            )
            self._out.append(
                inputs.Originate(command_id=command.id, uniqueid=command.id, agent=command.agent, digits=digits)
            )

    def _call_patient(self, command: inputs.CommandIssued) -> None:
        number = clean_number(str(command.args.get("number", "")))
        given = {name: str(command.args.get(name, "")) for name in _VARIABLES}
        if not number or not self._may_dial(number):
            self._refuse(command, "Numbers that begin like this one are not dialled from here.")
        elif any(not form.fullmatch(given[name]) for name, (_, form) in _VARIABLES.items()):
            self._refuse(command, "This order does not say what the call is to ask.")
        else:
            digits = digits_to_dial(number)
            self._calls.start_outbound(linkedid=command.id, agent=None, number=number, digits=digits, at=command.at)
            variables = {variable: given[name] for name, (variable, _) in _VARIABLES.items() if variable}
            self._out.append(
                inputs.CallPatient(
                    command_id=command.id,
                    uniqueid=command.id,
                    digits=digits,
                    caller=given["caller"],
                    variables=variables,
                )
            )

    def _hang_up(self, command: inputs.CommandIssued) -> None:
        if self._internal.hang_up(command):
            return
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        is_theirs = call is not None and self._desks[command.agent].record.call_id == call.record.id
        if call is None or not is_theirs or self._desks[command.agent].record.state is AgentState.WRAP_UP:
            self._refuse(command, "This call has ended already.")
            return
        if endpoint_of(call.colleague[0]) == command.agent:
            # Who is asked leaves; what becomes of the patient is not theirs to say.
            self._out.append(inputs.HangUpChannel(command_id=command.id, channel=call.colleague[0]))
            return
        is_offered = call.record.direction == "inbound" or call.record.queue is not None
        if is_offered and call.record.state is CallState.RINGING:
            # The patient is no agent's to hang up: who waits in a queue goes on to the next one.
            channel = self._calls.ringing_channel(call, command.agent)
        else:
            channel = call.agent[0] if call.agent[1] in call.channels else call.patient[0]
        if not channel:
            self._refuse(command, "The call is still being set up. Try again in a moment.")
            return
        call.hung_up_by = "agent" if call.record.consult is None else None
        self._out.append(inputs.HangUpChannel(command_id=command.id, channel=channel))

    def _transfer(self, command: inputs.CommandIssued) -> None:
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        if call is None or call.record.agent != command.agent or call.agent[1] not in call.channels:
            self._refuse(command, "This call has ended already.")
            return
        target = self._targets.of(command)
        if call.record.answered_at is None:
            self._refuse(command, "A call can be transferred once it is answered.")
        elif call.record.consult is not None:
            self._refuse(command, N_("Somebody is being asked already."))
        elif isinstance(target, str):
            self._refuse(command, target)
        else:
            self._out.append(
                inputs.TransferCall(
                    command_id=command.id,
                    channel=call.patient[0],
                    target=target.exten,
                    is_outside=target.is_outside,
                )
            )
            self._calls.hand_on(call, command.at, to=target.name if target.is_outside else "")

    def _finish_wrap_up(self, command: inputs.CommandIssued, desk: Desk) -> None:
        if desk.record.state is AgentState.WRAP_UP and desk.record.call_id == command.args.get("call_id"):
            self._calls.finish_wrap_up(command.agent, command.at)
        self._done(command)

    def _done(self, command: inputs.CommandIssued) -> None:
        self._out.append(inputs.CommandDone(id=command.id))

    def _refuse(self, command: inputs.CommandIssued, why: str) -> None:
        self._out.append(inputs.CommandDone(id=command.id, error=why))
