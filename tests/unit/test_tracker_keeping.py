"""Callers who keep their place, as the tracker sees them: asked by a key, and agents held back for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CommandKind
from app.kept_places.rules import Place
from telephony.ami import events as ami
from telephony.tracker import inputs
from tests.traces.play import effects, kinds
from tests.unit.switch_model import SwitchModel
from tests.unit.tracker_words import history, only_call, snapshot, two_ready_agents


@pytest.fixture
def switch() -> SwitchModel:
    return two_ready_agents()


def told(switch: SwitchModel, linkedid: str, what: str, given: str = "hotline") -> list[inputs.Output]:
    event = ami.Told(
        at=switch.now, channel="PJSIP/trunk-1", uniqueid=linkedid, linkedid=linkedid, what=what, question=0, given=given
    )
    return switch.play.tell(event)


def kept(switch: SwitchModel, *, seconds_ago: float, queue: str = "hotline") -> None:
    entered = switch.now - timedelta(seconds=seconds_ago)
    place = Place(id=1, number="+8613900139000", patient_id=None, queue=queue, entered_at=entered)
    switch.play.tell(inputs.PlacesKept(at=switch.now, places=(place,)))


def paused(switch: SwitchModel, agent: str) -> bool:
    """What was last ordered of the agent's membership."""
    last = [effect for effect in effects(switch.play.outputs, inputs.SetMember) if effect.agent == agent][-1]
    return bool(last.is_paused)


def test_a_caller_who_presses_the_key_ends_as_a_callback_also_when_nobody_listened(switch: SwitchModel) -> None:
    party = switch.call_in()
    assert kinds(told(switch, party.linkedid, "callback")) == ["callback"]
    assert told(switch, party.linkedid, "callback") == []
    switch.hang_up_patient(party)
    assert (only_call(switch).outcome, only_call(switch).queue) == ("callback", "hotline")
    asked = {"queue": "hotline", "queued_at": switch.now, "callback_at": switch.now, "outcome": "callback"}
    missed = history(switch, "9.9", is_complete=True, **asked)
    out = switch.play.tell(snapshot(switch, histories={"9.9": missed}))
    assert "callback" in kinds(out)


def test_an_agent_is_held_back_for_a_caller_who_keeps_a_place_and_let_go_when_the_sight_is_old(
    switch: SwitchModel,
) -> None:
    kept(switch, seconds_ago=60)
    assert (paused(switch, "alice"), paused(switch, "bob")) == (True, False)
    for _ in range(8):
        switch.pass_time(0.5)
    assert not paused(switch, "alice")


def test_nobody_is_held_back_while_somebody_waits_who_came_before(switch: SwitchModel) -> None:
    switch.call_in()
    kept(switch, seconds_ago=-1)
    assert not paused(switch, "alice")
    assert not paused(switch, "bob")
    kept(switch, seconds_ago=1)
    assert paused(switch, "alice")


def test_an_agent_who_becomes_free_is_held_back_before_asterisk_may_ring_them(switch: SwitchModel) -> None:
    for agent in ("alice", "bob"):
        switch.order(CommandKind.SET_NOT_READY, agent, reason="break")
    kept(switch, seconds_ago=60)
    before = len(switch.play.outputs)
    switch.order(CommandKind.SET_READY, "alice")
    members = [each for each in switch.play.outputs[before:] if isinstance(each, inputs.SetMember)]
    assert all(each.is_paused for each in members)
    assert switch.play.agents["alice"].state is AgentState.READY


def test_a_key_pressed_in_a_forged_queue_leads_nobody_anywhere(switch: SwitchModel) -> None:
    party = switch.call_in()
    switch.hang_up_patient(party)
    assert told(switch, party.linkedid, "callback", given="../x") == []
    other = switch.call_in()
    assert told(switch, other.linkedid, "known", given="Not a queue") == []
    (asked,) = effects(told(switch, other.linkedid, "known"), inputs.FindAgent)
    assert (asked.queue, asked.linkedid) == ("hotline", other.linkedid)
    (back,) = effects(told(switch, other.linkedid, "again"), inputs.PlaceCaller)
    (call,) = [call for call in switch.play.calls.values() if call.linkedid == other.linkedid]
    assert back.queued_at == call.queued_at is not None
