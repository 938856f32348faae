"""An agent asks somebody while the patient holds: who has the patient whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CallEvent, CommandKind, ConsultState
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects, kinds
from tests.unit.switch_model import Party, SwitchModel
from tests.unit.tracker_words import only_call, snapshot, talk, two_ready_agents

_OUTSIDE = "+8613900139000"


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


@pytest.fixture
def party(switch: SwitchModel) -> Party:
    """A patient who talks with alice; bob is a colleague."""
    return talk(switch)


def order(switch: SwitchModel, kind: CommandKind, party: Party, by: str = "alice", **args: str) -> list[inputs.Output]:
    return switch.order(kind, by, call_id=f"call {party.linkedid}", **args)


def ask(switch: SwitchModel, party: Party, *, answered: bool = True) -> None:
    order(switch, CommandKind.CONSULT, party, to="bob")
    for each in [party] if answered else []:
        switch.asked_answers(each)


def error_of(outputs: list[inputs.Output]) -> str:
    (done,) = effects(outputs, inputs.CommandDone)
    return done.error or ""


def places(switch: SwitchModel, party: Party) -> str:
    return switch.channels[party.patient].context


def states(switch: SwitchModel) -> tuple[str, str]:
    return switch.play.state_of("alice").value, switch.play.state_of("bob").value


def test_the_patient_holds_while_the_colleague_is_rung_and_asked(switch: SwitchModel, party: Party) -> None:
    ask(switch, party, answered=False)
    assert places(switch, party) == "held"
    assert (only_call(switch).consult, only_call(switch).consult_with) == (ConsultState.RINGING, "bob")
    assert states(switch) == ("talking", "ringing")
    switch.asked_answers(party)
    assert only_call(switch).consult is ConsultState.TALKING
    assert states(switch) == ("talking", "talking")
    assert only_call(switch).agent == "alice"


def test_a_completed_transfer_gives_the_call_to_the_colleague(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.COMPLETE, party)
    assert places(switch, party) == "room"
    assert states(switch) == ("wrap_up", "talking")
    call = only_call(switch)
    assert (call.agent, call.consult, call.consult_with) == ("bob", None, None)
    first, second = switch.play.legs.values()
    assert (first.agent, first.cause, second.agent) == ("alice", "transfer", "bob")
    switch.hang_up_patient(party)
    assert states(switch) == ("wrap_up", "wrap_up")
    assert (only_call(switch).ended_by, only_call(switch).outcome) == ("caller", "answered")
    assert switch.channels == {}


def test_a_colleague_who_got_the_call_ends_it_for_the_patient_too(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.COMPLETE, party)
    switch.hang_up_agent(party)
    assert (only_call(switch).ended_by, switch.channels) == ("agent", {})


def test_back_to_the_patient_lets_the_colleague_go(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.BACK, party)
    assert places(switch, party) == "room"
    assert states(switch) == ("talking", "ready")
    assert only_call(switch).consult is None
    assert len(switch.play.legs) == 1
    switch.hang_up_agent(party)
    assert only_call(switch).ended_by == "agent"
    assert switch.channels == {}


def test_back_while_it_rings_stops_the_ringing(switch: SwitchModel, party: Party) -> None:
    ask(switch, party, answered=False)
    order(switch, CommandKind.BACK, party)
    assert party.asked == ""
    assert states(switch) == ("talking", "ready")
    assert places(switch, party) == "room"


@pytest.mark.parametrize(("status", "reason"), [("BUSY", "rejected_call"), ("NOANSWER", "missed_call")])
def test_a_colleague_who_does_not_answer_gives_the_patient_back(
    switch: SwitchModel, party: Party, status: str, reason: str
) -> None:
    ask(switch, party, answered=False)
    switch.asked_refuses(party, status)
    assert places(switch, party) == "room"
    assert only_call(switch).consult is None
    assert states(switch) == ("talking", "not_ready")
    assert switch.play.agents["bob"].reason == reason


def test_a_colleague_who_hangs_up_gives_the_patient_back(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.asked_hangs_up(party)
    assert places(switch, party) == "room"
    assert states(switch) == ("talking", "ready")


def test_of_three_the_agent_may_leave(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.JOIN_ALL, party)
    assert only_call(switch).consult is ConsultState.CONFERENCE
    assert places(switch, party) == "room"
    switch.hang_up_agent(party)
    assert states(switch) == ("wrap_up", "talking")
    assert only_call(switch).agent == "bob"
    assert only_call(switch).ended_at is None


def test_of_three_the_colleague_may_leave(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.JOIN_ALL, party)
    switch.asked_hangs_up(party)
    assert states(switch) == ("talking", "ready")
    assert (only_call(switch).agent, only_call(switch).consult) == ("alice", None)
    assert [leg.cause for leg in switch.play.legs.values() if leg.agent == "bob"] == ["agent"]


@pytest.mark.parametrize("joined", [False, True])
def test_the_call_ends_for_all_when_the_patient_rings_off(switch: SwitchModel, party: Party, joined: bool) -> None:
    ask(switch, party)
    for kind in [CommandKind.JOIN_ALL] if joined else []:
        order(switch, kind, party)
    switch.hang_up_patient(party)
    assert switch.channels == {}
    assert states(switch) == ("wrap_up", "ready")
    assert (only_call(switch).outcome, only_call(switch).ended_by) == ("answered", "caller")


def test_an_agent_who_hangs_up_while_it_rings_sends_the_patient_first_into_the_queue(
    switch: SwitchModel, party: Party
) -> None:
    ask(switch, party, answered=False)
    switch.hang_up_agent(party)
    assert party.is_waiting
    assert states(switch) == ("wrap_up", "ready")
    assert (only_call(switch).state, only_call(switch).agent) == ("ringing", None)


def test_an_agent_who_hangs_up_after_asking_has_handed_the_patient_over(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.hang_up_agent(party)
    assert places(switch, party) == "room"
    assert only_call(switch).agent == "bob"


@pytest.mark.parametrize("answered", [False, True])
def test_a_page_that_is_reloaded_meanwhile_gets_its_patient_back(
    switch: SwitchModel, party: Party, answered: bool
) -> None:
    ask(switch, party, answered=answered)
    at = switch.now
    switch.play.tell(inputs.DeskGone(at=at, agent="alice", page="page"))
    gone = ami.ContactStatus(at=at, uri="sip:alice@127.0.0.1", aor="alice", status="Removed")
    outputs = switch.play.tell(gone)
    (rejoin,) = effects(outputs, inputs.RejoinPatient)
    assert rejoin.channel == switch.channels[party.patient].channel
    hung_up = {effect.channel for effect in effects(outputs, inputs.HangUpChannel)}
    assert hung_up == {switch.channels[party.agents["alice"]].channel, switch.channels[party.asked].channel}
    assert only_call(switch).rejoining_at == at
    assert only_call(switch).consult is None


def test_of_three_an_agent_whose_page_is_gone_leaves_the_two_others_talking(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.JOIN_ALL, party)
    switch.play.tell(inputs.DeskGone(at=switch.now, agent="alice", page="page"))
    gone = ami.ContactStatus(at=switch.now, uri="sip:alice@127.0.0.1", aor="alice", status="Removed")
    switch.obey(switch.play.tell(gone))
    assert only_call(switch).agent == "bob"
    assert only_call(switch).rejoining_at is None
    assert places(switch, party) == "room"


def test_a_colleague_whose_page_is_gone_is_let_go_and_the_patient_is_not_led_to_it(
    switch: SwitchModel, party: Party
) -> None:
    ask(switch, party)
    switch.play.tell(inputs.DeskGone(at=switch.now, agent="bob", page="page"))
    gone = ami.ContactStatus(at=switch.now, uri="sip:bob@127.0.0.1", aor="bob", status="Removed")
    outputs = switch.play.tell(gone)
    assert effects(outputs, inputs.RejoinPatient) == []
    switch.obey(outputs)
    assert only_call(switch).agent == "alice"
    assert only_call(switch).consult is None
    assert places(switch, party) == "room"


def test_somebody_outside_can_be_asked_and_get_the_patient(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.CONSULT, party, number=_OUTSIDE)
    assert only_call(switch).consult_with == _OUTSIDE
    switch.asked_answers(party)
    order(switch, CommandKind.COMPLETE, party)
    call = only_call(switch)
    assert (call.transferred_to, call.agent, call.ended_at) == (_OUTSIDE, "alice", None)
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    switch.order(CommandKind.FINISH_WRAP_UP, "alice", call_id=call.id)
    assert only_call(switch).ended_at is None
    switch.asked_hangs_up(party)
    assert only_call(switch).ended_at is not None
    assert switch.channels == {}


def test_back_while_it_rings_outside_keeps_the_patient(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.CONSULT, party, number=_OUTSIDE)
    order(switch, CommandKind.BACK, party)
    assert places(switch, party) == "room"
    assert only_call(switch).ended_at is None


@pytest.mark.parametrize("answers_first", [False, True])
def test_a_number_that_gets_the_patient_at_once_leaves_the_agent_in_wrap_up(
    switch: SwitchModel, party: Party, answers_first: bool
) -> None:
    given = inputs.CommandIssued(
        at=switch.now, id="1", kind=CommandKind.TRANSFER, agent="alice", issued_by="alice",
        args={"call_id": f"call {party.linkedid}", "number": _OUTSIDE},
    )  # fmt: skip
    (effect,) = effects(switch.play.tell(given), inputs.TransferCall)
    assert (effect.target, effect.is_outside) == ("13900139000", True)
    leg, outside = party.agents["alice"], switch._channel("outside", "agents", linkedid=party.linkedid)
    switch._dial_begin(party.patient, outside)
    steps = [lambda: switch._gone(leg, 16), lambda: switch._dial_end(outside, "ANSWER")]
    for step in reversed(steps) if answers_first else steps:
        step()
    assert switch.play.state_of("alice") is AgentState.WRAP_UP
    call = only_call(switch)
    assert (call.state, call.agent, call.transferred_to) == ("answered", "alice", _OUTSIDE)


def test_what_may_not_be_dialled_is_not_asked(switch: SwitchModel, party: Party) -> None:
    refused = order(switch, CommandKind.CONSULT, party, number="+4912345678")
    assert "not dialled" in error_of(refused)
    assert only_call(switch).consult is None


def test_nobody_else_may_order_anything_in_the_call(switch: SwitchModel, party: Party) -> None:
    for kind in (CommandKind.CONSULT, CommandKind.PARK, CommandKind.PAUSE_RECORDING):
        assert error_of(order(switch, kind, party, by="bob", to="bob")) != ""
    assert "being asked" in error_of(order(switch, CommandKind.COMPLETE, party))


def test_a_second_question_or_a_transfer_waits_for_the_end_of_the_first(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    assert "already" in error_of(order(switch, CommandKind.CONSULT, party, number=_OUTSIDE))
    assert "already" in error_of(order(switch, CommandKind.TRANSFER, party, to="hotline"))
    assert "already" in error_of(order(switch, CommandKind.PARK, party))


def test_a_refused_parting_leaves_agent_and_patient_talking(switch: SwitchModel, party: Party) -> None:
    given = inputs.CommandIssued(
        at=switch.now, id="1", kind=CommandKind.CONSULT, agent="alice", issued_by="alice",
        args={"call_id": f"call {party.linkedid}", "to": "bob"},
    )  # fmt: skip
    (effect,) = effects(switch.play.tell(given), inputs.MoveChannels)
    switch.play.tell(inputs.EffectFailed(at=switch.now, effect=effect, reason="no", is_certain=True))
    assert only_call(switch).consult is None


def test_a_queue_is_asked_by_ringing_who_is_ready_one_after_the_other() -> None:
    switch = SwitchModel("alice", "bob", "carol")
    for agent in switch.agents:
        switch.order(CommandKind.SET_READY, agent)
        switch.pass_time(1)
    party = talk(switch)
    order(switch, CommandKind.CONSULT, party, to="hotline")
    assert (only_call(switch).consult_with, switch.play.state_of("bob").value) == ("hotline", "ringing")
    switch.asked_refuses(party, "NOANSWER")
    assert switch.play.state_of("bob").value == "not_ready"
    assert switch.play.state_of("carol").value == "ringing"
    switch.asked_answers(party)
    order(switch, CommandKind.COMPLETE, party)
    assert only_call(switch).agent == "carol"


def test_a_queue_that_has_nobody_more_gives_the_patient_back(switch: SwitchModel, party: Party) -> None:
    order(switch, CommandKind.CONSULT, party, to="hotline")
    switch.asked_refuses(party, "BUSY")
    assert only_call(switch).consult is None
    assert places(switch, party) == "room"
    assert "Nobody" in error_of(order(switch, CommandKind.CONSULT, party, to="hotline"))


def test_a_patient_whom_asterisk_took_back_to_the_queue_waits_there(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch._join(party)
    assert (only_call(switch).state, only_call(switch).agent, only_call(switch).consult) == ("ringing", None, None)
    assert states(switch) == ("wrap_up", "ready")


def test_hold_in_the_room_brings_music_to_the_patient(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.BACK, party)
    leg = switch._of(party.agents["alice"])
    switch.obey(switch.play.tell(ami.Hold(**leg)))
    assert places(switch, party) == "held"
    assert only_call(switch).held_at is not None
    switch.obey(switch.play.tell(ami.Unhold(**leg)))
    assert places(switch, party) == "room"
    assert only_call(switch).held_at is None


@pytest.mark.parametrize("answered", [False, True])
def test_a_new_process_knows_who_asks_whom(switch: SwitchModel, party: Party, answered: bool) -> None:
    ask(switch, party, answered=answered)
    before = only_call(switch)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert only_call(switch) == before
    for each in [party] if not answered else []:
        switch.asked_answers(each)
    order(switch, CommandKind.COMPLETE, party)
    assert only_call(switch).agent == "bob"
    assert states(switch) == ("wrap_up", "talking")


def test_a_colleague_who_left_in_the_gap_is_not_missed(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.cut()
    switch.asked_hangs_up(party)
    switch.pass_time(2)
    switch.reconnect()
    assert only_call(switch).consult is None
    assert places(switch, party) == "room"
    assert states(switch) == ("talking", "ready")


def test_a_colleague_who_left_between_two_processes_has_nothing_to_wrap_up(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.cut()
    switch.asked_hangs_up(party)
    switch.play = switch.play.restart(switch.now)
    switch.pass_time(1)
    switch.reconnect()
    assert places(switch, party) == "room"
    assert states(switch) == ("talking", "ready")


def test_an_agent_who_left_in_the_gap_has_handed_over(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.cut()
    switch.hang_up_agent(party)
    switch.pass_time(2)
    switch.reconnect()
    assert only_call(switch).agent == "bob"
    assert places(switch, party) == "room"
    assert states(switch) == ("wrap_up", "talking")


def test_a_patient_who_left_in_the_gap_ends_it_for_all(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    switch.cut()
    switch.hang_up_patient(party)
    switch.pass_time(2)
    switch.reconnect()
    assert only_call(switch).ended_at is not None
    assert switch.channels == {}
    assert states(switch) == ("wrap_up", "ready")


def test_a_conference_survives_a_new_process(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    order(switch, CommandKind.JOIN_ALL, party)
    switch.play = switch.play.restart(switch.now)
    switch.reconnect()
    assert only_call(switch).consult is ConsultState.CONFERENCE
    switch.hang_up_agent(party)
    assert only_call(switch).agent == "bob"


@pytest.mark.parametrize("kind", [CommandKind.CONSULT, CommandKind.TRANSFER, CommandKind.PARK])
def test_a_reading_that_is_older_than_an_order_does_not_undo_it(
    switch: SwitchModel, party: Party, kind: CommandKind
) -> None:
    old = snapshot(switch)
    order(switch, kind, party, to="bob")
    before, desks = only_call(switch), dict(switch.play.agents)
    switch.play.tell(old)
    assert (only_call(switch), switch.play.agents) == (before, desks)


def test_repeated_events_change_nothing(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    before = only_call(switch)
    switch._dial_end(party.asked, "ANSWER")
    switch._dial_begin(party.agents["alice"], party.asked)
    assert only_call(switch) == before
    assert states(switch) == ("talking", "talking")


def test_a_consultation_lasts_however_long_it_takes(switch: SwitchModel, party: Party) -> None:
    ask(switch, party)
    for _ in range(20):
        switch.pass_time(4)
    assert only_call(switch).consult is ConsultState.TALKING
    outputs = order(switch, CommandKind.JOIN_ALL, party)
    assert CallEvent.CONFERRING in kinds(outputs)
    assert switch.now > switch.play.tracker.next_wake(switch.now) - timedelta(seconds=1)
