"""Patients call the hotline of a real Asterisk; who is rung, and what is on record afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select

from app.calls.rules import CommandKind
from app.missed_callers.models import CallbackRequest
from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.live.desks import (
    Desks,
    all_calls,
    floor_on,
    legs_of,
    order,
    reason_of,
    state_of,
    wait_for_ended,
    wait_for_state,
)
from tests.sip import Sipp, patients_calling, phone_at, phone_holding_at, phone_refusing_at, phone_ringing_at
from tests.waiting import wait_for

PhoneAt = Callable[[int], AbstractContextManager[Sipp]]

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("phone", "reason", "cause"),
    [(phone_refusing_at, "rejected_call", "BUSY"), (phone_ringing_at, "missed_call", "NOANSWER")],
)
def test_a_caller_goes_on_to_the_next_agent(floor: Floor, phone: PhoneAt, reason: str, cause: str) -> None:
    ports = floor.switch.agent_ports
    with phone(ports["alice"]), phone_at(ports["bob"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=6) as patient, Desks(floor, "bob"):
            wait_for_state(floor, "bob", "talking", seconds=15)
            wait_for_state(floor, "alice", "not_ready")
            assert reason_of(floor, "alice") == reason
            assert patient.wait() == 0
            (call,) = wait_for_ended(floor)
    first, second = legs_of(floor, call)
    assert (call.outcome, call.agent, call.ended_by) == ("answered", "bob", "caller")
    assert (first.agent, first.answered_at, first.cause) == ("alice", None, cause)
    assert (second.agent, second.ended_at is not None, second.cause) == ("bob", True, "caller")
    assert call.offered_at == first.started_at


def test_a_caller_keeps_the_place_while_agents_do_not_answer(floor: Floor) -> None:
    ports = floor.switch.agent_ports
    with contextlib.ExitStack() as stack:
        stack.enter_context(phone_refusing_at(ports["alice"]))
        first = stack.enter_context(patients_calling(floor.switch.sip_port, number="13800138001", talk_seconds=8))
        wait_for(lambda: len(all_calls(floor)) == 1)
        stack.enter_context(patients_calling(floor.switch.sip_port, number="13800138002", talk_seconds=8))
        wait_for(lambda: len(all_calls(floor)) == 2)
        stack.enter_context(Desks(floor, "alice"))
        wait_for_state(floor, "alice", "not_ready")
        stack.enter_context(phone_at(ports["bob"]))
        stack.enter_context(Desks(floor, "bob"))
        wait_for_state(floor, "bob", "talking")
        assert [call.agent for call in all_calls(floor)] == ["bob", None]
        first.stop()


def test_a_caller_rung_at_a_page_that_froze_is_with_the_next_agent_within_five_seconds(
    settings: Settings, start_asterisk: Callable[..., Switch]
) -> None:
    switch = start_asterisk(ring_seconds=20)
    with floor_on(settings, switch, "alice", "bob") as floor, phone_ringing_at(switch.agent_ports["alice"]):
        with Desks(floor, "alice") as desks, phone_at(switch.agent_ports["bob"]):
            with patients_calling(switch.sip_port, talk_seconds=12), Desks(floor, "bob"):
                wait_for_state(floor, "alice", "ringing")
                desks.die("alice")
                frozen_at = time.monotonic()
                wait_for(lambda: state_of(floor, "alice") == "not_ready", what="the loss of alice's desk")
                assert time.monotonic() - frozen_at < 5.5
                assert reason_of(floor, "alice") == "desk_lost"
                # The queue waits a second before it rings the next one.
                wait_for_state(floor, "bob", "talking", seconds=2)


def test_a_caller_who_hangs_up_while_waiting_is_abandoned(floor: Floor) -> None:
    with patients_calling(floor.switch.sip_port, talk_seconds=1.5) as patient:
        assert patient.wait() == 0
    (call,) = wait_for_ended(floor)
    assert (call.outcome, call.state, call.queue, call.agent) == ("abandoned", "abandoned", "hotline", None)
    assert call.ended_by == "caller"
    assert call.queued_at is not None and call.answered_at is None
    with floor.parts.database.reading() as session:
        owed = session.scalars(select(CallbackRequest)).all()
    assert [(each.call_id, each.number, each.owner, each.closed_at) for each in owed] == [
        (call.id, call.number, None, None)
    ]


def test_a_caller_who_hangs_up_while_it_rings_leaves_the_agent_ready(floor: Floor) -> None:
    with phone_ringing_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=1.5) as patient:
            wait_for_state(floor, "alice", "ringing")
            assert patient.wait() == 0
        (call,) = wait_for_ended(floor)
        wait_for_state(floor, "alice", "ready")
    assert (call.outcome, call.agent) == ("abandoned", None)


def test_a_caller_who_hangs_up_while_asterisk_answers_is_on_record(floor: Floor) -> None:
    with patients_calling(floor.switch.sip_port, talk_seconds=0) as patient:
        assert patient.wait() == 0
    (call,) = wait_for_ended(floor)
    assert (call.outcome, call.number) == ("abandoned", "+8613800138000")


def test_hold_is_on_the_call_while_it_lasts(floor: Floor) -> None:
    with phone_holding_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=3.5) as patient:
            wait_for(lambda: [call for call in all_calls(floor) if call.held_at], what="hold")
            wait_for(lambda: [call for call in all_calls(floor) if not call.held_at], what="the end of hold")
            assert patient.wait() == 0
        (call,) = wait_for_ended(floor)
    assert call.outcome == "answered"


def test_an_agent_who_hangs_up_ends_the_call_as_agent(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=20):
            wait_for_state(floor, "alice", "talking")
            (call,) = all_calls(floor)
            order(floor, CommandKind.HANG_UP, "alice", call_id=call.id)
            (call,) = wait_for_ended(floor)
            wait_for_state(floor, "alice", "wrap_up")
            order(floor, CommandKind.FINISH_WRAP_UP, "alice", call_id=call.id)
            wait_for_state(floor, "alice", "ready")
    assert (call.outcome, call.ended_by, call.agent) == ("answered", "agent", "alice")


def test_an_agent_who_hangs_up_an_offered_call_sends_the_caller_on(floor: Floor) -> None:
    ports = floor.switch.agent_ports
    with phone_ringing_at(ports["alice"]), phone_at(ports["bob"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=6) as patient:
            wait_for_state(floor, "alice", "ringing")
            (call,) = all_calls(floor)
            order(floor, CommandKind.HANG_UP, "alice", call_id=call.id)
            with Desks(floor, "bob"):
                wait_for_state(floor, "bob", "talking")
                assert patient.wait() == 0
