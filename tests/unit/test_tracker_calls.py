"""Calls: what arrives, and what comes out. The corners that recorded traces do not have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CallerConfirmed, CallEvent, CommandKind
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects, kinds
from tests.unit.switch_model import SwitchModel
from tests.unit.tracker_words import only_call, snapshot, talk, two_ready_agents


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


def test_an_answered_call_goes_through_its_states_in_order(switch: SwitchModel) -> None:
    switch.hang_up_patient(talk(switch))
    assert kinds(switch.play.outputs) == ["started", "queued", "offered", "answered", "ended"]
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("answered", "caller")


def test_a_patient_is_shown_only_when_asterisk_itself_has_the_number(switch: SwitchModel) -> None:
    event = ami.Newchannel(
        at=switch.now, channel="PJSIP/trunk-000000ff", uniqueid="7.7", linkedid="7.7",
        caller_number="13900139000", exten="4000", context="from-trunk",
    )  # fmt: skip
    (question,) = effects(switch.play.tell(event), inputs.ConfirmCaller)
    assert question.channel == "PJSIP/trunk-000000ff"
    for number in (None, "", "13800138000"):
        answer = inputs.CallerAnswered(at=switch.now, linkedid="7.7", number=number)
        assert switch.play.tell(answer) == []
    switch.play.tell(snapshot(switch))
    assert effects(switch.play.outputs, CallerConfirmed) == []
    assert only_call(switch).outcome == "abandoned"


@pytest.mark.parametrize(
    ("signalled", "number"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("<script>", ""),
        ("138\r\nEvent: x", ""),
        ("", ""),
        ("1" * 33, ""),
    ],
)
def test_a_signalled_number_is_a_number_or_nothing(switch: SwitchModel, signalled: str, number: str) -> None:
    event = ami.Newchannel(
        at=switch.now, channel="PJSIP/trunk-00000001", uniqueid="1.1", linkedid="1.1",
        caller_number=signalled, exten="4000", context="from-trunk",
    )  # fmt: skip
    switch.play.tell(event)
    assert (only_call(switch).number, only_call(switch).number_signalled) == (number, number)


def test_a_phone_that_rings_although_its_agent_talks_changes_nothing_for_the_agent(switch: SwitchModel) -> None:
    party = talk(switch)
    other = switch.call_in()
    leg = switch._channel("alice", "agents", linkedid=other.linkedid)
    switch._dial_begin(other.patient, leg)
    switch._dial_end(leg, "BUSY")
    assert switch.play.state_of("alice") is AgentState.TALKING
    assert switch.play.agents["alice"].call_id == f"call {party.linkedid}"


def test_a_transfer_to_the_queue_that_is_told_before_the_agents_hangup_lets_the_agent_wrap_up(
    switch: SwitchModel,
) -> None:
    party = talk(switch)
    switch.order(CommandKind.TRANSFER, "alice", call_id=f"call {party.linkedid}", to="hotline")
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    assert (only_call(switch).state, only_call(switch).agent) == ("ringing", None)


def test_a_transferred_call_that_rings_at_a_frozen_page_is_taken_from_it(switch: SwitchModel) -> None:
    party = talk(switch)
    switch.order(CommandKind.TRANSFER, "alice", call_id=f"call {party.linkedid}", to="bob")
    assert switch.play.state_of("bob") is AgentState.RINGING
    switch.alive.discard("bob")
    switch.pass_time(5)
    assert switch.play.agents["bob"].reason == "desk_lost"
    assert party.is_waiting


def test_a_refused_order_to_dial_ends_the_call(switch: SwitchModel) -> None:
    dialled = switch.play.order(switch.now, CommandKind.DIAL, "alice", number="+8613800138000")
    (order,) = effects(dialled, inputs.Originate)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=order, reason="no", is_certain=True))
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("failed", "system")
    assert switch.play.state_of("alice") is AgentState.WRAP_UP


def test_a_dial_without_any_channel_to_the_trunk_has_failed_and_was_not_cancelled(switch: SwitchModel) -> None:
    switch.order(CommandKind.DIAL, "alice", number="+8613800138000")
    (party,) = switch.parties.values()
    own = party.agents["alice"]
    switch._up(own, party)
    switch._dial_end(own, "ANSWER")
    switch._end(party)
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("failed", "system")


def test_a_patient_whose_agent_does_not_come_back_in_time_is_in_the_queue_and_the_desk_is_lost(
    switch: SwitchModel,
) -> None:
    party = talk(switch)
    uri = "sip:alice@127.0.0.1"
    switch.play.tell(ami.ContactStatus(at=switch.now, uri=uri, aor="alice", status="Removed"))
    lost = switch.play.tick(switch.now + timedelta(seconds=0.6))
    (order,) = effects(lost, inputs.RejoinPatient)
    assert order.channel == switch.channels[party.patient].channel
    switch._hang_up(party, "alice")
    party.talker = ""
    assert switch.play.state_of("alice") is AgentState.TALKING
    switch._join(party)
    assert switch.play.agents["alice"].reason == "desk_lost"
    assert CallEvent.QUEUED in kinds(switch.play.outputs[-3:])


def test_a_page_that_only_lost_its_phone_link_keeps_its_call(switch: SwitchModel) -> None:
    talk(switch)
    uri = "sip:alice@127.0.0.1"
    switch.play.tell(ami.ContactStatus(at=switch.now, uri=uri, aor="alice", status="Removed"))
    switch.play.prove(switch.now + timedelta(seconds=0.3), "alice", in_call=True)
    assert effects(switch.play.tick(switch.now + timedelta(seconds=1)), inputs.RejoinPatient) == []


def test_an_agent_who_hangs_up_an_offered_call_hangs_up_only_the_own_phone(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    leg = switch.channels[party.agents["alice"]].channel
    outputs = switch.order(CommandKind.HANG_UP, "alice", call_id=f"call {party.linkedid}")
    assert [order.channel for order in effects(outputs, inputs.HangUpChannel)] == [leg]
    assert party.is_waiting


def test_nobody_hangs_up_or_transfers_the_call_of_another(switch: SwitchModel) -> None:
    party = talk(switch)
    for kind in (CommandKind.HANG_UP, CommandKind.TRANSFER):
        (done,) = effects(switch.order(kind, "bob", call_id=f"call {party.linkedid}", to="hotline"), inputs.CommandDone)
        assert done.error is not None
    assert switch.play.state_of("alice") is AgentState.TALKING


@pytest.mark.parametrize("number", ["", "12a", "110\r\nAction: Originate", "<script>"])
def test_what_is_no_number_is_not_dialled(switch: SwitchModel, number: str) -> None:
    outputs = switch.order(CommandKind.DIAL, "alice", number=number)
    (done,) = effects(outputs, inputs.CommandDone)
    assert "not a number" in (done.error or "")
    assert effects(outputs, inputs.Originate) == []
