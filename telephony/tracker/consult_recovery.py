"""After a gap: who asks whom, who is in a call's room and who is parked, read from where the channels stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.agents.rules import AgentState
from app.calls.rules import CallEvent, CallState, ConsultMove, ConsultState, LegRecord
from telephony.tracker import inputs
from telephony.tracker.channels import OUTSIDE, endpoint_of
from telephony.tracker.consultations import HELD, ROOM, Consultations
from telephony.tracker.desks import Desk
from telephony.tracker.live_call import NOBODY, LiveCall
from telephony.tracker.live_calls import LiveCalls

_PARKED = "parked"
_ASKING = ("consult", "consult-outside")
_WITHOUT_QUEUE = frozenset({HELD.context, ROOM.context, _PARKED})


class ConsultRecovery:
    """Doing it twice with the same snapshot changes nothing the second time, but repeats an order not yet done."""

    def __init__(
        self, desks: dict[str, Desk], calls: LiveCalls, consultations: Consultations, out: list[inputs.Output]
    ) -> None:
        self._desks = desks
        self._calls = calls
        self._consultations = consultations
        self._out = out

    def catch_up(
        self,
        call: LiveCall,
        channels: Sequence[inputs.ChannelInfo],
        trunk: inputs.ChannelInfo | None,
        snapshot: inputs.Snapshot,
    ) -> bool:
        """Whether the channels of this call were understood here; nothing else is to be read from them then."""
        self._know(call, channels, snapshot)
        if trunk is None:
            return self._without_patient(call, channels, snapshot)
        if trunk.context not in _WITHOUT_QUEUE:
            if call.record.consult is not None:
                # The patient is somewhere else already: in the queue, or waiting for a page.
                move = ConsultMove.PATIENT_TIRED if trunk.uniqueid in snapshot.waiting else ConsultMove.AGENT_LOST
                self._consultations.move(call, move, snapshot.at)
            self._answered_outside(call, trunk, snapshot)
            return False
        if trunk.context == _PARKED:
            self._parked(call, snapshot)
        elif trunk.context == HELD.context:
            self._held(call, channels, snapshot)
        else:
            self._in_room(call, channels, snapshot)
        self._let_go(call, channels, snapshot)
        return True

    def _know(self, call: LiveCall, channels: Sequence[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> None:
        """Which channel is the agent's and which is that of who is asked."""
        for channel in channels:
            endpoint, known = endpoint_of(channel.channel), (channel.channel, channel.uniqueid)
            is_asked = call.record.consult is not None or endpoint == OUTSIDE
            if endpoint == call.record.agent and (call.record.consult is not None or channel.context == ROOM.context):
                call.agent = known
                leg = LegRecord(
                    uniqueid=channel.uniqueid,
                    call_id=call.record.id,
                    agent=endpoint,
                    started_at=snapshot.at - channel.age,
                    answered_at=call.record.answered_at,
                )
                call.legs.setdefault(leg.uniqueid, leg)
            elif is_asked and (endpoint == OUTSIDE or (endpoint in self._desks and endpoint != call.record.agent)):
                call.colleague = known

    def _without_patient(
        self, call: LiveCall, channels: Sequence[inputs.ChannelInfo], snapshot: inputs.Snapshot
    ) -> bool:
        is_ours = any(channel.context in (*_ASKING, ROOM.context) for channel in channels)
        if not is_ours or call.record.answered_at is None:
            return False
        call.is_in_room = True
        self._consultations.release(call, snapshot.at)
        self._calls.end(call, snapshot.at, self._calls.outcome(call, 0), call.hung_up_by or "caller")
        return True

    def _parked(self, call: LiveCall, snapshot: inputs.Snapshot) -> None:
        if call.record.parked_at is None:
            agent = call.record.agent
            leg = self._calls.close_talking_leg(call, snapshot.at, "parked")
            call.record = replace(
                call.record, state=CallState.ANSWERED, agent=None, held_at=None, parked_at=snapshot.at, parked_by=agent
            )
            self._calls.say(call, CallEvent.PARKED, snapshot.at, agent, leg)
        call.is_transferring, call.is_in_room = False, False

    def _held(self, call: LiveCall, channels: Sequence[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> None:
        agent = _of(channels, call.agent)
        asked = _of(channels, call.colleague)
        if agent is None and (asked is None or not asked.is_up):
            self._to_queue(call, snapshot)
        elif agent is None:
            self._be(call, ConsultState.TALKING, snapshot)
            self._consultations.move(call, ConsultMove.AGENT_LEFT, snapshot.at)
        elif agent.context in _ASKING or (asked is not None and asked.is_up):
            is_up = asked is not None and asked.is_up
            self._be(call, ConsultState.TALKING if is_up else ConsultState.RINGING, snapshot)
            call.is_in_room = agent.context == ROOM.context
        elif call.record.held_at is not None and call.record.consult is None:
            call.is_in_room = True  # held by the agent's own key
        else:
            # It ended while nobody listened: the agent waits in the room.
            self._be(call, ConsultState.RINGING, snapshot)
            call.is_in_room = True
            self._consultations.move(call, ConsultMove.UNANSWERED, snapshot.at)

    def _in_room(self, call: LiveCall, channels: Sequence[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> None:
        agent, asked = _of(channels, call.agent), _of(channels, call.colleague)
        call.is_in_room = True
        if agent is not None and asked is not None and asked.is_up:
            if call.record.consult is not ConsultState.CONFERENCE:
                self._be(call, ConsultState.TALKING, snapshot)
                self._consultations.move(call, ConsultMove.JOIN, snapshot.at)
        elif agent is not None:
            if call.record.consult is not None:
                call.record = replace(call.record, consult=ConsultState.CONFERENCE)
                self._consultations.move(call, ConsultMove.COLLEAGUE_LEFT, snapshot.at)
            if agent.context != ROOM.context:
                self._out.append(inputs.MoveChannels(channel=agent.channel, to=ROOM))
        elif asked is not None and asked.is_up:
            if call.record.consult is not None:
                call.record = replace(call.record, consult=ConsultState.CONFERENCE)
                self._consultations.move(call, ConsultMove.AGENT_LEFT, snapshot.at)
        else:
            self._to_queue(call, snapshot)

    def _be(self, call: LiveCall, state: ConsultState, snapshot: inputs.Snapshot) -> None:
        """The call is asking somebody, as Asterisk has it, whatever was last told."""
        asked = endpoint_of(call.colleague[0])
        if call.record.consult is state:
            return
        name = call.record.consult_with or (asked if asked in self._desks else None)
        is_answered = state is ConsultState.TALKING and call.record.consult is ConsultState.RINGING
        call.record = replace(call.record, consult=state, consult_with=name)
        event = CallEvent.CONSULT_ANSWERED if is_answered else CallEvent.CONSULTING
        self._calls.say(call, event, snapshot.at, call.record.agent)
        desk = self._desks.get(asked)
        if desk is not None and desk.record.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            becomes = AgentState.TALKING if state is ConsultState.TALKING else AgentState.RINGING
            desk.become(becomes, snapshot.at, call_id=call.record.id)

    def _to_queue(self, call: LiveCall, snapshot: inputs.Snapshot) -> None:
        if call.record.consult is None:
            call.record = replace(call.record, consult=ConsultState.RINGING)
        self._consultations.move(call, ConsultMove.AGENT_LEFT, snapshot.at)

    def _answered_outside(self, call: LiveCall, trunk: inputs.ChannelInfo, snapshot: inputs.Snapshot) -> None:
        is_bridged = trunk.context == "transfer-outside" and bool(trunk.bridge)
        if is_bridged and call.record.transferred_to is None and endpoint_of(call.colleague[0]) == OUTSIDE:
            self._calls.now_outside(call, call.led_to, snapshot.at)

    def _let_go(self, call: LiveCall, channels: Sequence[inputs.ChannelInfo], snapshot: inputs.Snapshot) -> None:
        """Desks that were in this call before the gap and have no channel in it now."""
        inside = {endpoint_of(channel.channel) for channel in channels}
        for name, desk in self._desks.items():
            if desk.record.call_id != call.record.id or name in inside:
                continue
            if desk.record.state is AgentState.TALKING and call.record.agent == name:
                self._calls.wrap_up(call.record, name, snapshot.at)
            elif desk.record.state in (AgentState.RINGING, AgentState.TALKING):
                desk.rest(snapshot.at)


def _of(channels: Sequence[inputs.ChannelInfo], known: tuple[str, str]) -> inputs.ChannelInfo | None:
    return next((channel for channel in channels if channel.uniqueid == known[1]), None) if known != NOBODY else None
