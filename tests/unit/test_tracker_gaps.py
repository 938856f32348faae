"""After a gap: a snapshot and what CEL tells bring the tracker in step again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CallerConfirmed, CallOutcome, CommandKind
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects
from tests.unit.switch_model import NUMBER, SwitchModel
from tests.unit.tracker_words import history, only_call, snapshot, talk, two_ready_agents


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


def test_a_caller_who_could_not_be_confirmed_is_asked_for_again_after_the_gap(switch: SwitchModel) -> None:
    event = ami.Newchannel(
        at=switch.now, channel="PJSIP/trunk-00000001", uniqueid="1.1", linkedid="1.1",
        caller_number=NUMBER, exten="4000", context="from-trunk",
    )  # fmt: skip
    switch.play.tell(event)
    channel = inputs.ChannelInfo(
        channel="PJSIP/trunk-00000001", uniqueid="1.1", linkedid="1.1", caller_number=NUMBER, exten="4000",
        context="from-trunk", is_up=True, bridge="", age=timedelta(),
    )  # fmt: skip
    given = snapshot(switch, channels=(channel,))
    assert len(effects(switch.play.tell(given), inputs.ConfirmCaller)) == 1
    switch.play.tell(inputs.CallerAnswered(at=switch.now, linkedid="1.1", number=NUMBER))
    assert effects(switch.play.tell(given), inputs.ConfirmCaller) == []
    assert len(effects(switch.play.outputs, CallerConfirmed)) == 1


def test_an_order_to_dial_of_which_nobody_knows_is_settled_by_the_next_snapshot(switch: SwitchModel) -> None:
    dialled = switch.play.order(switch.now, CommandKind.DIAL, "alice", id="d1", number="+8613800138000")
    (order,) = effects(dialled, inputs.Originate)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=order, reason="the link broke", is_certain=False))
    assert only_call(switch).ended_at is None
    switch.now += timedelta(seconds=5)
    switch._do(order)
    switch.play.tell(snapshot(switch))
    assert only_call(switch).ended_at is None
    switch.own_phone_answers(switch.parties["d1"])
    switch.patient_answers(switch.parties["d1"])
    assert only_call(switch).state == "answered"


def test_an_order_to_dial_that_never_arrived_is_a_failed_call_after_the_next_snapshot(switch: SwitchModel) -> None:
    switch.play.order(switch.now, CommandKind.DIAL, "alice", number="+8613800138000")
    switch.now += timedelta(seconds=5)
    switch.play.tell(snapshot(switch))
    assert only_call(switch).outcome == "failed"
    assert effects(switch.play.outputs, inputs.Originate)[1:] == []


def test_a_call_that_is_just_being_placed_survives_a_reading_that_began_before_it(switch: SwitchModel) -> None:
    given = snapshot(switch)
    switch.play.order(switch.now, CommandKind.DIAL, "alice", number="+8613800138000")
    switch.play.tell(given)
    assert only_call(switch).ended_at is None
    assert switch.play.state_of("alice") is AgentState.TALKING


def test_a_call_that_was_placed_a_moment_ago_and_is_over_by_its_history_ends_at_once(switch: SwitchModel) -> None:
    switch.play.order(switch.now, CommandKind.DIAL, "alice", id="d1", number="+8613800138000")
    switch.now += timedelta(seconds=1)
    told = history(
        switch, "d1", direction="outbound", number="", dialled="13800138000", ended_at=switch.now, is_complete=True,
        ended_by="caller", outcome=CallOutcome.BUSY,
    )  # fmt: skip
    switch.play.tell(snapshot(switch, histories={"d1": told}))
    assert (only_call(switch).outcome, only_call(switch).ended_at) == ("busy", switch.now)


def test_an_agent_whose_offer_ended_in_the_gap_is_free_again(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    switch.cut()
    switch.stop_ringing(party, "NOANSWER")
    switch.offer(party)
    switch.reconnect()
    assert switch.wrong_agents() == []


def test_an_agent_who_transferred_in_the_gap_wraps_up(switch: SwitchModel) -> None:
    party = talk(switch)
    patient = switch.channels[party.patient].channel
    switch.cut()
    switch._transfer(inputs.TransferCall(channel=patient, target="hotline"))
    switch.reconnect()
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    assert (only_call(switch).state, only_call(switch).agent) == ("ringing", None)


def test_an_agent_who_answered_and_finished_in_the_gap_wraps_up(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    answered_at = switch.now + timedelta(seconds=1)
    switch.cut()
    switch.hang_up_patient(party)
    told = history(
        switch, party.linkedid, agent="alice", answered_at=answered_at, ended_at=switch.now, is_complete=True,
        ended_by="caller", outcome=CallOutcome.ANSWERED,
    )  # fmt: skip
    switch.play.tell(snapshot(switch, histories={party.linkedid: told}))
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    assert (only_call(switch).outcome, only_call(switch).answered_at) == ("answered", answered_at)


def test_the_agents_part_in_a_call_that_nobody_heard_of_is_on_record_too(switch: SwitchModel) -> None:
    answered_at, ended_at = switch.now + timedelta(seconds=1), switch.now + timedelta(seconds=5)
    switch.now += timedelta(seconds=9)
    told = history(
        switch, "9.9", agent="alice", agent_uniqueid="9.10", answered_at=answered_at, ended_at=ended_at,
        is_complete=True, ended_by="caller", outcome=CallOutcome.ANSWERED,
    )  # fmt: skip
    for _ in range(2):
        switch.play.tell(snapshot(switch, histories={"9.9": told}))
    (leg,) = switch.play.legs.values()
    assert (leg.agent, leg.uniqueid, leg.answered_at, leg.ended_at) == ("alice", "9.10", answered_at, ended_at)
    assert (leg.call_id, leg.cause) == (only_call(switch).id, "caller")


def test_an_agent_who_answered_in_the_gap_is_on_a_call_that_waits_again(switch: SwitchModel) -> None:
    party = switch.call_in()
    told = history(switch, party.linkedid, agent="alice", answered_at=switch.now, outcome=None)
    waiting = {party.patient: "hotline"}
    switch.play.tell(snapshot(switch, waiting=waiting, histories={party.linkedid: told}))
    assert (only_call(switch).answered_at, only_call(switch).agent, only_call(switch).state) == (
        switch.now, None, "ringing",
    )  # fmt: skip


def test_calls_that_died_with_asterisk_end_by_restart(switch: SwitchModel) -> None:
    talk(switch)
    switch.play.tell(snapshot(switch, is_restarted=True, channels=()))
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("answered", "restart")
    assert switch.play.state_of("alice") is AgentState.WRAP_UP


def test_a_call_that_died_with_asterisk_lasted_until_asterisk_was_last_seen(switch: SwitchModel) -> None:
    party = talk(switch)
    answered_at, seen_at = switch.now, switch.now + timedelta(seconds=70)
    switch.now += timedelta(seconds=72)
    told = history(switch, party.linkedid, agent="alice", told_at=answered_at, answered_at=answered_at, outcome=None)
    histories = {party.linkedid: told}
    given = snapshot(switch, is_restarted=True, last_seen_at=seen_at, channels=(), histories=histories)
    switch.play.tell(given)
    assert (only_call(switch).ended_by, only_call(switch).ended_at) == ("restart", seen_at)
    assert [leg.ended_at for leg in switch.play.legs.values()] == [seen_at]


def test_a_new_process_knows_since_when_an_agent_talks_and_that_the_talk_has_ended(switch: SwitchModel) -> None:
    party = talk(switch)
    answered_at = only_call(switch).answered_at
    switch.now += timedelta(seconds=40)
    switch.play = switch.play.restart(switch.now)
    switch.play.tell(snapshot(switch))
    assert [leg.answered_at for leg in switch.play.legs.values()] == [answered_at]
    switch.play = switch.play.restart(switch.now)
    told = history(
        switch, party.linkedid, agent="alice", answered_at=answered_at, ended_at=switch.now, is_complete=True,
        ended_by="caller", outcome=CallOutcome.ANSWERED,
    )  # fmt: skip
    switch.play.tell(snapshot(switch, channels=(), histories={party.linkedid: told}))
    assert [(leg.ended_at, leg.cause) for leg in switch.play.legs.values()] == [(switch.now, "caller")]


@pytest.mark.parametrize(
    ("silent_seconds", "is_restarted", "told"),
    [(1, False, []), (61, False, ["system"]), (1, True, ["restart"])],
)
def test_a_history_without_an_end_is_told_when_its_asterisk_cannot_go_on_with_it(
    switch: SwitchModel, silent_seconds: int, is_restarted: bool, told: list[str]
) -> None:
    silent_since = switch.now - timedelta(seconds=silent_seconds)
    unfinished = history(switch, "9.9", told_at=silent_since)
    switch.play.tell(snapshot(switch, is_restarted=is_restarted, histories={"9.9": unfinished}))
    assert [(call.ended_by) for call in switch.play.calls.values()] == told
    assert {call.ended_at for call in switch.play.calls.values()} <= {silent_since}


def test_an_outbound_call_of_which_nothing_was_written_is_taken_over(switch: SwitchModel) -> None:
    switch.play.order(switch.now, CommandKind.DIAL, "alice", id="d1", number="+8613800138000")
    (order,) = effects(switch.play.outputs, inputs.Originate)
    other = SwitchModel("alice", "bob")
    other._do(order)
    other.play = other.play.restart(other.now)
    told = history(other, "d1", direction="outbound", number="", dialled=NUMBER, agent="alice", outcome=None)
    other.play.calls.clear()
    other.play.tell(snapshot(other, histories={"d1": told}))
    assert (only_call(other).direction, only_call(other).number, only_call(other).agent) == (
        "outbound",
        NUMBER,
        "alice",
    )
    assert other.play.state_of("alice") is AgentState.TALKING
