"""A model of Asterisk with one queue: it tells the tracker what happens, and does what the tracker orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.agents.rules import AgentState
from app.calls.rules import CommandKind
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.channels import endpoint_of
from tests.traces.play import Play

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NUMBER = "13800138000"


@dataclass(slots=True)
class Party:
    """A call in the switch. `agents` are the agents' channels that are in it, by agent.

    `asked` is the channel of who is asked while the patient holds, and `room` who is in the room of the call.
    """

    linkedid: str
    patient: str = ""
    agents: dict[str, str] = field(default_factory=dict)
    talker: str = ""
    is_waiting: bool = False
    dialler: str = ""
    asked: str = ""
    is_asked_up: bool = False
    is_parked: bool = False
    is_internal: bool = False
    room: set[str] = field(default_factory=set)

    @property
    def is_apart(self) -> bool:
        """Nobody's end ends the others' by itself."""
        return bool(self.room) or bool(self.asked) or self.is_parked


class SwitchModel:
    """Members, channels and calls as Asterisk would have them, if it carried out each order at once."""

    def __init__(self, *agents: str) -> None:
        self.now = T0
        self.agents = agents
        self.play = Play.start(T0, agents)
        self.alive = set(agents)
        self.channels: dict[str, inputs.ChannelInfo] = {}
        self.members: dict[str, bool] = {}
        self.parties: dict[str, Party] = {}
        self.spies: dict[str, str] = {}
        """Uniqueid of a supervisor's channel, and the channel of the agent that it hears."""
        self.is_linked = True
        self.tells_twice = False
        self._made = 0
        self.reconnect()
        self.pass_time(0)

    # What people do.

    def call_in(self) -> Party:
        party = Party(self._channel("trunk", "from-trunk"))
        party.patient = party.linkedid
        self.parties[party.linkedid] = party
        self._join(party)
        return party

    def offer(self, party: Party) -> str:
        """Ring the longest-known free member, if there is one."""
        busy = {agent for other in self.parties.values() for agent in other.agents}
        busy |= {self._name(other.asked) for other in self.parties.values() if other.asked}
        busy |= {endpoint_of(self.channels[spy].channel) for spy in self.spies}
        free = [agent for agent, is_paused in self.members.items() if not is_paused and agent not in busy]
        for agent in free[:1]:
            self._ring(party, agent)
        return free[0] if free else ""

    def answer(self, party: Party) -> None:
        """The agent who is rung takes the call."""
        (agent,) = [agent for agent in party.agents if agent != party.talker]
        party.talker, party.is_waiting = agent, False
        self._up(party.agents[agent], party)
        self._dial_end(party.agents[agent], "ANSWER")

    def stop_ringing(self, party: Party, status: str) -> None:
        for agent in [agent for agent in party.agents if agent != party.talker]:
            self._drop(party, agent, status)

    def hang_up_patient(self, party: Party) -> None:
        self._tell(ami.HangupRequest(**self._of(party.patient), cause=16))
        self._leave(party, party.patient) if party.is_apart else self._end(party)

    def hang_up_agent(self, party: Party) -> None:
        self._tell(ami.HangupRequest(**self._of(party.agents[party.talker]), cause=16))
        self._leave(party, party.agents[party.talker]) if party.is_apart else self._end(party)

    def ring_asked(self, party: Party, agent: str = "outside") -> None:
        """Asterisk rings whom the agent asks, who has been found free."""
        party.asked = self._channel(agent, "agents", linkedid=party.linkedid)
        self._dial_begin(party.agents[party.talker], party.asked)

    def asked_answers(self, party: Party) -> None:
        party.is_asked_up = True
        leg = party.agents[party.talker]
        party.room = {party.asked, leg}
        for each in party.room:
            self._stand(each, "room", is_up=True)
        self._dial_end(party.asked, "ANSWER")

    def asked_refuses(self, party: Party, status: str) -> None:
        asked, party.asked = party.asked, ""
        self._dial_end(asked, status)
        self._gone(asked, 17)
        self.nobody_answers(party)

    def nobody_answers(self, party: Party) -> None:
        """The agent waits in the room for the patient."""
        leg = party.agents[party.talker]
        party.room.add(leg)
        self._stand(leg, "room")
        told = ami.Told(**self._of(leg), what="asked", question=0, given="NOANSWER")
        self._tell(told)

    def asked_hangs_up(self, party: Party) -> None:
        self._tell(ami.HangupRequest(**self._of(party.asked), cause=16))
        self._leave(party, party.asked)

    def own_phone_answers(self, party: Party) -> None:
        """The agent's phone has answered an outbound call by itself: the patient is rung."""
        own = party.agents[party.dialler]
        self._up(own, party)
        self._dial_end(own, "ANSWER")
        party.patient = self._channel("trunk", "from-trunk", linkedid=party.linkedid)
        self._dial_begin(own, party.patient)

    def patient_answers(self, party: Party) -> None:
        party.talker = party.dialler
        self._up(party.patient, party)
        self._dial_end(party.patient, "ANSWER")

    def patient_is_busy(self, party: Party) -> None:
        self._dial_end(party.patient, "BUSY")
        self._end(party, cause=17)

    def order(self, kind: CommandKind, agent: str, **args: object) -> list[inputs.Output]:
        self._made += 1
        outputs = self.play.order(self.now, kind, agent, id=f"command-{self._made}", **args)
        self.obey(outputs)
        return outputs

    def pass_time(self, seconds: float) -> None:
        """Living pages prove themselves, then the clock strikes."""
        self.now += timedelta(seconds=seconds)
        self.obey(self.play.prove(self.now, *sorted(self.alive)))
        self.obey(self.play.tick(self.now))

    def expected_state(self, agent: str) -> set[AgentState]:
        """What the tracker may say of this agent, by the channels that Asterisk has."""
        for party in self.parties.values():
            if party.asked and self._name(party.asked) == agent:
                return {AgentState.TALKING if party.is_asked_up else AgentState.RINGING}
            if agent in (party.talker, party.dialler):
                return {AgentState.TALKING}
            if agent in party.agents:
                return {AgentState.RINGING}
        if any(endpoint_of(self.channels[spy].channel) == agent for spy in self.spies):
            return {AgentState.LISTENING}
        return {AgentState.OFFLINE, AgentState.NOT_READY, AgentState.READY, AgentState.WRAP_UP}

    def wrong_agents(self) -> list[str]:
        """Agents of whom the tracker says what Asterisk does not know, or whose membership differs from their state."""
        wrong = []
        for agent in self.agents:
            state = self.play.state_of(agent)
            is_offered = state in (AgentState.READY, AgentState.RINGING)
            if state not in self.expected_state(agent) or (self.members.get(agent) is False) != is_offered:
                wrong.append(f"{agent} is {state}, paused: {self.members.get(agent)}")
        return wrong

    def unknown_calls(self) -> set[str]:
        """Calls that only one of the two has."""
        return set(self.parties) ^ {call.linkedid for call in self.play.tracker.open_calls}

    def seen_members(self) -> dict[str, dict[str, tuple[bool, int]]]:
        return {"hotline": {agent: (is_paused, 0) for agent, is_paused in self.members.items()}}

    def cut(self) -> None:
        self.is_linked = False

    def reconnect(self) -> None:
        self.is_linked = True
        self.now += timedelta(seconds=0.3)  # no link is back sooner
        contacts = {agent: frozenset({f"sip:{agent}@127.0.0.1"}) for agent in self.agents}
        waiting = {party.patient: "hotline" for party in self.parties.values() if party.is_waiting}
        snapshot = inputs.Snapshot(
            at=self.now, is_restarted=False, channels=tuple(self.channels.values()), members=self.seen_members(),
            contacts=contacts, waiting=waiting,
        )  # fmt: skip
        self.obey(self.play.tell(snapshot))

    # What the tracker orders.

    def obey(self, outputs: Sequence[inputs.Output]) -> None:
        effects = [output for output in outputs if isinstance(output, inputs.Effect)]
        # Asterisk has done all that was ordered at once before it tells what follows: a pause tells nothing.
        for effect in sorted(effects, key=lambda effect: not isinstance(effect, inputs.SetMember)):
            if self.is_linked:
                self._do(effect)
            else:
                failed = inputs.EffectFailed(at=self.now, effect=effect, reason="cut", is_certain=False)
                self.play.tell(failed)

    def _do(self, effect: inputs.Effect) -> None:
        match effect:
            case inputs.SetMember(is_present=False):
                self.members.pop(effect.agent, None)
            case inputs.SetMember():
                self.members[effect.agent] = effect.is_paused
            case inputs.HangUpChannel():
                self._hang_up_channel(effect.channel)
            case inputs.Originate():
                party = self.parties[effect.uniqueid] = Party(effect.uniqueid, dialler=effect.agent)
                party.agents[effect.agent] = self._channel(effect.agent, "agents", uniqueid=effect.uniqueid)
                self._dial_begin("", effect.uniqueid)
            case inputs.Supervise():
                spied = effect.spied
                self.spies[self._channel(effect.supervisor, "supervise", uniqueid=effect.uniqueid)] = spied
                self._dial_begin("", effect.uniqueid)
                self.channels[effect.uniqueid] = replace(self.channels[effect.uniqueid], is_up=True)
                self._dial_end(effect.uniqueid, "ANSWER")
            case inputs.ChangeSupervision() | inputs.MuteRecording():
                pass
            case inputs.SetSpied():
                (spy,) = [spy for spy in self.spies if self.channels[spy].channel == effect.channel]
                self.spies[spy] = effect.spied
            case inputs.MoveChannels():
                self._move(effect)
            case inputs.CallColleague():
                party = self.parties[effect.uniqueid] = Party(effect.uniqueid, dialler=effect.agent, is_internal=True)
                party.agents[effect.agent] = self._channel(effect.agent, "colleague", uniqueid=effect.uniqueid)
                self._dial_begin("", effect.uniqueid)
                self._up(effect.uniqueid, party)
                self._dial_end(effect.uniqueid, "ANSWER")
                party.asked = self._channel(effect.colleague, "agents", linkedid=effect.uniqueid)
                self._dial_begin(effect.uniqueid, party.asked)
            case inputs.TransferCall():
                self._transfer(effect)
            case inputs.ConfirmCaller():
                answered = inputs.CallerAnswered(at=self.now, linkedid=effect.linkedid, number=NUMBER)
                self.obey(self.play.tell(answered))
            case _:
                raise TypeError(type(effect).__name__)

    def _hang_up_channel(self, name: str) -> None:
        for uniqueid in [uniqueid for uniqueid in self.spies if self.channels[uniqueid].channel == name]:
            del self.spies[uniqueid]
            self._gone(uniqueid, 16)
        for party in list(self.parties.values()):
            for agent, uniqueid in list(party.agents.items()):
                if self.channels[uniqueid].channel != name:
                    continue
                if party.is_apart and agent in (party.talker, party.dialler):
                    self._leave(party, uniqueid)
                elif agent in (party.talker, party.dialler):
                    self._end(party)
                else:
                    self._drop(party, agent, "NOANSWER")
            if party.asked and self.channels[party.asked].channel == name:
                self._leave(party, party.asked)
            if party.patient in self.channels and self.channels[party.patient].channel == name:
                assert not (party.talker or party.is_asked_up), "a patient is cut off from who talks with them"
                self._leave(party, party.patient) if party.is_apart else self._end(party)

    def _leave(self, party: Party, uniqueid: str) -> None:
        """One channel ends, where that ends nobody else but who is being rung for it."""
        party.room.discard(uniqueid)
        if party.is_internal:
            self._end(party)
            return
        if uniqueid == party.asked:
            is_up, party.asked, party.is_asked_up = party.is_asked_up, "", False
            if not is_up:
                self._dial_end(uniqueid, "CANCEL")
            self._gone(uniqueid, 16)
            if not is_up and party.talker and party.patient in self.channels:
                self.nobody_answers(party)
        elif uniqueid == party.patient:
            party.patient, party.is_parked = "", False
            self._gone(uniqueid, 16)
        else:
            agent, party.talker, party.dialler = self._name(uniqueid), "", ""
            del party.agents[agent]
            if party.asked and not party.is_asked_up:
                asked, party.asked = party.asked, ""
                self._dial_end(asked, "CANCEL")
                self._gone(asked, 16)
            self._gone(uniqueid, 16)
            if party.asked and party.is_asked_up and self._name(party.asked) in self.agents:
                # Whoever was asked is who talks now.
                name = self._name(party.asked)
                party.talker, party.agents[name] = name, party.asked
                party.asked, party.is_asked_up = "", False
        if not party.patient and not party.agents and not party.asked:
            self.parties.pop(party.linkedid, None)

    def _move(self, effect: inputs.MoveChannels) -> None:
        moves = [(effect.channel, effect.to)]
        if effect.other_to is not None:
            moves.append((effect.other_channel, effect.other_to))
        ids = {info.channel: uniqueid for uniqueid, info in self.channels.items()}
        moved = [(ids[name], place) for name, place in moves if name in ids]
        parties = [
            party for party in self.parties.values()
            if any(uniqueid in (party.patient, party.asked, *party.agents.values()) for uniqueid, _ in moved)
        ]  # fmt: skip
        for party in parties:
            for uniqueid, place in moved:
                self._stand(uniqueid, place.context)
                party.room.discard(uniqueid)
                if place.context == "room":
                    party.room.add(uniqueid)
            self._after_move(party, moved)

    def _after_move(self, party: Party, moved: list[tuple[str, inputs.Extension]]) -> None:
        places = {uniqueid: place.context for uniqueid, place in moved}
        leg = party.agents.get(party.talker, "")
        if places.get(party.patient) == "parked":
            in_room, party.is_parked = leg in party.room, True
            if leg and not in_room:
                self._leave(party, leg)
        if places.get(leg) == "room" and party.asked and not party.is_asked_up:
            asked, party.asked = party.asked, ""
            self._dial_end(asked, "CANCEL")
            self._gone(asked, 16)
        if places.get(leg, "").startswith("consult"):
            target = next(place.exten for uniqueid, place in moved if uniqueid == leg)
            busy = {name for other in self.parties.values() for name in other.agents}
            busy |= {self._name(other.asked) for other in self.parties.values() if other.asked}
            if target in busy:
                self.nobody_answers(party)
            elif target in self.agents:
                self.ring_asked(party, target)
            else:
                self.ring_asked(party)

    def _transfer(self, effect: inputs.TransferCall) -> None:
        party = next(
            (each for each in self.parties.values()
             if each.patient in self.channels and self.channels[each.patient].channel == effect.channel),
            None,
        )  # fmt: skip
        if party is None:
            return
        was_in_room = party.talker and party.agents.get(party.talker) in party.room
        party.room.discard(party.patient)
        party.is_parked = False
        self._stand(party.patient, "transfer")
        agent, party.talker, party.dialler = party.talker, "", ""
        if effect.target == "hotline":
            self._join(party)
        if agent and not was_in_room:
            self._hang_up(party, agent)
        elif agent:
            party.talker = agent
        if effect.target in self.agents and effect.target not in party.agents:
            self._ring(party, effect.target)

    # Channels and their events.

    def _channel(self, endpoint: str, context: str, *, linkedid: str = "", uniqueid: str = "") -> str:
        self._made += 1
        uniqueid = uniqueid or f"{self._made}.0"
        info = inputs.ChannelInfo(
            channel=f"PJSIP/{endpoint}-{self._made:08x}", uniqueid=uniqueid, linkedid=linkedid or uniqueid,
            caller_number=NUMBER, exten="4000", context=context, is_up=False, bridge="", age=timedelta(),
        )  # fmt: skip
        self.channels[uniqueid] = info
        event = ami.Newchannel(**self._of(uniqueid), caller_number=NUMBER, exten=info.exten, context=context)
        self._tell(event)
        return uniqueid

    def _name(self, uniqueid: str) -> str:
        return endpoint_of(self.channels[uniqueid].channel)

    def _stand(self, uniqueid: str, context: str, **changes: Any) -> None:
        self.channels[uniqueid] = replace(self.channels[uniqueid], context=context, bridge="", **changes)

    def _join(self, party: Party) -> None:
        party.is_waiting = True
        self._stand(party.patient, "queue-call")
        self._tell(ami.QueueCallerJoin(**self._of(party.patient), queue="hotline", position=1))

    def _ring(self, party: Party, agent: str) -> None:
        leg = party.agents[agent] = self._channel(agent, "agents", linkedid=party.linkedid)
        self._dial_begin(party.patient, leg)

    def _up(self, uniqueid: str, party: Party) -> None:
        for each in (uniqueid, party.patient) if party.talker else (uniqueid,):
            self.channels[each] = replace(
                self.channels[each], is_up=True, bridge=party.linkedid if party.talker else ""
            )
        if party.talker:
            leg = party.agents[party.talker]
            self.channels[leg] = replace(self.channels[leg], bridge=party.linkedid)

    def _dial_begin(self, by: str, leg: str) -> None:
        info = self.channels[leg]
        self._tell(
            ami.DialBegin(
                at=self.now, uniqueid=by, dest_channel=info.channel, dest_uniqueid=leg, dest_linkedid=info.linkedid
            )
        )

    def _dial_end(self, leg: str, status: str) -> None:
        info = self.channels[leg]
        self._tell(
            ami.DialEnd(
                at=self.now, dest_channel=info.channel, dest_uniqueid=leg, dest_linkedid=info.linkedid,
                dial_status=status,
            )
        )  # fmt: skip

    def _drop(self, party: Party, agent: str, status: str) -> None:
        self._dial_end(party.agents[agent], status)
        self._hang_up(party, agent)
        # A colleague who does not take a transferred call sends the patient back to the queue.
        if not party.is_waiting and not party.talker and party.patient in self.channels:
            self._join(party)

    def _hang_up(self, party: Party, agent: str) -> None:
        uniqueid = party.agents.pop(agent)
        self._gone(uniqueid, 16)

    def _end(self, party: Party, *, cause: int = 16) -> None:
        self.parties.pop(party.linkedid, None)
        asked, party.asked = party.asked, ""
        if asked:
            if not party.is_asked_up:
                self._dial_end(asked, "CANCEL")
            self._gone(asked, 16)
        for agent in list(party.agents):
            if agent not in (party.talker, party.dialler):
                self._dial_end(party.agents[agent], "CANCEL")
            self._hang_up(party, agent)
        if party.patient:
            self._gone(party.patient, cause)

    def _gone(self, uniqueid: str, cause: int) -> None:
        event = ami.Hangup(**self._of(uniqueid), cause=cause)
        gone = self.channels.pop(uniqueid)
        self._tell(event)
        # Whoever heard this channel hears nothing any more, and waits.
        for spy, spied in self.spies.items():
            if spied == gone.channel:
                self.channels[spy] = replace(self.channels[spy], exten="wait")

    def _of(self, uniqueid: str) -> dict[str, Any]:
        info = self.channels[uniqueid]
        return {"at": self.now, "channel": info.channel, "uniqueid": uniqueid, "linkedid": info.linkedid}

    def _tell(self, event: ami.Event) -> None:
        self.now += timedelta(milliseconds=1)
        for _ in range(2 if self.tells_twice else 1) if self.is_linked else ():
            self.obey(self.play.tell(event))
