"""Calls without an agent: placed once, told as they go, handed over, and brought back after a gap."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CallerConfirmed, CommandKind, PatientTold, Telling
from telephony.ami import events as ami
from telephony.effects import action_for
from telephony.tracker import inputs
from tests.traces.play import effects, kinds
from tests.unit.switch_model import SwitchModel
from tests.unit.tracker_words import history, only_call, snapshot, two_ready_agents

ID = "3b0f1c52-7a5e-4d0c-9c38-52f0a4c0e001"
CHANNEL = "PJSIP/trunk-000000aa"
ORDER = {
    "number": "+8613800138000", "prompts": "0123456789abcdef", "keys": "12!2:#3", "leaves_machines": "0",
    "caller": "4000",
}  # fmt: skip


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


def order(switch: SwitchModel, **changes: str) -> list[inputs.Output]:
    return switch.play.order(switch.now, CommandKind.CALL_PATIENT, "", id=ID, **ORDER | changes)


def tell(switch: SwitchModel, event: type[ami.Event], **headers: Any) -> list[inputs.Output]:
    return switch.play.tell(event(at=switch.now, **headers))


def rings(switch: SwitchModel) -> None:
    order(switch)
    tell(
        switch, ami.Newchannel, channel=CHANNEL, uniqueid=ID, linkedid=ID, caller_number="", exten="s",
        context="from-trunk",
    )  # fmt: skip
    tell(switch, ami.DialBegin, uniqueid="", dest_channel=CHANNEL, dest_uniqueid=ID, dest_linkedid=ID)


def dial_ends(switch: SwitchModel, status: str) -> None:
    tell(switch, ami.DialEnd, dest_channel=CHANNEL, dest_uniqueid=ID, dest_linkedid=ID, dial_status=status)


def test_a_call_without_an_agent_is_placed_with_what_the_dialplan_needs(switch: SwitchModel) -> None:
    (call,) = effects(order(switch), inputs.CallPatient)
    action = action_for(call)
    assert (action["Channel"], action["ChannelId"], action["CallerID"]) == ("PJSIP/13800138000@trunk", ID, "<4000>")
    assert action["Variable"] == "WARDLINE_KEYS=12!2:#3,WARDLINE_LEAVE=0,WARDLINE_PROMPTS=0123456789abcdef"
    assert (only_call(switch).direction, only_call(switch).agent) == ("outbound", None)
    assert len(effects(switch.play.outputs, CallerConfirmed)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "+19005551234"}, {"number": ""}, {"number": "13800138000"}, {"prompts": "../../etc"},
        {"prompts": "ab,X=1"}, {"keys": "1,SHELL=x"}, {"leaves_machines": "maybe"}, {"caller": "<1>"},
    ],
)  # fmt: skip
def test_an_order_that_asks_for_anything_else_is_refused_and_dials_nobody(
    switch: SwitchModel, changes: dict[str, str]
) -> None:
    outputs = order(switch, **changes)
    (done,) = effects(outputs, inputs.CommandDone)
    assert done.error
    assert effects(outputs, inputs.CallPatient) == []
    assert switch.play.calls == {}


def test_an_agents_dial_is_held_to_the_same_numbers(switch: SwitchModel) -> None:
    outputs = switch.play.order(switch.now, CommandKind.DIAL, "alice", number="+8821612345678")
    assert effects(outputs, inputs.Originate) == []
    assert [done.error for done in effects(outputs, inputs.CommandDone)] != [None]


def test_what_the_patient_tells_is_passed_on_and_the_end_is_the_answered_call(switch: SwitchModel) -> None:
    rings(switch)
    dial_ends(switch, "ANSWER")
    told = tell(switch, ami.Told, channel=CHANNEL, uniqueid=ID, linkedid=ID, what="answer", question=1, given="2")
    assert effects(told, PatientTold) == [
        PatientTold(at=switch.now, linkedid=ID, telling=Telling.ANSWER, question=1, given="2")
    ]
    assert tell(switch, ami.Told, channel=CHANNEL, uniqueid=ID, linkedid=ID, what="x", question=1, given="2") == []
    tell(switch, ami.Hangup, channel=CHANNEL, uniqueid=ID, linkedid=ID, cause=16)
    assert kinds(switch.play.outputs) == ["started", "offered", "answered", "ended"]
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("answered", "system")


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [("NOANSWER", 0, "no_answer"), ("CANCEL", 0, "no_answer"), ("BUSY", 17, "busy"), ("CHANUNAVAIL", 1, "wrong_number"),
     ("CONGESTION", 34, "failed"), ("BUSY", 21, "rejected")],
)  # fmt: skip
def test_a_call_that_nobody_answers_ends_by_its_cause(
    switch: SwitchModel, status: str, cause: int, outcome: str
) -> None:
    rings(switch)
    dial_ends(switch, status)
    tell(switch, ami.Hangup, channel=CHANNEL, uniqueid=ID, linkedid=ID, cause=cause)
    assert only_call(switch).outcome == outcome


def test_an_originate_without_a_channel_ends_the_call_and_a_late_success_changes_nothing(switch: SwitchModel) -> None:
    order(switch)
    tell(switch, ami.OriginateResponse, uniqueid=ID, is_success=False, reason=0)
    assert only_call(switch).outcome == "failed"
    assert tell(switch, ami.OriginateResponse, uniqueid=ID, is_success=True, reason=4) == []


def test_an_originate_that_asterisk_refuses_ends_the_call(switch: SwitchModel) -> None:
    (effect,) = effects(order(switch), inputs.CallPatient)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=effect, reason="refused", is_certain=True))
    assert only_call(switch).outcome == "failed"


def test_a_patient_who_wants_a_person_is_offered_and_a_rejection_leaves_the_patient_in_the_queue(
    switch: SwitchModel,
) -> None:
    rings(switch)
    dial_ends(switch, "ANSWER")
    tell(
        switch, ami.QueueCallerJoin, channel=CHANNEL, uniqueid=ID, linkedid=ID, queue="hotline", position=1
    )  # fmt: skip
    leg = {"dest_channel": "PJSIP/alice-000000ab", "dest_uniqueid": "9.9", "dest_linkedid": ID}
    tell(switch, ami.DialBegin, uniqueid=ID, **leg)
    assert switch.play.state_of("alice") is AgentState.RINGING
    call_id = only_call(switch).id
    outputs = switch.play.order(switch.now, CommandKind.HANG_UP, "alice", call_id=call_id)
    assert [each.channel for each in effects(outputs, inputs.HangUpChannel)] == ["PJSIP/alice-000000ab"]
    tell(switch, ami.DialEnd, **leg, dial_status="ANSWER")
    assert (only_call(switch).agent, only_call(switch).state) == ("alice", "answered")
    tell(switch, ami.Hangup, channel=CHANNEL, uniqueid=ID, linkedid=ID, cause=16)
    assert switch.play.state_of("alice") is AgentState.WRAP_UP


def test_a_gap_loses_neither_an_answer_nor_the_end(switch: SwitchModel) -> None:
    rings(switch)
    told = (PatientTold(at=switch.now, linkedid=ID, telling=Telling.ANSWER, question=1, given="1"),)
    answered_at = switch.now + timedelta(seconds=2)
    past = history(
        switch, ID, direction="outbound", number="", dialled="13800138000", is_automatic=True, told=told,
        answered_at=answered_at, ended_at=answered_at + timedelta(seconds=9), ended_by="caller", outcome="answered",
        is_complete=True,
    )  # fmt: skip
    switch.now += timedelta(seconds=30)
    outputs = switch.play.tell(snapshot(switch, histories={ID: past}))
    assert effects(outputs, PatientTold) == list(told)
    assert (only_call(switch).outcome, only_call(switch).answered_at) == ("answered", answered_at)
    assert switch.play.tell(snapshot(switch)) == []


def test_a_call_that_a_new_process_finds_is_one_that_we_placed_and_never_a_callers(switch: SwitchModel) -> None:
    channel = inputs.ChannelInfo(
        channel=CHANNEL, uniqueid=ID, linkedid=ID, caller_number="4000", exten="start", context="automatic",
        is_up=True, bridge="", age=timedelta(seconds=5),
    )  # fmt: skip
    assert effects(switch.play.tell(snapshot(switch, channels=(channel,))), inputs.ConfirmCaller) == []
    assert switch.play.calls == {}
    past = history(
        switch, ID, direction="outbound", number="", dialled="13800138000", is_automatic=True,
        answered_at=switch.now, outcome=None,
    )  # fmt: skip
    switch.play.tell(snapshot(switch, channels=(channel,), histories={ID: past}))
    call = only_call(switch)
    assert (call.direction, call.number, call.agent, call.answered_at) == ("outbound", "13800138000", None, switch.now)
    tell(switch, ami.Hangup, channel=CHANNEL, uniqueid=ID, linkedid=ID, cause=16)
    assert only_call(switch).outcome == "answered"
