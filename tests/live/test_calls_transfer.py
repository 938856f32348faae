"""Blind transfer on a real Asterisk: to a colleague, to one who does not answer, to the queue."""

from __future__ import annotations

import pytest

from app.calls.rules import CommandKind
from app.errors import Conflict
from tests.live.conftest import Floor
from tests.live.desks import Desks, all_calls, legs_of, order, state_of, wait_for_ended, wait_for_state
from tests.sip import patients_calling, phone_at, phone_ringing_at

pytestmark = pytest.mark.live


def transfer(floor: Floor, to: str) -> None:
    (call,) = all_calls(floor)
    order(floor, CommandKind.TRANSFER, "alice", call_id=call.id, to=to)


def test_a_transferred_caller_talks_with_the_colleague(floor: Floor) -> None:
    ports = floor.switch.agent_ports
    with phone_at(ports["alice"]), phone_at(ports["bob"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=4) as patient:
            wait_for_state(floor, "alice", "talking")
            with Desks(floor, "bob"):
                transfer(floor, "bob")
                wait_for_state(floor, "bob", "talking")
                wait_for_state(floor, "alice", "wrap_up")
                assert patient.wait() == 0
                (call,) = wait_for_ended(floor)
                wait_for_state(floor, "bob", "wrap_up")
    first, second = legs_of(floor, call)
    assert (call.outcome, call.agent, call.ended_by, call.answered_at) == (
        "answered",
        "bob",
        "caller",
        first.answered_at,
    )
    assert (first.agent, first.cause, second.agent, second.cause) == ("alice", "transfer", "bob", "caller")
    assert first.ended_at is not None and second.answered_at is not None and first.ended_at <= second.answered_at


def test_a_caller_transferred_to_the_queue_is_first_in_it_and_the_agent_wraps_up(floor: Floor) -> None:
    ports = floor.switch.agent_ports
    with phone_at(ports["alice"]), phone_at(ports["bob"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=6) as patient:
            wait_for_state(floor, "alice", "talking")
            transfer(floor, "hotline")
            wait_for_state(floor, "alice", "wrap_up")
            assert all_calls(floor)[0].state == "ringing"
            with Desks(floor, "bob"):
                wait_for_state(floor, "bob", "talking")
                assert patient.wait() == 0
                (call,) = wait_for_ended(floor)
    assert (call.outcome, call.agent) == ("answered", "bob")


def test_a_caller_transferred_to_a_colleague_whose_page_freezes_goes_to_the_queue(floor: Floor) -> None:
    ports = floor.switch.agent_ports
    with phone_at(ports["alice"]), phone_ringing_at(ports["bob"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=9):
            wait_for_state(floor, "alice", "talking")
            with Desks(floor, "bob") as desks:
                transfer(floor, "bob")
                wait_for_state(floor, "bob", "ringing")
                desks.die("bob")
                wait_for_state(floor, "bob", "not_ready", seconds=6)
                (call,) = all_calls(floor)
    assert (call.agent, call.state, call.queue) == (None, "ringing", "hotline")


def test_a_call_is_not_transferred_to_somebody_who_is_not_ready(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=3):
            wait_for_state(floor, "alice", "talking")
            with pytest.raises(Conflict, match="not ready"):
                transfer(floor, "bob")
            assert state_of(floor, "alice") == "talking"
