"""A page goes away in mid-call: the patient waits for it, is joined to it again, or goes to the next agent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, legs_of, state_of, wait_for_ended, wait_for_state
from tests.sip import patients_calling, phone_at
from tests.sip_page import SIPPage, header
from tests.waiting import wait_for

pytestmark = pytest.mark.live

PASSWORD = "a page's word"


@pytest.fixture
def paged(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Floor]:
    """Alice has a page, bob a plain phone."""
    switch = start_asterisk(plain=("bob",), browsers={"alice": PASSWORD}, rejoin_seconds=2)
    with floor_on(settings, switch, "alice", "bob") as floor:
        yield floor


def page_of_alice(floor: Floor) -> SIPPage:
    return SIPPage(floor.switch.sip_ws_url, "alice", PASSWORD)


def test_a_reloaded_page_is_joined_to_the_same_patient(paged: Floor) -> None:
    with page_of_alice(paged) as page, Desks(paged, "alice"):
        with patients_calling(paged.switch.sip_port, talk_seconds=5) as patient:
            wait_for_state(paged, "alice", "talking")
            page.vanish()
            wait_for(lambda: [call for call in all_calls(paged) if call.rejoining_at], what="the patient's wait")
            with page_of_alice(paged) as reloaded:
                wait_for(lambda: [call for call in all_calls(paged) if not call.rejoining_at], what="the reunion")
                assert [header(invite, "X-Wardline-Answer") for invite in reloaded.invites] == ["auto"]
                assert state_of(paged, "alice") == "talking"
                assert patient.wait() == 0
        (call,) = wait_for_ended(paged)
    first, second = legs_of(paged, call)
    assert (call.outcome, call.agent, call.ended_by) == ("answered", "alice", "caller")
    assert (first.cause, second.cause, call.answered_at) == ("lost", "caller", first.answered_at)


def test_a_patient_whose_agent_does_not_come_back_goes_to_the_next_agent(paged: Floor) -> None:
    with page_of_alice(paged) as page, contextlib.ExitStack() as stack:
        desks = stack.enter_context(Desks(paged, "alice"))
        with patients_calling(paged.switch.sip_port, talk_seconds=8) as patient:
            wait_for_state(paged, "alice", "talking")
            desks.die("alice")
            page.vanish()
            stack.enter_context(phone_at(paged.switch.agent_ports["bob"]))
            stack.enter_context(Desks(paged, "bob"))
            wait_for_state(paged, "bob", "talking")
            assert state_of(paged, "alice") in ("not_ready", "offline")
            assert patient.wait() == 0
        (call,) = wait_for_ended(paged)
    assert (call.outcome, call.agent) == ("answered", "bob")


def test_a_caller_rung_at_a_page_that_closes_is_with_the_next_agent_at_once(paged: Floor) -> None:
    with page_of_alice(paged) as page, phone_at(paged.switch.agent_ports["bob"]), Desks(paged, "alice", "bob"):
        page.vanish()
        with patients_calling(paged.switch.sip_port, talk_seconds=3) as patient:
            wait_for_state(paged, "bob", "talking")
            assert patient.wait() == 0
    (call,) = wait_for_ended(paged)
    assert (call.outcome, call.agent) == ("answered", "bob")
