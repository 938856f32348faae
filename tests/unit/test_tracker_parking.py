"""Parked patients, pauses of the recording, and calls among colleagues."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CallEvent, CommandKind
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects, kinds
from tests.unit.switch_model import Party, SwitchModel
from tests.unit.tracker_words import only_call, talk, two_ready_agents


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


@pytest.fixture
def party(switch: SwitchModel) -> Party:
    """A patient who talks with alice; bob is a colleague."""
    return talk(switch)


def order(switch: SwitchModel, kind: CommandKind, party: Party, by: str = "alice", **args: str) -> list[inputs.Output]:
    return switch.order(kind, by, call_id=f"call {party.linkedid}", **args)


def errors(outputs: list[inputs.Output]) -> list[str | None]:
    return [done.error for done in effects(outputs, inputs.CommandDone)]


def states(switch: SwitchModel) -> tuple[str, str]:
    return switch.play.state_of("alice").value, switch.play.state_of("bob").value


def test_a_parked_patient_leaves_the_agent_free_and_is_picked_up_by_anybody(switch: SwitchModel, party: Party) -> None:
    parked = order(switch, CommandKind.PARK, party)
    assert [each.to for each in effects(parked, inputs.MoveChannels)] == [
        inputs.Extension(context="parked", exten="hotline")
    ]
    assert states(switch) == ("ready", "ready")
    call = only_call(switch)
    assert (call.agent, call.parked_by, call.state) == (None, "alice", "answered")
    order(switch, CommandKind.PICK_UP, party, by="bob")
    assert states(switch) == ("ready", "ringing")
    switch.answer(party)
    assert states(switch) == ("ready", "talking")
    assert (only_call(switch).agent, only_call(switch).parked_at) == ("bob", None)
    switch.hang_up_patient(party)
    assert (only_call(switch).ended_by, only_call(switch).agent) == ("caller", "bob")


def test_of_two_who_pick_up_one_gets_the_patient(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    order(switch, CommandKind.PICK_UP, party, by="bob")
    assert errors(order(switch, CommandKind.PICK_UP, party)) == ["Somebody else has this patient already."]


def test_who_talks_picks_nobody_up(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    other = switch.call_in()
    assert switch.offer(other) == "alice"
    switch.answer(other)
    assert errors(order(switch, CommandKind.PICK_UP, party)) == ["Finish the present call first."]


def test_a_patient_who_is_parked_for_too_long_is_first_in_the_queue(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    switch.pass_time(299)
    assert not party.is_waiting
    switch.pass_time(2)
    assert party.is_waiting
    call = only_call(switch)
    assert (call.state, call.parked_at, call.queue) == ("ringing", None, "hotline")


def test_the_bound_of_parking_is_what_the_hospital_has_set(switch: SwitchModel, party: Party) -> None:
    plan = inputs.QueuesPlanned(
        at=switch.now, wrap_ups={"hotline": None}, members={}, longest_parking=timedelta(seconds=30)
    )
    switch.obey(switch.play.tell(plan))
    order(switch, CommandKind.PARK, party)
    switch.pass_time(31)
    assert party.is_waiting


def test_a_parked_patient_who_rings_off_is_nobodys_missed_caller(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    switch.hang_up_patient(party)
    call = only_call(switch)
    assert (call.outcome, call.ended_by, call.agent, call.parked_at) == ("answered", "caller", "alice", None)
    assert states(switch) == ("ready", "ready")


def test_a_new_process_knows_who_is_parked_and_for_how_long(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    before = only_call(switch)
    switch.pass_time(200)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert only_call(switch) == before
    switch.pass_time(101)
    assert party.is_waiting


def test_asterisk_s_own_bound_ends_a_parking_too(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PARK, party)
    switch._join(party)
    assert (only_call(switch).parked_at, only_call(switch).state) == (None, "ringing")
    assert switch.offer(party) == "alice"


def test_a_paused_recording_goes_on_when_that_is_ordered(switch: SwitchModel, party: Party) -> None:
    paused = order(switch, CommandKind.PAUSE_RECORDING, party)
    patient = switch.channels[party.patient].channel
    assert [(each.channel, each.is_muted) for each in effects(paused, inputs.MuteRecording)] == [(patient, True)]
    assert only_call(switch).recording_paused_at is not None
    assert effects(order(switch, CommandKind.PAUSE_RECORDING, party), inputs.MuteRecording) == []
    resumed = order(switch, CommandKind.RESUME_RECORDING, party)
    assert [each.is_muted for each in effects(resumed, inputs.MuteRecording)] == [False]
    assert kinds(resumed) == [CallEvent.RECORDING_RESUMED]
    assert only_call(switch).recording_paused_at is None


def test_a_forgotten_pause_ends_by_itself(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PAUSE_RECORDING, party)
    for _ in range(29):
        switch.pass_time(4)
    assert only_call(switch).recording_paused_at is not None
    before = len(switch.play.outputs)
    switch.pass_time(5)
    assert [each.is_muted for each in effects(switch.play.outputs[before:], inputs.MuteRecording)] == [False]
    assert only_call(switch).recording_paused_at is None


@pytest.mark.parametrize("kind", [CommandKind.TRANSFER, CommandKind.CONSULT, CommandKind.PARK])
def test_the_recording_goes_on_wherever_the_patient_is_led(
    switch: SwitchModel, party: Party, kind: CommandKind
) -> None:
    order(switch, CommandKind.PAUSE_RECORDING, party)
    assert CallEvent.RECORDING_RESUMED in kinds(order(switch, kind, party, to="bob"))
    assert only_call(switch).recording_paused_at is None


def test_a_pause_ends_with_the_call(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.PAUSE_RECORDING, party)
    before = len(switch.play.outputs)
    switch.hang_up_patient(party)
    told = kinds(switch.play.outputs[before:])
    assert told.index(CallEvent.RECORDING_RESUMED) < told.index(CallEvent.ENDED)


def test_a_refused_pause_is_not_said_to_be_one(switch: SwitchModel, party: Party) -> None:
    (effect,) = effects(order(switch, CommandKind.PAUSE_RECORDING, party), inputs.MuteRecording)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=effect, reason="no", is_certain=True))
    assert only_call(switch).recording_paused_at is None


def call_colleague(switch: SwitchModel) -> Party:
    switch.order(CommandKind.CALL_COLLEAGUE, "alice", to="bob")
    return next(each for each in switch.parties.values() if each.is_internal)


def answer(switch: SwitchModel, party: Party) -> None:
    party.is_asked_up = True
    switch._stand(party.asked, "agents", is_up=True)
    switch._dial_end(party.asked, "ANSWER")


def test_a_colleague_is_called_without_a_patient_a_queue_or_a_wrap_up(switch: SwitchModel) -> None:
    party = call_colleague(switch)
    assert states(switch) == ("talking", "ringing")
    answer(switch, party)
    assert states(switch) == ("talking", "talking")
    call = only_call(switch)
    assert (call.direction, call.number, call.dialled, call.queue) == ("internal", "", "bob", None)
    switch._end(party)
    assert states(switch) == ("ready", "ready")
    assert (only_call(switch).outcome, only_call(switch).ended_at is None) == ("answered", False)
    assert switch.play.legs == {}


def test_a_colleague_who_does_not_answer_stays_ready(switch: SwitchModel) -> None:
    party = call_colleague(switch)
    switch._dial_end(party.asked, "NOANSWER")
    switch._end(party)
    assert states(switch) == ("ready", "ready")
    assert only_call(switch).outcome == "no_answer"


def test_either_of_two_colleagues_may_hang_up(switch: SwitchModel) -> None:
    for agent in ("alice", "bob"):
        party = call_colleague(switch)
        answer(switch, party)
        call_id = switch.play.agents[agent].call_id or ""
        switch.order(CommandKind.HANG_UP, agent, call_id=call_id)
        assert states(switch) == ("ready", "ready")


def test_only_a_ready_colleague_is_called_and_only_by_who_is_free(switch: SwitchModel) -> None:
    assert errors(switch.order(CommandKind.CALL_COLLEAGUE, "alice", to="alice")) == ["Choose a colleague."]
    switch.order(CommandKind.SET_NOT_READY, "bob")
    assert "not ready" in str(errors(switch.order(CommandKind.CALL_COLLEAGUE, "alice", to="bob")))
    talk(switch)
    switch.order(CommandKind.SET_READY, "bob")
    assert errors(switch.order(CommandKind.CALL_COLLEAGUE, "alice", to="bob")) == ["Finish the present call first."]


def test_nobody_supervises_a_call_among_colleagues(switch: SwitchModel) -> None:
    party = call_colleague(switch)
    answer(switch, party)
    assert errors(switch.order(CommandKind.SUPERVISE, "bob", call_id=only_call(switch).id, mode="listen")) != [None]


def test_a_new_process_knows_the_calls_among_colleagues(switch: SwitchModel) -> None:
    party = call_colleague(switch)
    answer(switch, party)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert states(switch) == ("talking", "talking")
    switch.cut()
    switch._end(party)
    switch.pass_time(4)
    switch.reconnect()
    assert states(switch) == ("ready", "ready")
    assert only_call(switch).ended_at is not None


def test_a_page_that_goes_ends_a_call_among_colleagues(switch: SwitchModel) -> None:
    party = call_colleague(switch)
    answer(switch, party)
    gone = ami.ContactStatus(at=switch.now, uri="sip:alice@127.0.0.1", aor="alice", status="Removed")
    (effect,) = effects(switch.play.tell(gone), inputs.HangUpChannel)
    assert "alice" in effect.channel
    switch.obey([effect])
    assert switch.play.state_of("bob") is AgentState.READY
