"""Asterisk or telephony is killed in mid-call, or telephony is not there at all: afterwards every call is on record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest

from app.calls.rules import CommandKind
from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.live.desks import (
    Desks,
    all_calls,
    ended_calls,
    floor_on,
    order,
    state_of,
    telephony_process,
    wait_for_ended,
    wait_for_state,
)
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

AGENTS = ("alice", "bob", "carol", "dave")


def test_calls_that_die_with_asterisk_end_by_restart_and_the_next_call_works(floor: Floor) -> None:
    switch = floor.switch
    with phone_at(switch.agent_ports["alice"]), phone_at(switch.agent_ports["bob"]), Desks(floor, "alice", "bob"):
        with patients_calling(switch.sip_port, number="13800138001", talk_seconds=30):
            wait_for(lambda: [call for call in all_calls(floor) if call.answered_at], what="the conversation")
            (call,) = all_calls(floor)
            agent = call.agent or ""
            switch.asterisk.kill()
            wait_for(lambda: floor.link_state() == "down", what="the loss of the link")
            switch.asterisk.start()
            (call,) = wait_for_ended(floor)
            wait_for_state(floor, agent, "wrap_up")
        assert (call.outcome, call.ended_by) == ("answered", "restart")
        order(floor, CommandKind.FINISH_WRAP_UP, agent, call_id=call.id)
        assert state_of(floor, agent) == "ready"
        with patients_calling(switch.sip_port, number="13800138002", talk_seconds=2) as patient:
            assert patient.wait() == 0
        calls = wait_for_ended(floor, 2)
    assert [call.outcome for call in calls] == ["answered", "answered"]


def test_a_call_that_began_unheard_and_died_with_asterisk_is_on_record(settings: Settings, switch: Switch) -> None:
    with floor_on(settings, switch, "alice", "bob"):
        first_second = int(time.time())
    wait_for(lambda: int(time.time()) > first_second, what="another second, for Asterisk tells its start in seconds")
    with patients_calling(switch.sip_port, talk_seconds=30):
        wait_for(lambda: "1 active channel" in switch.asterisk.console("core show channels count"))
        switch.asterisk.kill()
    switch.asterisk.start()
    with floor_on(settings, switch) as floor:
        (call,) = wait_for_ended(floor)
    assert (call.outcome, call.ended_by, call.number) == ("abandoned", "restart", "+8613800138000")


def test_every_call_is_on_record_after_telephony_was_killed_among_twenty(
    settings: Settings, start_asterisk: Callable[..., Switch]
) -> None:
    switch = start_asterisk(plain=AGENTS)
    floor = Floor(settings, switch)
    floor.add_agents(*AGENTS)
    with contextlib.ExitStack() as stack:
        stack.callback(floor.stop)
        for agent in AGENTS:
            stack.enter_context(phone_at(switch.agent_ports[agent]))
        with telephony_process(floor, *AGENTS) as process:
            for agent in AGENTS:
                wait_for_state(floor, agent, "not_ready", seconds=20)
                order(floor, CommandKind.SET_READY, agent)
            patients = stack.enter_context(patients_calling(switch.sip_port, talk_seconds=4, calls=20, per_second=10))
            wait_for(lambda: state_of(floor, "alice") == "talking" and len(all_calls(floor)) > 5, what="the rush")
            process.kill()
            process.wait()
        assert len(ended_calls(floor)) < 20
        assert patients.wait() == 0
        floor.start()
        calls = wait_for_ended(floor, 20)
        assert len(calls) == len(all_calls(floor)) == 20
        outcomes = sorted(str(call.outcome) for call in calls)
        assert outcomes == ["abandoned"] * 16 + ["answered"] * 4
        assert {call.agent for call in calls if call.outcome == "answered"} == set(AGENTS)
        assert {state_of(floor, agent) for agent in AGENTS} <= {"wrap_up", "ready", "not_ready"}


def test_phones_ring_without_telephony_and_the_call_is_on_record_afterwards(
    settings: Settings, start_asterisk: Callable[..., Switch]
) -> None:
    switch = start_asterisk(heartbeat_seconds=1)
    with floor_on(settings, switch, "alice", "bob"):
        last_heard_at = time.time()
    with phone_at(switch.agent_ports["alice"]):
        wait_for(lambda: time.time() - last_heard_at > 2.5, what="the age of the heartbeat")
        with patients_calling(switch.sip_port, talk_seconds=2) as patient:
            assert patient.wait() == 0
    with floor_on(settings, switch) as floor:
        (call,) = wait_for_ended(floor)
    assert (call.outcome, call.agent, call.queue, call.ended_by) == ("answered", "alice", "fallback", "caller")
