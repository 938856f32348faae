"""Callbacks that keep the place on a real Asterisk: asked for by a key, called in turn, once, whatever restarts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.calls.models import Call
from app.kept_places.models import KeptPlace
from app.missed_callers.models import CallbackRequest
from app.outbound_lists.service.prompts import make_prompts
from app.queues.models import Queue
from app.settings import Settings
from telephony.asterisk.config import QueuePlan
from tests.crowd import watch
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, wait_for_state
from tests.sip import patient_pressing, phone_at, phone_hanging_up_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live
SHORT = {"noted": "Noted.", "nobody": "No.", "nobody_offer": "No. One."}


@pytest.fixture
def switch(start_asterisk: Callable[..., Switch]) -> Switch:
    queue = QueuePlan(name="hotline", offers_callback=True, tells_wait=True)
    switch = start_asterisk(queues=(queue,))
    sounds = {"en": make_prompts(switch.folder / "spool", SHORT)}
    switch.asterisk.take_over(queue_sounds=sounds, language="en")
    return switch


@pytest.fixture
def floor(settings: Settings, switch: Switch) -> Iterator[Floor]:
    with floor_on(settings, switch, "alice", "bob") as floor:
        with floor.parts.database.writing() as session:
            session.execute(update(Queue).values(offers_callback=True, tells_wait=True))
        yield floor


def places(floor: Floor) -> list[KeptPlace]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(KeptPlace).order_by(KeptPlace.id)))


def of(floor: Floor, number: str) -> list[Call]:
    return [call for call in all_calls(floor) if call.number_signalled == number]


def ask(floor: Floor, number: str = "13800138000") -> KeptPlace:
    with patient_pressing(floor.switch.sip_port, (2.0, "1"), number=number):
        before = len(places(floor))
        wait_for(lambda: len(places(floor)) > before, seconds=15, what="the kept place")
        wait_for(lambda: all(call.ended_at for call in of(floor, number)), what="the end of the call")
    return places(floor)[-1]


def test_a_caller_asks_rings_off_and_is_called_when_an_agent_is_ready(floor: Floor) -> None:
    place = ask(floor)
    (call,) = all_calls(floor)
    assert (call.outcome, call.state, place.entered_at) == ("callback", "abandoned", call.queued_at)
    with phone_at(floor.switch.agent_ports["alice"]), phone_at(floor.switch.patient_port), Desks(floor, "alice"):
        wait_for(lambda: places(floor)[0].ended_at is not None, what="the callback")
        wait_for_state(floor, "alice", "talking")
        (place,) = places(floor)
        assert (place.result, place.ended_by, place.attempts) == ("called_back", "alice", 0)
        assert place.closing_call_id == all_calls(floor)[1].id
    with floor.parts.database.reading() as session:
        assert session.scalars(select(CallbackRequest)).all() == []


def test_the_line_is_kept_who_waited_before_is_served_before_and_who_came_later_waits(floor: Floor) -> None:
    sip, ports = floor.switch.sip_port, floor.switch.agent_ports

    def on_the_line() -> dict[str, str | None]:
        return {call.number_signalled: call.agent for call in all_calls(floor) if call.queued_at and not call.ended_at}

    with patient_pressing(sip, number="13900000001", seconds=60):
        wait_for(lambda: len(on_the_line()) == 1, what="the first caller")
        ask(floor, "13900000002")
        with patient_pressing(sip, number="13900000003", seconds=60), phone_at(floor.switch.patient_port):
            wait_for(lambda: len(on_the_line()) == 2, what="the third caller")
            with phone_at(ports["alice"]), Desks(floor, "alice"):
                wait_for(lambda: on_the_line().get("13900000001") == "alice", what="the first caller's answer")
                assert (places(floor)[0].orders, on_the_line()["13900000003"]) == (0, None)
                with phone_at(ports["bob"]), Desks(floor, "bob"):
                    wait_for(lambda: places(floor)[0].ended_at is not None, what="the callback")
                    (place,) = places(floor)
                    assert (place.result, place.ended_by, place.orders) == ("called_back", "bob", 1)
                    assert on_the_line()["13900000003"] is None


def test_a_request_made_while_telephony_is_away_is_neither_lost_nor_done_twice(
    settings: Settings, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An order over which telephony stopped is in doubt, for a minute where nobody waits for a test; a call that was
    # never placed is missed at the next look at the whole.
    monkeypatch.setattr("app.calls.service.doubt._UNDONE_AFTER", timedelta(seconds=3))
    monkeypatch.setattr("telephony.runner.SWEEP_SECONDS", 3.0)
    first = Floor(settings, switch)
    first.add_agents("alice")
    with first.parts.database.writing() as session:
        session.execute(update(Queue).values(offers_callback=True))
    first.start()
    with patient_pressing(switch.sip_port, (4.0, "1")) as patient:
        wait_for(lambda: any(call.queued_at for call in all_calls(first)), what="the caller in the queue")
        first.stop()
        patient.wait(20)
    second = Floor(settings, switch)
    second.start()
    try:
        wait_for(lambda: len(places(second)) == 1, what="the kept place")
        with phone_at(switch.agent_ports["alice"]), phone_at(switch.patient_port):
            with telephony_restarting(second) as third:
                wait_for(lambda: places(third)[0].ended_at is not None, seconds=30, what="the callback")
                (place,) = places(third)
                rung = [call for call in all_calls(third) if call.direction == "outbound" and call.offered_at]
                assert (place.result, len(rung)) == ("called_back", 1)
    finally:
        second.stop()


@contextlib.contextmanager
def telephony_restarting(floor: Floor) -> Iterator[Floor]:
    """Stops while the order of a callback is under way, and begins anew with the same desks."""
    with Desks(floor, "alice"):
        wait_for(lambda: places(floor)[0].orders == 1, what="the order")
        floor.stop()
    again = Floor(floor.settings, floor.switch)
    again.start()
    try:
        with Desks(again, "alice"):
            yield again
    finally:
        again.stop()


def test_a_crowd_that_waits_rings_off_and_asks_to_be_called_back_is_served_whole(
    settings: Settings, start_asterisk: Callable[..., Switch], tmp_path: Path
) -> None:
    switch = start_asterisk(queues=(QueuePlan(name="hotline", offers_callback=True),))
    switch.asterisk.take_over(queue_sounds={"en": make_prompts(switch.folder / "spool", SHORT)}, language="en")
    brisk = settings.with_changes(wrap_up=timedelta(seconds=0.3))
    with floor_on(brisk, switch, "alice", "bob") as floor:

        def agents_join() -> contextlib.ExitStack:
            stack = contextlib.ExitStack()
            stack.enter_context(phone_at(switch.patient_port))
            for agent in ("alice", "bob"):
                stack.enter_context(phone_hanging_up_at(switch.agent_ports[agent], after_seconds=0.5))
            stack.enter_context(Desks(floor, "alice", "bob"))
            return stack

        crowd = watch(floor.parts, tmp_path / "crowd", switch.sip_port, each=3, agents_join=agents_join)
    assert crowd.outcomes == {
        "inbound abandoned": 3, "inbound callback": 3, "inbound answered": 3, "outbound answered": 3,
    }  # fmt: skip
    assert (crowd.results, crowd.orders, crowd.missed) == ({"called_back": 3}, 3, 3)
    assert crowd.most_in_flight <= 2
    assert crowd.passed == 0
