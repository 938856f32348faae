"""After a gap: bring what we believe in step with what Asterisk has, as if the events of the gap had been seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.agents.rules import AgentState
from app.calls.rules import CallerConfirmed, CallEvent, CallRecord, CallState, LegRecord, WayIn
from telephony.tracker import inputs
from telephony.tracker.channels import TRUNK, clean_number, endpoint_of, is_own_id
from telephony.tracker.consult_recovery import ConsultRecovery
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import LiveCall
from telephony.tracker.live_calls import LiveCalls, Naming

# Asterisk makes the channel of a call that we place within milliseconds of our order. A call that has none yet and is
# younger than this is still being placed.
_PLACING_SECONDS = timedelta(seconds=3)
# What was ordered while the state was being read, or a moment before, may not be in it: such a call is left to its
# events and to the next reading.
_MOVING = timedelta(seconds=0.25)


class Reconciliation:
    """Doing it twice with the same snapshot changes nothing the second time."""

    def __init__(
        self,
        desks: dict[str, Desk],
        calls: LiveCalls,
        recovery: ConsultRecovery,
        naming: Naming,
        out: list[inputs.Output],
    ) -> None:
        self._desks = desks
        self._calls = calls
        self._recovery = recovery
        self._naming = naming
        self._out = out

    def reconcile(self, snapshot: inputs.Snapshot) -> None:
        """Compare the snapshot with the live calls; end, begin and change what differs."""
        present: dict[str, list[inputs.ChannelInfo]] = {}
        for channel in snapshot.channels:
            present.setdefault(channel.linkedid, []).append(channel)
        known = {call.record.linkedid for call in self._calls}
        for call in self._calls:
            is_told = call.record.linkedid in snapshot.histories and snapshot.is_over(call.record.linkedid)
            is_recent = snapshot.at - call.record.started_at < _PLACING_SECONDS
            # A call that a process placed which was killed has no channels here either; CEL says that it is over.
            is_being_placed = not call.channels and is_recent and not is_told
            if call.record.linkedid not in present and not is_being_placed:
                self._end_in_gap(call, snapshot)
        self._stop_ringing(present, snapshot)
        for linkedid, channels in present.items():
            self._catch_up(linkedid, channels, snapshot)
        for linkedid, history in snapshot.histories.items():
            if snapshot.is_over(linkedid) and linkedid not in known:
                self._tell_history(history, snapshot)

    def _stop_ringing(self, present: dict[str, list[inputs.ChannelInfo]], snapshot: inputs.Snapshot) -> None:
        """Desks that rang before the gap and do not now: another call may ring there, whichever is looked at first."""
        for name, desk in self._desks.items():
            call = self._calls.of_agent(name) if desk.record.state is AgentState.RINGING else None
            if call is None or _is_moving(call, snapshot):
                continue
            if all(endpoint_of(channel.channel) != name for channel in present.get(call.record.linkedid, ())):
                desk.rest(snapshot.at)

    def _end_in_gap(self, call: LiveCall, snapshot: inputs.Snapshot) -> None:
        history = snapshot.histories.get(call.record.linkedid)
        if history is None:
            by = "restart" if snapshot.is_restarted else "system"
            at = (snapshot.last_seen_at if snapshot.is_restarted else None) or snapshot.at
            self._calls.end(call, max(at, call.record.started_at), self._calls.outcome(call, 0), by)
            return
        self._calls.repeat(history.told)
        self._hear(call, history)
        if history.answered_at is not None and call.record.answered_at is None:
            call.record = replace(call.record, offered_at=call.record.offered_at or history.answered_at)
            desk, leg = self._desks.get(history.agent or ""), self._leg_of(call, history)
            if desk is not None and desk.record.call_id == call.record.id:
                self._calls.answer(call, history.answered_at, history.agent, leg)
            else:
                # The agent has been through this call, and may be in another one by now.
                call.record = replace(call.record, answered_at=history.answered_at, agent=history.agent)
                self._calls.say(call, CallEvent.ANSWERED, history.answered_at, history.agent, leg)
        self._end_as_told(call, history, snapshot)

    def _tell_history(self, history: inputs.CallHistory, snapshot: inputs.Snapshot) -> None:
        """A call that began and ended while nobody listened."""
        signalled = clean_number(history.number or history.dialled)
        if history.direction == "inbound":
            signalled = clean_number(history.number)
        record = CallRecord(
            id=self._naming.call_id(history.linkedid),
            linkedid=history.linkedid,
            direction=history.direction,
            state=CallState.RINGING,
            number=self._naming.normalise(signalled) if signalled else "",
            number_signalled=signalled,
            dialled=history.dialled,
            started_at=history.started_at,
            queue=history.queue,
            queued_at=history.queued_at,
            agent=history.agent,
            offered_at=history.answered_at,
            answered_at=history.answered_at,
        )
        call = LiveCall(record)
        self._calls.say(call, CallEvent.STARTED, history.started_at)
        self._out.append(CallerConfirmed(at=history.started_at, call=record))
        self._calls.repeat(history.told)
        self._hear(call, history)
        if history.answered_at is not None:
            call.record = replace(call.record, state=CallState.ANSWERED)
            leg = self._leg_of(call, history)
            self._calls.say(call, CallEvent.ANSWERED, history.answered_at, history.agent, leg)
        self._end_as_told(call, history, snapshot)

    def _leg_of(self, call: LiveCall, history: inputs.CallHistory) -> LegRecord | None:
        """The talk of the agent as CEL tells it, which the end of the call then ends. When it rang is not told."""
        if history.agent is None or not history.agent_uniqueid or history.answered_at is None:
            return None
        known = call.legs.get(history.agent_uniqueid)
        leg = known or LegRecord(
            uniqueid=history.agent_uniqueid,
            call_id=call.record.id,
            agent=history.agent,
            started_at=history.answered_at,
        )
        leg = call.legs[leg.uniqueid] = replace(leg, answered_at=leg.answered_at or history.answered_at)
        call.agent = ("", leg.uniqueid)
        return leg

    def _hear(self, call: LiveCall, history: inputs.CallHistory) -> None:
        self._calls.hear(call, WayIn.NOTICE, history.notice_at)
        self._calls.hear(call, WayIn.CLOSED, history.closed_at)
        self._calls.hear(call, WayIn.VOICEMAIL, history.voicemail_at)
        self._calls.hear(call, WayIn.CALLBACK, history.callback_at, queue=history.queue or "")

    def _end_as_told(self, call: LiveCall, history: inputs.CallHistory, snapshot: inputs.Snapshot) -> None:
        by = history.ended_by or ("system" if history.is_complete or not snapshot.is_restarted else "restart")
        at = history.ended_at or (history.told_at if snapshot.is_over(history.linkedid) else snapshot.at)
        if by == "restart" and snapshot.last_seen_at is not None:
            # Between an answer and an end Asterisk's record has nothing to tell, however long people talk.
            at = max(at, snapshot.last_seen_at)
        self._calls.end(call, at, history.outcome or self._calls.outcome(call, 0), by)

    def _catch_up(self, linkedid: str, channels: list[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> None:
        trunk = next((channel for channel in channels if endpoint_of(channel.channel) == TRUNK), None)
        call = self._calls.of_linkedid(linkedid)
        if call is not None and _is_moving(call, snapshot):
            return
        if call is None:
            call = self._begin(linkedid, channels, snapshot)
        elif call.record.direction == "inbound" and not call.is_confirmed and trunk is not None:
            self._out.append(inputs.ConfirmCaller(channel=trunk.channel, linkedid=linkedid))
        if call is None:
            return
        call.channels = {channel.uniqueid: channel.channel for channel in channels}
        if linkedid in snapshot.histories:
            self._calls.repeat(snapshot.histories[linkedid].told)
            self._hear(call, snapshot.histories[linkedid])
        if trunk is not None:
            call.patient = (trunk.channel, trunk.uniqueid)
        if self._recovery.catch_up(call, channels, trunk, snapshot):
            return
        if trunk is not None:
            self._catch_up_queue(call, trunk, snapshot)
        for channel in channels:
            self._catch_up_leg(call, channel, trunk, snapshot)
        self._catch_up_answer(call, trunk, snapshot)
        self._let_go(call, trunk, snapshot)

    def _begin(self, linkedid: str, channels: list[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> LiveCall | None:
        first = next((channel for channel in channels if channel.uniqueid == linkedid), None)
        if first is None:
            return None
        history = snapshot.histories.get(linkedid)
        began = history.started_at if history else snapshot.at - first.age
        endpoint = endpoint_of(first.channel)
        if endpoint == TRUNK and is_own_id(linkedid):
            if history is None or not history.dialled:
                return None  # the next reading knows it
            number = self._naming.normalise(history.dialled)
            return self._calls.start_outbound(
                linkedid=linkedid, agent=None, number=number, digits=history.dialled, at=began
            )
        if endpoint == TRUNK:
            dialled = history.dialled if history else first.exten
            return self._calls.start_inbound(linkedid, first.channel, first.caller_number, dialled, began)
        if endpoint in self._desks and history is not None and history.dialled:
            number = self._naming.normalise(history.dialled)
            return self._calls.start_outbound(
                linkedid=linkedid, agent=endpoint, number=number, digits=history.dialled, at=began
            )
        return None

    def _catch_up_queue(self, call: LiveCall, trunk: inputs.ChannelInfo, snapshot: inputs.Snapshot) -> None:
        queue = snapshot.waiting.get(trunk.uniqueid)
        if queue is not None and call.record.queued_at is None:
            history = snapshot.histories.get(call.record.linkedid)
            at = history.queued_at if history and history.queued_at else snapshot.at
            call.record = replace(call.record, queue=queue, queued_at=at)
            self._calls.say(call, CallEvent.QUEUED, at)

    def _catch_up_answer(self, call: LiveCall, trunk: inputs.ChannelInfo | None, snapshot: inputs.Snapshot) -> None:
        """An agent answered in the gap, and does not talk with the patient any more."""
        history = snapshot.histories.get(call.record.linkedid)
        if history is None or history.answered_at is None or call.record.answered_at is not None:
            return
        call.record = replace(
            call.record, answered_at=history.answered_at, offered_at=call.record.offered_at or history.answered_at
        )
        self._calls.say(call, CallEvent.ANSWERED, history.answered_at, history.agent)
        if trunk is None or trunk.uniqueid not in snapshot.waiting:
            call.record = replace(call.record, state=CallState.ANSWERED, agent=history.agent)

    def _catch_up_leg(
        self,
        call: LiveCall,
        channel: inputs.ChannelInfo,
        trunk: inputs.ChannelInfo | None,
        snapshot: inputs.Snapshot,
    ) -> None:
        agent = endpoint_of(channel.channel)
        desk = self._desks.get(agent)
        if desk is None:
            return
        leg = call.legs.get(channel.uniqueid)
        if leg is None:
            leg = LegRecord(
                uniqueid=channel.uniqueid,
                call_id=call.record.id,
                agent=agent,
                started_at=snapshot.at - channel.age,
            )
            call.legs[leg.uniqueid] = leg
        if leg.ended_at is not None:
            return  # Its channel is about to go.
        is_own_phone = channel.uniqueid == call.record.linkedid
        if trunk is not None and channel.is_up and _is_talk(call, channel, trunk):
            self._catch_up_talk(call, channel, leg, snapshot)
        elif is_own_phone and channel.is_up:
            call.agent = (channel.channel, channel.uniqueid)
            call.legs[leg.uniqueid] = replace(leg, answered_at=leg.answered_at or snapshot.at)
        elif (
            not channel.is_up and not is_own_phone and desk.record.state not in (AgentState.RINGING, AgentState.TALKING)
        ):
            call.record = replace(call.record, offered_at=call.record.offered_at or snapshot.at, agent=agent)
            desk.become(AgentState.RINGING, snapshot.at, call_id=call.record.id)
            self._calls.say(call, CallEvent.OFFERED, snapshot.at, agent, leg)

    def _catch_up_talk(
        self, call: LiveCall, channel: inputs.ChannelInfo, leg: LegRecord, snapshot: inputs.Snapshot
    ) -> None:
        call.agent = (channel.channel, channel.uniqueid)
        history, at = snapshot.histories.get(call.record.linkedid), snapshot.at
        if history is not None and history.answered_at is not None and call.record.answered_at is None:
            at = history.answered_at
        leg = call.legs[leg.uniqueid] = replace(leg, answered_at=leg.answered_at or at)
        if call.record.rejoining_at is not None:
            call.record = replace(call.record, rejoining_at=None)
            self._calls.say(call, CallEvent.REJOINED, at, leg.agent, leg)
        if call.record.state is not CallState.ANSWERED or call.record.agent != leg.agent:
            self._calls.answer(call, at, leg.agent, leg)
        elif self._desks[leg.agent].record.state is not AgentState.TALKING:
            self._desks[leg.agent].become(AgentState.TALKING, at, call_id=call.record.id)

    def _let_go(self, call: LiveCall, trunk: inputs.ChannelInfo | None, snapshot: inputs.Snapshot) -> None:
        """Agents who were in this call before the gap and have no channel in it now."""
        inside = {endpoint_of(channel) for channel in call.channels.values()}
        is_waiting = trunk is not None and trunk.uniqueid in snapshot.waiting
        for name, desk in self._desks.items():
            if desk.record.call_id != call.record.id or name in inside:
                continue
            if desk.record.state is AgentState.TALKING and (is_waiting or call.record.agent != name):
                # Where neither is the case the call is about to end, the agent's channel a moment before the patient's.
                self._calls.leave(call, name, snapshot.at)


def _is_moving(call: LiveCall, snapshot: inputs.Snapshot) -> bool:
    return call.moved_at is not None and call.moved_at > snapshot.at - _MOVING


def _is_talk(call: LiveCall, channel: inputs.ChannelInfo, trunk: inputs.ChannelInfo) -> bool:
    """Whether the agent on this channel, which is up, talks with the patient."""
    if channel.bridge and trunk.bridge:
        return channel.bridge == trunk.bridge
    # Some milliseconds pass between an answer and its bridge.
    if call.record.direction == "outbound":
        return trunk.is_up
    return call.record.rejoining_at is None
