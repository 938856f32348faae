"""Desks: what must be proved, what is lost without proof, and what Asterisk's queue is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.agents.rules import AgentState, NotReadyReason
from app.calls.rules import CommandKind
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects
from tests.unit.switch_model import T0, Party, SwitchModel


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def switch() -> SwitchModel:
    model = SwitchModel("alice", "bob")
    model.order(CommandKind.SET_READY, "alice")
    return model


def error_of(outputs: list[inputs.Output]) -> str:
    (done,) = effects(outputs, inputs.CommandDone)
    return done.error or ""


def test_a_desk_that_proves_itself_may_be_ready_and_is_a_member_that_rings(switch: SwitchModel) -> None:
    assert switch.play.state_of("alice") is AgentState.READY
    assert switch.members == {"alice": False, "bob": True}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"has_microphone": False}, "microphone"),
        ({"is_registered": False}, "not registered"),
    ],
)
def test_a_desk_that_lacks_something_is_told_what(switch: SwitchModel, changes: dict[str, Any], why: str) -> None:
    switch.play.prove(switch.now, "bob", **changes)
    assert why in error_of(switch.order(CommandKind.SET_READY, "bob"))
    assert switch.play.state_of("bob") is AgentState.NOT_READY


def test_a_desk_whose_phone_asterisk_does_not_know_is_refused(switch: SwitchModel) -> None:
    switch.play.tell(ami.ContactStatus(at=switch.now, uri="sip:bob@127.0.0.1", aor="bob", status="Removed"))
    assert "not registered" in error_of(switch.order(CommandKind.SET_READY, "bob"))


def test_a_page_that_freezes_is_lost_when_five_seconds_are_over(switch: SwitchModel) -> None:
    frozen_at = switch.now
    switch.alive.discard("alice")
    switch.pass_time(4.9)
    assert switch.play.state_of("alice") is AgentState.READY
    assert switch.play.tracker.next_wake(switch.now) == frozen_at + seconds(5)
    switch.pass_time(0.1)
    assert (switch.play.state_of("alice"), switch.play.agents["alice"].reason) == ("not_ready", "desk_lost")
    assert switch.members["alice"] is True


def test_reading_the_state_again_gives_a_frozen_page_no_more_time(switch: SwitchModel) -> None:
    switch.alive.discard("alice")
    switch.pass_time(4.9)
    switch.reconnect()
    switch.pass_time(0.1)
    assert switch.play.state_of("alice") is AgentState.NOT_READY


def test_a_ready_desk_whose_phone_is_gone_is_lost_within_five_seconds(switch: SwitchModel) -> None:
    switch.play.tell(ami.ContactStatus(at=switch.now, uri="sip:alice@127.0.0.1", aor="alice", status="Unreachable"))
    for _ in range(9):
        switch.pass_time(0.5)
    assert switch.play.agents["alice"].reason == "desk_lost"


def test_a_ready_desk_that_is_reloaded_quickly_stays_ready(switch: SwitchModel) -> None:
    uri = "sip:alice@127.0.0.1"
    switch.play.tell(ami.ContactStatus(at=switch.now, uri=uri, aor="alice", status="Removed"))
    switch.pass_time(1)
    switch.play.tell(ami.ContactStatus(at=switch.now, uri=f"{uri}:2", aor="alice", status="Created"))
    for _ in range(10):
        switch.pass_time(1)
    assert switch.play.state_of("alice") is AgentState.READY


def test_an_agent_who_is_not_ready_and_whose_page_is_gone_is_offline_and_no_member(switch: SwitchModel) -> None:
    switch.alive.discard("bob")
    switch.pass_time(6)
    assert switch.play.state_of("bob") is AgentState.OFFLINE
    assert "bob" not in switch.members


def test_nobody_is_judged_while_the_bus_is_down_or_just_back(switch: SwitchModel) -> None:
    switch.alive.clear()
    switch.play.tell(inputs.ProofsSuspended(at=switch.now, is_suspended=True))
    switch.pass_time(60)
    assert switch.play.state_of("alice") is AgentState.READY
    switch.play.tell(inputs.ProofsSuspended(at=switch.now, is_suspended=False))
    switch.pass_time(4.9)
    assert switch.play.state_of("alice") is AgentState.READY
    switch.pass_time(0.2)
    assert switch.play.state_of("alice") is AgentState.NOT_READY


def test_after_a_restart_of_ours_the_pages_have_ten_seconds_to_find_us(switch: SwitchModel) -> None:
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    switch.alive.clear()
    switch.pass_time(9.6)
    assert switch.play.state_of("alice") is AgentState.READY
    switch.pass_time(0.5)
    assert switch.play.state_of("alice") is AgentState.NOT_READY


def test_a_page_that_found_us_after_a_restart_is_judged_at_once(switch: SwitchModel) -> None:
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    switch.pass_time(0.5)
    switch.alive.clear()
    switch.pass_time(5)
    assert switch.play.state_of("alice") is AgentState.NOT_READY


def test_an_older_page_that_closes_says_nothing_of_the_newer_one(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    switch.answer(party)
    switch.play.prove(switch.now, "alice", page="newer", in_call=True)
    switch.play.tell(inputs.DeskGone(at=switch.now, agent="alice", page="page"))
    uri = "sip:alice@127.0.0.1"
    lost = switch.play.tell(ami.ContactStatus(at=switch.now, uri=uri, aor="alice", status="Removed"))
    assert effects(lost, inputs.RejoinPatient) == []


def test_an_order_to_the_queue_that_failed_is_not_given_again_at_once(switch: SwitchModel) -> None:
    order = inputs.SetMember(agent="alice", is_new=False, is_present=True, is_paused=False)
    failed = inputs.EffectFailed(at=switch.now, effect=order, reason="the link is down", is_certain=False)
    assert switch.play.tell(failed) == []
    (again,) = effects(switch.play.tick(switch.now + seconds(0.5)), inputs.SetMember)
    assert (again.agent, again.is_present, again.is_paused) == ("alice", True, False)


def test_a_pause_that_asterisk_made_by_itself_is_taken_back(switch: SwitchModel) -> None:
    event = ami.QueueMemberPause(at=switch.now, queue="hotline", interface="PJSIP/alice", is_paused=True)
    (order,) = effects(switch.play.tell(event), inputs.SetMember)
    assert (order.agent, order.is_paused) == ("alice", False)


def test_an_agent_of_two_queues_is_a_member_of_both_and_is_paused_in_both_and_leaves_the_one_that_is_not_theirs(
    switch: SwitchModel,
) -> None:
    plan = inputs.QueuesPlanned(
        at=switch.now,
        wrap_ups={"hotline": None, "ward": seconds(5), "vip": None},
        members={"alice": {"ward": 1, "vip": 0}},
    )
    told = {(order.queue, order.is_new, order.is_present, order.is_paused, order.penalty)
            for order in effects(switch.play.tell(plan), inputs.SetMember)}  # fmt: skip
    assert told == {("hotline", False, False, False, 0), ("ward", True, True, False, 1), ("vip", True, True, False, 0)}
    off = switch.order(CommandKind.SET_NOT_READY, "alice")
    assert {(order.queue, order.is_new, order.is_paused) for order in effects(off, inputs.SetMember)} == {
        ("ward", False, True), ("vip", False, True)
    }  # fmt: skip
    assert effects(switch.play.tell(plan), inputs.Effect) == []
    later = inputs.QueuesPlanned(at=switch.now, wrap_ups=plan.wrap_ups, members={"alice": {"ward": 0, "vip": 0}})
    assert effects(switch.play.tell(later), inputs.Effect) == [
        inputs.SetPenalty(agent="alice", queue="ward", penalty=0)
    ]
    again = inputs.QueuesPlanned(at=switch.now, wrap_ups=plan.wrap_ups, members={})
    assert {(order.queue, order.is_present) for order in effects(switch.play.tell(again), inputs.SetMember)} == {
        ("hotline", True), ("ward", False), ("vip", False)
    }  # fmt: skip


def test_a_supervisor_who_takes_an_agent_off_is_named_as_the_reason(switch: SwitchModel) -> None:
    command = inputs.CommandIssued(
        at=switch.now, id="1", kind=CommandKind.SET_NOT_READY, agent="alice", issued_by="carol", args={}
    )
    switch.play.tell(command)
    assert switch.play.agents["alice"].reason == NotReadyReason.BY_SUPERVISOR


def test_an_order_of_an_account_without_a_phone_is_refused(switch: SwitchModel) -> None:
    assert "no phone" in error_of(switch.order(CommandKind.SET_READY, "mallory"))


def test_an_agent_whose_account_was_just_made_may_sign_in(switch: SwitchModel) -> None:
    switch.play.tell(inputs.AgentAdded(at=T0, agent="carol"))
    switch.play.prove(switch.now, "carol")
    assert switch.play.state_of("carol") is AgentState.NOT_READY


def test_an_agent_is_ready_again_when_wrap_up_ends(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    switch.answer(party)
    switch.hang_up_patient(party)
    ends_at = switch.play.agents["alice"].wrap_up_until
    assert ends_at is not None and seconds(59) < ends_at - switch.now <= seconds(60)
    assert switch.members["alice"] is True
    switch.pass_time(60)
    assert switch.play.state_of("alice") is AgentState.READY
    assert [call.state for call in switch.play.calls.values()] == ["wrapped_up"]


def test_an_agent_who_asked_for_a_break_in_a_call_has_it_after_wrap_up(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    switch.answer(party)
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="break")
    assert switch.play.state_of("alice") is AgentState.TALKING
    switch.hang_up_patient(party)
    switch.pass_time(60)
    assert switch.play.state_of("alice") is AgentState.NOT_READY


def talking(switch: SwitchModel) -> Party:
    party = switch.call_in()
    switch.offer(party)
    switch.answer(party)
    return party


def test_the_reason_chosen_in_a_call_is_the_one_that_the_agent_has_after_wrap_up(switch: SwitchModel) -> None:
    party = talking(switch)
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="meal")
    assert (switch.play.agents["alice"].next_status, switch.play.agents["alice"].reason) == ("meal", None)
    switch.hang_up_patient(party)
    assert switch.play.agents["alice"].next_status == "meal"
    switch.pass_time(60)
    assert (switch.play.state_of("alice"), switch.play.agents["alice"].reason) == ("not_ready", "meal")
    assert switch.play.agents["alice"].next_status is None


def test_what_was_chosen_for_after_the_call_may_be_changed_and_taken_back(switch: SwitchModel) -> None:
    party = talking(switch)
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="meal")
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="break")
    assert switch.play.agents["alice"].next_status == "break"
    switch.order(CommandKind.CANCEL_NEXT, "alice")
    assert switch.play.agents["alice"].next_status is None
    switch.hang_up_patient(party)
    switch.pass_time(60)
    assert switch.play.state_of("alice") is AgentState.READY


def test_choosing_what_one_was_before_is_the_same_as_taking_the_choice_back(switch: SwitchModel) -> None:
    talking(switch)
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="meal")
    switch.order(CommandKind.SET_READY, "alice")
    assert switch.play.agents["alice"].next_status is None


def test_an_agent_who_dialled_out_of_a_break_is_in_the_break_again_after_wrap_up(switch: SwitchModel) -> None:
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="break")
    switch.order(CommandKind.DIAL, "alice", number="+8613900139000")
    (party,) = switch.parties.values()
    assert switch.play.state_of("alice") is AgentState.TALKING
    switch.own_phone_answers(party)
    switch.patient_answers(party)
    switch.hang_up_agent(party)
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    switch.pass_time(60)
    assert (switch.play.state_of("alice"), switch.play.agents["alice"].reason) == ("not_ready", "break")


def test_a_restart_of_ours_does_not_forget_what_was_chosen_for_after_the_call(switch: SwitchModel) -> None:
    party = talking(switch)
    switch.order(CommandKind.SET_NOT_READY, "alice", reason="training")
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    switch.hang_up_patient(party)
    switch.pass_time(61)
    assert switch.play.agents["alice"].reason == "training"


def test_an_agent_who_presses_not_ready_while_it_rings_is_not_ready_at_once_and_did_not_miss_the_call(
    switch: SwitchModel,
) -> None:
    party = switch.call_in()
    switch.offer(party)
    hang_ups = effects(switch.order(CommandKind.SET_NOT_READY, "alice", reason="meal"), inputs.HangUpChannel)
    assert len(hang_ups) == 1
    switch.stop_ringing(party, "NOANSWER")
    assert (switch.play.state_of("alice"), switch.play.agents["alice"].reason) == ("not_ready", "meal")


def test_a_missed_call_makes_the_agent_not_ready_and_says_so(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.offer(party)
    switch.stop_ringing(party, "NOANSWER")
    assert (switch.play.state_of("alice"), switch.play.agents["alice"].reason) == ("not_ready", "missed_call")


def test_a_desk_that_rings_does_not_dial(switch: SwitchModel) -> None:
    switch.offer(switch.call_in())
    assert "present call" in error_of(switch.order(CommandKind.DIAL, "alice", number="+8613900139000"))
