"""Supervisors in colleagues' calls: let in, heard by others, out again, and the taking over of a call.

A supervisor's channel is in no call of ours: it has the order's id, and nothing of it is told as a call. While it lives
the supervisor's desk is `listening`, so that the queue offers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.agents.rules import AgentState
from app.calls.rules import CommandKind
from app.floor.rules import SupervisionChanged, SupervisionMode, SupervisionRecord
from app.texts import N_
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import endpoint_of
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import LiveCall
from telephony.tracker.live_calls import LiveCalls

CONTEXT = "supervise"
_WAITING = "wait"  # for the agent's page: nobody is heard
# Asterisk makes the supervisor's channel within milliseconds; a taken-over call rings as soon.
_PLACING_SECONDS = timedelta(seconds=3)


@dataclass(slots=True)
class _Watch:
    """Mutable, owned by Supervisions. `channel` is empty until known; `spied` is the agent's that is heard."""

    record: SupervisionRecord
    channel: str = ""
    spied: str = ""
    is_leaving: bool = False
    taking_over: inputs.CommandIssued | None = None


class Supervisions:
    """Reads the live calls, changes the supervisors' desks, appends what follows to `out`."""

    def __init__(self, desks: dict[str, Desk], calls: LiveCalls, out: list[inputs.Output]) -> None:
        self._desks = desks
        self._calls = calls
        self._out = out
        self._watches: dict[str, _Watch] = {}

    def restore(self, records: Iterable[SupervisionRecord]) -> None:
        """Take over what had not ended when the last process did."""
        self._watches = {record.id: _Watch(record) for record in records}

    def of_supervisor(self, supervisor: str) -> SupervisionRecord | None:
        """What the supervisor is in, if anything."""
        watch = self._watch_of(supervisor)
        return watch.record if watch is not None else None

    def carry_out(self, command: inputs.CommandIssued, desk: Desk) -> None:
        """SUPERVISE, STOP_SUPERVISING or TAKE_OVER; answered as every order is."""
        match command.kind:
            case CommandKind.SUPERVISE:
                self._supervise(command, desk)
            case CommandKind.STOP_SUPERVISING:
                self._stop(command)
            case CommandKind.TAKE_OVER:
                self._take_over(command, desk)
            case _:
                raise TypeError(f"this is no supervision: {command.kind}")

    def receive(self, event: ami.Event) -> bool:
        """Whether the event was about a supervisor's channel. Then nobody else has to hear of it."""
        match event:
            case ami.DialBegin() | ami.DialEnd():
                watch = self._watches.get(event.dest_linkedid)
                if watch is not None:
                    watch.channel = event.dest_channel
                    if isinstance(event, ami.DialEnd) and event.dial_status == "ANSWER":
                        self._begin(watch, event.at)
            case ami.OriginateResponse():
                watch = self._watches.get(event.uniqueid)
                if watch is not None and not event.is_success and not watch.channel:
                    self._end(watch, event.at)
            case ami.ChannelEvent():
                watch = self._watches.get(event.linkedid)
                if watch is not None:
                    watch.channel = event.channel
                    if isinstance(event, ami.Hangup):
                        self._end(watch, event.at)
            case _:
                return False
        return watch is not None

    def drop(self, supervisor: str) -> None:
        """The supervisor's phone or page is gone: nobody hears what would still be sent there."""
        watch = self._watch_of(supervisor)
        if watch is not None:
            self._hang_up(watch)

    def fail(self, effect: inputs.Effect, at: datetime, *, is_certain: bool) -> None:
        """Asterisk refused, or nobody knows: the next reading of the state tells."""
        match effect:
            case inputs.Supervise(uniqueid=id) if is_certain and id in self._watches:
                self._end(self._watches[id], at)
            case inputs.ChangeSupervision():
                watch = self._watch_of(effect.supervisor)
                if watch is not None and is_certain:
                    self._change(watch, effect.before, at)
            case inputs.TransferCall(answers_itself=True, target=supervisor):
                self._rest(supervisor, at)
            case _:
                pass

    def judge(self, desk: Desk, at: datetime) -> None:
        """A desk that listens: to nothing any more, or without a page."""
        if desk.record.state is not AgentState.LISTENING:
            return
        watch = self._watch_of(desk.record.username)
        if watch is None and at - desk.record.since >= _PLACING_SECONDS:
            desk.rest(at)
        elif watch is not None and not desk.is_page_alive(at):
            self._hang_up(watch)

    def follow(self, at: datetime) -> None:
        """Go on with the agent after a reload of the page; leave a call that has ended or went to somebody else."""
        for watch in self._watches.values():
            if watch.record.began_at is None or watch.is_leaving:
                continue
            call = self._calls.by_id(watch.record.call_id)
            if call is None or call.record.agent != watch.record.agent:
                self._hang_up(watch)
            elif self._calls.talker(call) is not None and call.agent[0] != watch.spied:
                watch.spied = call.agent[0]
                mode = watch.record.mode
                self._out.append(inputs.SetSpied(channel=watch.channel, spied=watch.spied))
                self._out.append(
                    inputs.ChangeSupervision(
                        channel=watch.channel, supervisor=watch.record.supervisor, mode=mode, before=mode
                    )
                )

    def reconcile(self, snapshot: inputs.Snapshot) -> None:
        """Bring it in step with the channels that Asterisk has. Doing it twice changes nothing the second time."""
        present = {channel.uniqueid: channel for channel in snapshot.channels}
        for watch in list(self._watches.values()):
            channel = present.get(watch.record.id)
            if channel is not None:
                watch.channel = channel.channel
                call = self._calls.by_id(watch.record.call_id)
                if call is not None and not watch.spied and channel.exten != _WAITING:
                    watch.spied = call.agent[0]
                if channel.is_up:
                    self._begin(watch, snapshot.at)
            elif watch.channel or snapshot.at - watch.record.ordered_at >= _PLACING_SECONDS:
                # It was there and is no more; only one that nobody has seen yet may still come.
                self._end(watch, snapshot.at)
        for channel in snapshot.channels:
            is_ours = channel.context == CONTEXT and channel.uniqueid == channel.linkedid
            if is_ours and channel.uniqueid not in self._watches and endpoint_of(channel.channel) in self._desks:
                # Nobody wrote down who listens there, so nobody may.
                self._out.append(inputs.HangUpChannel(channel=channel.channel))

    def _supervise(self, command: inputs.CommandIssued, desk: Desk) -> None:
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        wished = str(command.args.get("mode", ""))
        watch = self._watch_of(command.agent)
        if wished not in set(SupervisionMode):
            self._refuse(command, N_("A supervisor listens, whispers or speaks to both."))
        elif call is None or self._calls.talker(call) is None:
            self._refuse(command, N_("This call has ended already."))
        elif call.record.agent == command.agent:
            self._refuse(command, N_("This is your own call."))
        elif watch is not None and watch.record.call_id == call.record.id and not watch.is_leaving:
            self._redirect(command, watch, SupervisionMode(wished))
        elif watch is not None or desk.record.state in (AgentState.RINGING, AgentState.TALKING):
            self._refuse(command, N_("Finish the present call first."))
        elif not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
        else:
            self._let_in(command, desk, call, SupervisionMode(wished))

    def _let_in(self, command: inputs.CommandIssued, desk: Desk, call: LiveCall, mode: SupervisionMode) -> None:
        self._occupy(desk, command.at)
        record = SupervisionRecord(
            id=command.id,
            supervisor=command.agent,
            agent=call.record.agent or "",
            call_id=call.record.id,
            mode=mode,
            ordered_at=command.at,
        )
        self._watches[command.id] = _Watch(record, spied=call.agent[0])
        self._out.append(SupervisionChanged(at=command.at, record=record))
        self._out.append(
            inputs.Supervise(
                command_id=command.id, uniqueid=command.id, supervisor=command.agent, spied=call.agent[0], mode=mode
            )
        )

    def _redirect(self, command: inputs.CommandIssued, watch: _Watch, mode: SupervisionMode) -> None:
        if watch.record.mode is mode:
            self._out.append(inputs.CommandDone(id=command.id))
        elif watch.record.began_at is None:
            self._refuse(command, N_("The call is still being set up. Try again in a moment."))
        else:
            before = watch.record.mode
            self._change(watch, mode, command.at)
            self._out.append(
                inputs.ChangeSupervision(
                    command_id=command.id, channel=watch.channel, supervisor=command.agent, mode=mode, before=before
                )
            )

    def _stop(self, command: inputs.CommandIssued) -> None:
        watch = self._watch_of(command.agent)
        if watch is not None:
            self._hang_up(watch)
        self._out.append(inputs.CommandDone(id=command.id))

    def _take_over(self, command: inputs.CommandIssued, desk: Desk) -> None:
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        watch = self._watch_of(command.agent)
        if call is None or self._calls.talker(call) is None:
            self._refuse(command, N_("This call has ended already."))
        elif call.record.agent == command.agent:
            self._refuse(command, N_("This is your own call."))
        elif call.record.consult is not None:
            self._refuse(command, N_("The agent is asking somebody. Try again when the patient is back on the line."))
        elif watch is None and desk.record.state in (AgentState.RINGING, AgentState.TALKING, AgentState.LISTENING):
            self._refuse(command, N_("Finish the present call first."))
        elif not desk.is_proved(command.at):
            self._refuse(command, desk.why_not_proved(command.at))
        elif watch is None:
            self._transfer(command, call, command.at)
        elif watch.taking_over is not None or not watch.channel:
            self._refuse(command, N_("The call is still being set up. Try again in a moment."))
        else:
            # A phone has one line: it is put down first, and rung again with the patient.
            watch.taking_over = command
            self._hang_up(watch)

    def _transfer(self, command: inputs.CommandIssued, call: LiveCall, at: datetime) -> None:
        self._occupy(self._desks[command.agent], at)
        self._out.append(
            inputs.TransferCall(
                command_id=command.id, channel=call.patient[0], target=command.agent, answers_itself=True
            )
        )
        self._calls.hand_on(call, at)

    def _occupy(self, desk: Desk, at: datetime) -> None:
        """Nothing is offered to this desk from now on."""
        if desk.record.state is AgentState.WRAP_UP:
            self._calls.finish_wrap_up(desk.record.username, at)
        # A pause that the supervisor chose goes on after it, for the same reason.
        desk.become(AgentState.LISTENING, at, reason=desk.record.reason)

    def _hang_up(self, watch: _Watch) -> None:
        if watch.channel and not watch.is_leaving:
            watch.is_leaving = True
            self._out.append(inputs.HangUpChannel(channel=watch.channel))

    def _begin(self, watch: _Watch, at: datetime) -> None:
        if watch.record.began_at is None:
            watch.record = replace(watch.record, began_at=at)
            self._out.append(SupervisionChanged(at=at, record=watch.record))
        desk = self._desks.get(watch.record.supervisor)
        if desk is not None and desk.record.state not in (AgentState.LISTENING, AgentState.TALKING, AgentState.RINGING):
            self._occupy(desk, at)

    def _change(self, watch: _Watch, mode: SupervisionMode, at: datetime) -> None:
        watch.record = replace(watch.record, mode=mode)
        self._out.append(SupervisionChanged(at=at, record=watch.record))

    def _end(self, watch: _Watch, at: datetime) -> None:
        del self._watches[watch.record.id]
        watch.record = replace(watch.record, ended_at=at)
        self._out.append(SupervisionChanged(at=at, record=watch.record))
        command = watch.taking_over
        if command is None:
            self._rest(watch.record.supervisor, at)
            return
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        if call is None or self._calls.talker(call) is None or call.record.consult is not None:
            self._refuse(command, N_("This call has ended already."))
            self._rest(watch.record.supervisor, at)
        else:
            self._transfer(command, call, at)

    def _rest(self, supervisor: str, at: datetime) -> None:
        desk = self._desks.get(supervisor)
        if desk is not None and desk.record.state is AgentState.LISTENING:
            desk.rest(at)

    def _watch_of(self, supervisor: str) -> _Watch | None:
        return next((watch for watch in self._watches.values() if watch.record.supervisor == supervisor), None)

    def _refuse(self, command: inputs.CommandIssued, why: str) -> None:
        self._out.append(inputs.CommandDone(id=command.id, error=why))
