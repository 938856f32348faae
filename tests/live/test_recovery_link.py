"""The link to a real Asterisk is cut, stopped up or slow in mid-call: afterwards the database is right."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.settings import Settings
from tests.cable import Cable
from tests.live.conftest import Floor, Switch
from tests.live.desks import (
    Desks,
    all_calls,
    floor_on,
    journal_size,
    legs_of,
    state_of,
    wait_for_ended,
    wait_for_state,
)
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture
def cabled(settings: Settings, switch: Switch) -> Iterator[tuple[Floor, Cable]]:
    with Cable(switch.ami.port) as cable:
        switch.ami = replace(switch.ami, port=cable.port)
        with floor_on(settings, switch, "alice", "bob") as floor:
            yield floor, cable


def wait_for_link(floor: Floor, state: str) -> None:
    wait_for(lambda: floor.link_state() == state, seconds=12, what=f"the link {state}")


def reconnect(floor: Floor, cable: Cable) -> None:
    """Cut the link and wait until it is up again."""
    before = cable.connections
    cable.cut()
    wait_for(lambda: cable.connections > before, what="the next connection")
    wait_for_link(floor, "up")


def test_a_call_that_ends_while_the_link_is_cut_is_right_afterwards(cabled: tuple[Floor, Cable]) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=2) as patient:
            wait_for_state(floor, "alice", "talking")
            cable.unplug()
            assert patient.wait() == 0
        wait_for_link(floor, "down")
        assert state_of(floor, "alice") == "talking"
        cable.plug()
        (call,) = wait_for_ended(floor)
        wait_for_state(floor, "alice", "wrap_up")
    assert (call.outcome, call.agent, call.ended_by) == ("answered", "alice", "caller")
    assert call.answered_at and call.ended_at and (call.ended_at - call.answered_at).total_seconds() < 2.5
    (leg,) = legs_of(floor, call)
    assert leg.ended_at == call.ended_at


def test_calls_that_begin_and_end_while_the_link_is_cut_are_on_record_with_outcome_and_agent(
    cabled: tuple[Floor, Cable],
) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        cable.unplug()
        wait_for_link(floor, "down")
        with patients_calling(floor.switch.sip_port, number="13800138001", talk_seconds=2) as patient:
            assert patient.wait() == 0
        floor.switch.asterisk.console("queue pause member PJSIP/alice")
        with patients_calling(floor.switch.sip_port, number="13800138002", talk_seconds=1) as patient:
            assert patient.wait() == 0
        cable.plug()
        answered, abandoned = wait_for_ended(floor, 2)
    assert (answered.number, answered.outcome, answered.agent) == ("+8613800138001", "answered", "alice")
    assert (answered.queue, answered.ended_by) == ("hotline", "caller")
    assert (abandoned.number, abandoned.outcome, abandoned.agent) == ("+8613800138002", "abandoned", None)


def test_a_call_that_begins_while_the_link_is_cut_is_taken_over_live(cabled: tuple[Floor, Cable]) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        cable.unplug()
        wait_for_link(floor, "down")
        with patients_calling(floor.switch.sip_port, talk_seconds=4) as patient:
            wait_for(lambda: "2 active channels" in floor.switch.asterisk.console("core show channels count"))
            cable.plug()
            wait_for_state(floor, "alice", "talking")
            (call,) = all_calls(floor)
            assert (call.state, call.agent, call.number) == ("answered", "alice", "+8613800138000")
            assert patient.wait() == 0
        (call,) = wait_for_ended(floor)
    assert (call.outcome, call.ended_by) == ("answered", "caller")


def test_reading_the_state_again_changes_nothing(cabled: tuple[Floor, Cable]) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, number="13800138001", talk_seconds=1) as patient:
            assert patient.wait() == 0
        with patients_calling(floor.switch.sip_port, number="13800138002", talk_seconds=15):
            wait_for_ended(floor)
            wait_for(lambda: len(all_calls(floor)) == 2 and all_calls(floor)[1].queued_at)
            reconnect(floor, cable)
            size = journal_size(floor)
            reconnect(floor, cable)
            reconnect(floor, cable)
            assert journal_size(floor) == size


@pytest.mark.parametrize("size", [500, 1733])
def test_a_link_that_breaks_in_mid_frame_again_and_again_loses_no_call(cabled: tuple[Floor, Cable], size: int) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        cable.cut_every_bytes = size
        cable.cut()
        with patients_calling(floor.switch.sip_port, talk_seconds=2.5, calls=4, per_second=4) as patients:
            assert patients.wait() == 0
        cable.cut_every_bytes = 0
        calls = wait_for_ended(floor, 4)
    assert cable.connections > 2
    assert sorted((call.outcome or "", call.agent) for call in calls) == [
        ("abandoned", None),
        ("abandoned", None),
        ("abandoned", None),
        ("answered", "alice"),
    ]


def test_a_half_open_link_is_replaced_and_the_call_is_right_afterwards(cabled: tuple[Floor, Cable]) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, talk_seconds=2) as patient:
            wait_for_state(floor, "alice", "talking")
            cable.stop_up()
            wait_for_link(floor, "down")
            assert patient.wait() == 0
        cable.free()
        (call,) = wait_for_ended(floor)
    assert (call.outcome, call.agent, call.ended_by) == ("answered", "alice", "caller")


def test_a_slow_link_delays_and_changes_nothing(cabled: tuple[Floor, Cable]) -> None:
    floor, cable = cabled
    with phone_at(floor.switch.agent_ports["alice"]), contextlib.ExitStack() as stack:
        stack.enter_context(Desks(floor, "alice"))
        cable.delay_seconds = 0.3
        with patients_calling(floor.switch.sip_port, talk_seconds=3) as patient:
            assert patient.wait() == 0
        (call,) = wait_for_ended(floor)
    assert (call.outcome, call.agent, call.ended_by) == ("answered", "alice", "caller")
    assert floor.link_state() == "up"
