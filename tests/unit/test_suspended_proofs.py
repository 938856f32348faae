"""While the bus is away no desk can prove itself: nobody is judged for that, and work goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.agents.rules import AgentState
from app.calls.rules import CommandKind
from telephony.ami.events import ContactStatus
from telephony.tracker.inputs import ProofsSuspended
from tests.traces.play import Play

_NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_URI = "sip:bob@127.0.0.1"


def _after(seconds: float) -> datetime:
    return _NOON + timedelta(seconds=seconds)


@pytest.fixture
def play() -> Play:
    """Bob is Ready since noon; a second later the bus is away."""
    play = Play.start(_after(-60), ["bob", "carol"])
    play.make_ready(_NOON, "bob")
    play.tell(ProofsSuspended(at=_after(1), is_suspended=True))
    return play


def test_an_agent_stays_ready_while_the_bus_is_away(play: Play) -> None:
    play.tick(_after(60))
    assert play.state_of("bob") is AgentState.READY


def test_an_agent_may_pause_and_be_ready_again_while_the_bus_is_away(play: Play) -> None:
    play.order(_after(20), CommandKind.SET_NOT_READY, "bob", reason="break")
    play.tick(_after(30))
    assert play.state_of("bob") is AgentState.NOT_READY
    play.order(_after(40), CommandKind.SET_READY, "bob")
    assert play.state_of("bob") is AgentState.READY


def test_an_agent_whose_phone_is_gone_is_not_made_ready_while_the_bus_is_away(play: Play) -> None:
    play.order(_after(20), CommandKind.SET_NOT_READY, "bob", reason="break")
    play.tell(ContactStatus(at=_after(21), uri=_URI, aor="bob", status="Removed"))
    play.order(_after(22), CommandKind.SET_READY, "bob")
    assert play.state_of("bob") is AgentState.NOT_READY


def test_an_agent_who_was_never_there_is_not_made_ready_while_the_bus_is_away(play: Play) -> None:
    play.order(_after(20), CommandKind.SET_READY, "carol")
    assert play.state_of("carol") is AgentState.OFFLINE


def test_desks_have_time_to_prove_themselves_when_the_bus_is_back(play: Play) -> None:
    play.tell(ProofsSuspended(at=_after(20), is_suspended=False))
    play.tick(_after(24))
    assert play.state_of("bob") is AgentState.READY
    play.prove(_after(24.5), "bob")
    play.tick(_after(29))
    assert play.state_of("bob") is AgentState.READY


def test_a_desk_that_died_in_the_outage_is_lost_when_the_bus_is_back(play: Play) -> None:
    play.tell(ProofsSuspended(at=_after(20), is_suspended=False))
    play.tick(_after(25.5))
    assert play.state_of("bob") is AgentState.NOT_READY
