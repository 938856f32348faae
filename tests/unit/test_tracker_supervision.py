"""Supervisors in colleagues' calls: who may be let in, what ends it, and what the desk is meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CommandKind
from app.floor.rules import SupervisionMode, SupervisionRecord
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects
from tests.unit.switch_model import Party, SwitchModel
from tests.unit.tracker_words import only_call, talk, two_ready_agents


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


@pytest.fixture
def party(switch: SwitchModel) -> Party:
    """A patient who talks with alice; bob supervises."""
    return talk(switch)


def supervise(switch: SwitchModel, party: Party, mode: str = "listen", by: str = "bob") -> list[inputs.Output]:
    return switch.order(CommandKind.SUPERVISE, by, call_id=f"call {party.linkedid}", mode=mode)


def error_of(outputs: list[inputs.Output]) -> str:
    (done,) = effects(outputs, inputs.CommandDone)
    return done.error or ""


def record_of(switch: SwitchModel) -> SupervisionRecord:
    (record,) = switch.play.supervisions.values()
    return record


def test_who_listens_is_offered_no_call(switch: SwitchModel, party: Party) -> None:
    (effect,) = effects(supervise(switch, party), inputs.Supervise)
    assert effect.spied == switch.channels[party.agents["alice"]].channel
    assert switch.play.state_of("bob") is AgentState.LISTENING
    assert switch.members["bob"] is True
    assert switch.offer(switch.call_in()) == ""


def test_a_ready_supervisor_is_ready_again_when_the_call_ends(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.hang_up_patient(party)
    assert switch.play.state_of("bob") is AgentState.READY
    assert record_of(switch).ended_at is not None


def test_a_supervisor_who_had_a_break_has_it_again(switch: SwitchModel, party: Party) -> None:
    switch.order(CommandKind.SET_NOT_READY, "bob", reason="break")
    supervise(switch, party)
    switch.order(CommandKind.STOP_SUPERVISING, "bob")
    assert (switch.play.state_of("bob"), switch.play.agents["bob"].reason) == (AgentState.NOT_READY, "break")


def test_another_mode_keeps_the_channel(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    changed = supervise(switch, party, "whisper")
    assert effects(changed, inputs.Supervise) == []
    assert [effect.mode for effect in effects(changed, inputs.ChangeSupervision)] == [SupervisionMode.WHISPER]
    assert record_of(switch).mode is SupervisionMode.WHISPER


def test_a_mode_that_asterisk_refuses_is_not_told(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    (effect,) = effects(supervise(switch, party, "barge"), inputs.ChangeSupervision)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=effect, reason="no", is_certain=True))
    assert record_of(switch).mode is SupervisionMode.LISTEN


def test_who_talks_or_asks_for_nonsense_or_for_the_own_call_is_refused(switch: SwitchModel, party: Party) -> None:
    assert "your own" in error_of(supervise(switch, party, by="alice"))
    assert "whispers" in error_of(supervise(switch, party, "shout"))
    assert "ended" in error_of(switch.order(CommandKind.SUPERVISE, "bob", call_id="none", mode="listen"))
    waiting = switch.call_in()
    assert "ended" in error_of(supervise(switch, waiting))
    assert switch.offer(waiting) == "bob"
    switch.answer(waiting)
    assert "present call" in error_of(supervise(switch, party))


def test_a_call_that_is_taken_over_goes_on_with_the_supervisor(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.order(CommandKind.TAKE_OVER, "bob", call_id=f"call {party.linkedid}")
    assert switch.spies == {}
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    switch.answer(party)
    assert switch.play.state_of("bob") is AgentState.TALKING
    assert only_call(switch).agent == "bob"


def test_a_call_can_be_taken_over_by_who_does_not_listen(switch: SwitchModel, party: Party) -> None:
    outputs = switch.order(CommandKind.TAKE_OVER, "bob", call_id=f"call {party.linkedid}")
    assert [effect.answers_itself for effect in effects(outputs, inputs.TransferCall)] == [True]
    switch.answer(party)
    assert switch.play.state_of("bob") is AgentState.TALKING


def test_a_take_over_of_a_call_that_ends_meanwhile_is_refused(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    order = inputs.CommandIssued(
        at=switch.now, id="late", kind=CommandKind.TAKE_OVER, agent="bob", issued_by="bob",
        args={"call_id": f"call {party.linkedid}"},
    )  # fmt: skip
    late = switch.play.tell(order)
    switch.hang_up_patient(party)
    switch.obey(late)
    done = [each for each in switch.play.outputs if isinstance(each, inputs.CommandDone) and each.id == "late"]
    assert [each.error for each in done] == ["This call has ended already."]
    assert switch.play.state_of("bob") is AgentState.READY


def test_a_supervisor_whose_phone_or_page_is_gone_is_out(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.alive.discard("bob")
    switch.pass_time(6)
    assert switch.spies == {}
    switch.alive.add("bob")
    switch.pass_time(0)
    supervise(switch, party)
    lost = ami.ContactStatus(at=switch.now, uri="sip:bob@127.0.0.1", aor="bob", status="Removed")
    (order,) = effects(switch.play.tell(lost), inputs.HangUpChannel)
    assert "bob" in order.channel


def test_a_new_process_takes_over_who_listens(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert switch.play.state_of("bob") is AgentState.LISTENING
    switch.order(CommandKind.STOP_SUPERVISING, "bob")
    assert switch.spies == {}
    assert record_of(switch).ended_at is not None


def test_an_end_that_nobody_heard_is_found_by_the_next_reading(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.cut()
    switch.hang_up_patient(party)
    switch.pass_time(4)
    switch.reconnect()
    assert record_of(switch).ended_at is not None
    assert switch.play.state_of("bob") is not AgentState.LISTENING


def test_an_end_within_the_first_seconds_that_nobody_heard_is_found_as_well(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.cut()
    switch.hang_up_patient(party)
    switch.reconnect()
    assert record_of(switch).ended_at is not None
    assert switch.play.state_of("bob") is not AgentState.LISTENING


def test_who_listens_without_a_record_is_put_out(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.play.supervisions.clear()
    switch.play.agents["bob"] = replace(switch.play.agents["bob"], state=AgentState.NOT_READY)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert switch.spies == {}


def test_a_supervisor_goes_on_with_the_agent_whose_page_was_reloaded(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party, "whisper")
    at, old = switch.now, party.agents["alice"]
    switch.play.tell(inputs.DeskGone(at=at, agent="alice", page="page"))
    gone = ami.ContactStatus(at=at, uri="sip:alice@127.0.0.1", aor="alice", status="Removed")
    assert effects(switch.play.tell(gone), inputs.RejoinPatient) != []
    del party.agents["alice"]
    switch._gone(old, 16)
    assert switch.play.state_of("bob") is AgentState.LISTENING
    new = party.agents["alice"] = switch._channel("alice", "agents", linkedid=party.linkedid)
    switch._dial_begin(party.patient, new)
    before = len(switch.play.outputs)
    switch._dial_end(new, "ANSWER")
    outputs = switch.play.outputs[before:]
    assert [each.spied for each in effects(outputs, inputs.SetSpied)] == [switch.channels[new].channel]
    assert [each.mode for each in effects(outputs, inputs.ChangeSupervision)] == [SupervisionMode.WHISPER]
    assert record_of(switch).ended_at is None
    switch.hang_up_patient(party)
    assert switch.spies == {}


def test_a_supervisor_does_not_follow_a_call_to_somebody_else(switch: SwitchModel, party: Party) -> None:
    supervise(switch, party)
    switch.order(CommandKind.TRANSFER, "alice", call_id=f"call {party.linkedid}", to="hotline")
    assert switch.spies == {}
    assert record_of(switch).ended_at is not None
