"""Whatever agents, patients, pages and the link do: the laws that hold at every moment."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.agents.rules import OCCUPIED, AgentState
from app.calls.rules import CommandKind
from app.floor.rules import SupervisionMode
from telephony.tracker import inputs
from tests.unit.switch_model import Party, SwitchModel

AGENTS = ("alice", "bob", "carol")
agents = st.sampled_from(AGENTS)


class Floor(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.switch = SwitchModel(*AGENTS)
        self.proved_at = dict.fromkeys(AGENTS, self.switch.now)
        self.answers: list[int] = []

    def parties(self, *, talking: bool = False, ringing: bool = False, waiting: bool = False) -> list[Party]:
        return [
            party
            for party in self.switch.parties.values()
            if (talking and party.talker)
            or (ringing and not party.talker and party.agents and not party.dialler)
            or (waiting and party.is_waiting and not party.agents)
        ]

    def asking(self, *, is_up: bool | None = None) -> list[Party]:
        """Calls, with a patient or not, in which somebody is asked."""
        return [
            party
            for party in self.switch.parties.values()
            if party.asked and not party.is_internal and (is_up is None or party.is_asked_up is is_up)
        ]

    def internal(self, *, is_up: bool) -> list[Party]:
        return [party for party in self.switch.parties.values() if party.is_internal and party.is_asked_up is is_up]

    def dialling(self, *, is_patient_rung: bool) -> list[Party]:
        return [
            party
            for party in self.switch.parties.values()
            if party.dialler and not party.talker and not party.is_internal and bool(party.patient) is is_patient_rung
        ]

    def order(self, kind: CommandKind, agent: str, **args: object) -> None:
        before = len(self.switch.play.outputs)
        self.switch.order(kind, agent, **args)
        # A take-over is answered by what the end of the listening leads to.
        outputs = self.switch.play.outputs[before:]
        done = [output for output in outputs if isinstance(output, inputs.CommandDone)]
        begun = [output for output in outputs if isinstance(output, inputs.Effect) and output.command_id is not None]
        self.answers.append(len(done) + len(begun))

    @initialize(twice=st.booleans())
    def everybody_is_ready(self, twice: bool) -> None:
        self.switch.tells_twice = twice
        for agent in AGENTS:
            self.order(CommandKind.SET_READY, agent)

    @rule()
    @precondition(lambda self: len(self.switch.parties) < 5)
    def a_patient_calls(self) -> None:
        self.switch.offer(self.switch.call_in())

    @rule()
    @precondition(lambda self: len(self.switch.parties) < 5)
    def a_patient_is_served(self) -> None:
        party = self.switch.call_in()
        served = [party] if self.switch.offer(party) else []
        for each in served:
            self.switch.answer(each)

    @rule(data=st.data())
    @precondition(lambda self: self.parties(waiting=True))
    def the_queue_offers_a_caller(self, data: st.DataObject) -> None:
        self.switch.offer(data.draw(st.sampled_from(self.parties(waiting=True))))

    @rule(data=st.data())
    @precondition(lambda self: self.parties(ringing=True))
    def an_agent_answers(self, data: st.DataObject) -> None:
        self.switch.answer(data.draw(st.sampled_from(self.parties(ringing=True))))

    @rule(data=st.data(), status=st.sampled_from(["NOANSWER", "BUSY", "CHANUNAVAIL"]))
    @precondition(lambda self: self.parties(ringing=True))
    def an_agent_does_not_answer(self, data: st.DataObject, status: str) -> None:
        self.switch.stop_ringing(data.draw(st.sampled_from(self.parties(ringing=True))), status)

    @rule(data=st.data())
    @precondition(lambda self: self.parties(waiting=True, ringing=True, talking=True))
    def a_patient_hangs_up(self, data: st.DataObject) -> None:
        party = data.draw(st.sampled_from(self.parties(waiting=True, ringing=True, talking=True)))
        if party.patient:
            self.switch.hang_up_patient(party)

    @rule(data=st.data())
    @precondition(lambda self: self.parties(talking=True))
    def an_agent_hangs_up(self, data: st.DataObject) -> None:
        self.switch.hang_up_agent(data.draw(st.sampled_from(self.parties(talking=True))))

    @rule(agent=agents)
    @precondition(lambda self: self.switch.is_linked)
    def an_agent_dials(self, agent: str) -> None:
        self.order(CommandKind.DIAL, agent, number="+8613800138000")

    @rule(data=st.data())
    @precondition(lambda self: self.dialling(is_patient_rung=False))
    def the_agents_own_phone_answers(self, data: st.DataObject) -> None:
        self.switch.own_phone_answers(data.draw(st.sampled_from(self.dialling(is_patient_rung=False))))

    @rule(data=st.data(), is_busy=st.booleans())
    @precondition(lambda self: self.dialling(is_patient_rung=True))
    def the_dialled_patient_answers_or_is_busy(self, data: st.DataObject, is_busy: bool) -> None:
        party = data.draw(st.sampled_from(self.dialling(is_patient_rung=True)))
        react = self.switch.patient_is_busy if is_busy else self.switch.patient_answers
        react(party)

    @rule(
        agent=agents, kind=st.sampled_from([CommandKind.SET_READY, CommandKind.SET_NOT_READY, CommandKind.CANCEL_NEXT])
    )
    def an_agent_presses_a_status(self, agent: str, kind: CommandKind) -> None:
        self.order(kind, agent)

    @rule(agent=agents, to=st.sampled_from([*AGENTS, "hotline"]))
    @precondition(lambda self: self.switch.is_linked)
    def an_agent_transfers(self, agent: str, to: str) -> None:
        self.order(CommandKind.TRANSFER, agent, call_id=self.switch.play.agents[agent].call_id or "", to=to)

    @rule(agent=agents)
    @precondition(lambda self: self.switch.is_linked)
    def an_agent_presses_hang_up(self, agent: str) -> None:
        self.order(CommandKind.HANG_UP, agent, call_id=self.switch.play.agents[agent].call_id or "")

    @rule(data=st.data(), to=st.sampled_from([*AGENTS, "hotline", "+8613900139000"]))
    @precondition(lambda self: self.switch.is_linked and self.parties(talking=True))
    def an_agent_asks_somebody(self, data: st.DataObject, to: str) -> None:
        party = data.draw(st.sampled_from(self.parties(talking=True)))
        wish = {"number": to} if to.startswith("+") else {"to": to}
        self.order(CommandKind.CONSULT, party.talker, call_id=f"call {party.linkedid}", **wish)

    @rule(data=st.data(), to=st.sampled_from(["hotline", "+8613900139000"]))
    @precondition(lambda self: self.switch.is_linked and self.parties(talking=True))
    def an_agent_asks_and_is_answered(self, data: st.DataObject, to: str) -> None:
        self.an_agent_asks_somebody(data, to)
        for party in self.asking(is_up=False):
            self.switch.asked_answers(party)

    @rule(data=st.data(), answers=st.booleans())
    @precondition(lambda self: self.asking(is_up=False))
    def who_is_asked_answers_or_not(self, data: st.DataObject, answers: bool) -> None:
        party = data.draw(st.sampled_from(self.asking(is_up=False)))
        if answers:
            self.switch.asked_answers(party)
        else:
            self.switch.asked_refuses(party, "NOANSWER")

    @rule(data=st.data())
    @precondition(lambda self: self.asking(is_up=True))
    def who_was_asked_hangs_up(self, data: st.DataObject) -> None:
        self.switch.asked_hangs_up(data.draw(st.sampled_from(self.asking(is_up=True))))

    @rule(data=st.data(), kind=st.sampled_from([CommandKind.COMPLETE, CommandKind.JOIN_ALL, CommandKind.BACK]))
    @precondition(lambda self: self.switch.is_linked and self.asking())
    def an_agent_goes_on_from_asking(self, data: st.DataObject, kind: CommandKind) -> None:
        party = data.draw(st.sampled_from(self.asking()))
        self.order(kind, party.talker or "alice", call_id=f"call {party.linkedid}")

    @rule(data=st.data())
    @precondition(lambda self: self.switch.is_linked and self.parties(talking=True))
    def an_agent_parks(self, data: st.DataObject) -> None:
        party = data.draw(st.sampled_from(self.parties(talking=True)))
        self.order(CommandKind.PARK, party.talker, call_id=f"call {party.linkedid}")

    @rule(agent=agents, data=st.data())
    @precondition(lambda self: self.switch.is_linked and any(each.is_parked for each in self.switch.parties.values()))
    def an_agent_picks_up(self, agent: str, data: st.DataObject) -> None:
        parked = [each for each in self.switch.parties.values() if each.is_parked]
        self.order(CommandKind.PICK_UP, agent, call_id=f"call {data.draw(st.sampled_from(parked)).linkedid}")

    @rule(agent=agents, kind=st.sampled_from([CommandKind.PAUSE_RECORDING, CommandKind.RESUME_RECORDING]))
    @precondition(lambda self: self.switch.is_linked)
    def an_agent_pauses_the_recording(self, agent: str, kind: CommandKind) -> None:
        self.order(kind, agent, call_id=self.switch.play.agents[agent].call_id or "")

    @rule(agent=agents, to=agents)
    @precondition(lambda self: self.switch.is_linked)
    def an_agent_calls_a_colleague(self, agent: str, to: str) -> None:
        self.order(CommandKind.CALL_COLLEAGUE, agent, to=to)

    @rule(data=st.data())
    @precondition(lambda self: self.internal(is_up=False))
    def a_colleague_answers(self, data: st.DataObject) -> None:
        party = data.draw(st.sampled_from(self.internal(is_up=False)))
        party.is_asked_up = True
        self.switch._stand(party.asked, "agents", is_up=True)
        self.switch._dial_end(party.asked, "ANSWER")

    @rule(data=st.data())
    @precondition(lambda self: self.internal(is_up=True))
    def an_internal_call_ends(self, data: st.DataObject) -> None:
        self.switch._end(data.draw(st.sampled_from(self.internal(is_up=True))))

    @rule(agent=agents, data=st.data(), mode=st.sampled_from(SupervisionMode))
    @precondition(lambda self: self.switch.is_linked and self.parties(talking=True))
    def a_supervisor_joins_a_call(self, agent: str, data: st.DataObject, mode: SupervisionMode) -> None:
        linkedid = data.draw(st.sampled_from(self.parties(talking=True))).linkedid
        self.order(CommandKind.SUPERVISE, agent, call_id=f"call {linkedid}", mode=mode.value)

    @rule(agent=agents, data=st.data())
    @precondition(lambda self: self.switch.is_linked and self.parties(talking=True))
    def a_supervisor_takes_a_call_over(self, agent: str, data: st.DataObject) -> None:
        linkedid = data.draw(st.sampled_from(self.parties(talking=True))).linkedid
        self.order(CommandKind.TAKE_OVER, agent, call_id=f"call {linkedid}")

    @rule(agent=agents)
    @precondition(lambda self: self.switch.is_linked)
    def a_supervisor_leaves_a_call(self, agent: str) -> None:
        self.order(CommandKind.STOP_SUPERVISING, agent)

    @rule(agent=agents)
    def an_agent_ends_wrap_up(self, agent: str) -> None:
        self.order(CommandKind.FINISH_WRAP_UP, agent, call_id=self.switch.play.agents[agent].call_id or "")

    @rule(agent=agents)
    @precondition(lambda self: len(self.switch.alive) == len(AGENTS))
    def a_page_freezes(self, agent: str) -> None:
        self.switch.alive.discard(agent)

    @rule(agent=agents)
    def a_page_comes_back(self, agent: str) -> None:
        self.switch.alive.add(agent)
        self.time_passes(0)

    @rule(seconds=st.sampled_from([0.5, 1, 3, 5, 60]))
    def time_passes(self, seconds: float) -> None:
        self.switch.pass_time(seconds)
        self.proved_at |= dict.fromkeys(self.switch.alive, self.switch.now)

    @rule()
    @precondition(lambda self: self.switch.is_linked)
    def the_link_breaks(self) -> None:
        self.switch.cut()

    @rule()
    @precondition(lambda self: not self.switch.is_linked)
    def the_link_is_back(self) -> None:
        self.switch.reconnect()

    @invariant()
    def every_command_has_had_exactly_one_answer(self) -> None:
        assert self.answers == [1] * len(self.answers)

    @invariant()
    def an_ended_call_has_an_outcome_and_a_living_one_has_none(self) -> None:
        for call in self.switch.play.calls.values():
            assert (call.ended_at is None) == (call.outcome is None) == (call.ended_by is None)

    @invariant()
    def nobody_is_ready_who_has_not_proved_it_for_five_seconds(self) -> None:
        for agent in AGENTS:
            is_silent = self.switch.now - self.proved_at[agent] > timedelta(seconds=5.5)
            assert not (is_silent and self.switch.play.state_of(agent) is AgentState.READY)

    @invariant()
    def an_agent_has_a_call_exactly_while_ringing_talking_or_wrapping_up(self) -> None:
        in_call = {AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP}
        for record in self.switch.play.agents.values():
            assert (record.call_id is not None) == (record.state in in_call)
            assert (record.wrap_up_until is not None) == (record.state is AgentState.WRAP_UP)

    @invariant()
    def only_who_is_occupied_has_chosen_what_comes_next(self) -> None:
        for record in self.switch.play.agents.values():
            assert record.next_status is None or record.state in OCCUPIED
            assert record.wants_ready or record.state is not AgentState.READY
            assert record.rest_reason == record.reason or record.state in OCCUPIED

    @invariant()
    def two_agents_are_in_one_call_only_while_one_asks_the_other(self) -> None:
        talking = [record.call_id for record in self.switch.play.agents.values() if record.state is AgentState.TALKING]
        for call in self.switch.play.calls.values():
            most = 2 if call.direction == "internal" or call.consult in ("talking", "conference") else 1
            assert talking.count(call.id) <= most

    @invariant()
    def a_patient_is_parked_or_with_somebody_or_waits(self) -> None:
        for call in self.switch.play.calls.values():
            is_with_nobody = call.parked_at is not None
            assert not (is_with_nobody and (call.agent is not None or call.consult is not None))
            assert not (call.ended_at and (call.consult or call.parked_at or call.recording_paused_at))

    @invariant()
    def in_step_with_asterisk_everybody_is_where_asterisk_has_them(self) -> None:
        assert not self.switch.is_linked or self.switch.wrong_agents() == []

    @invariant()
    def in_step_with_asterisk_the_calls_are_the_same(self) -> None:
        assert not self.switch.is_linked or self.switch.unknown_calls() == set()


FloorTest = Floor.TestCase
FloorTest.settings = settings(
    max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
