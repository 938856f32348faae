"""Callbacks that keep the place on a real Asterisk: asked for by a key, called in turn, once, whatever restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from app.calls.models import TelephonyCommand
from app.kept_places.models import KeptPlace
from app.missed_callers.models import CallbackRequest
from app.outbound_lists.service.prompts import make_prompts
from app.queues.models import Queue
from app.queues.rules.waiting import fixed_sounds
from app.settings import Settings
from telephony.asterisk.config import QueuePlan
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, wait_for_ended, wait_for_state
from tests.sip import patient_pressing, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture
def switch(start_asterisk: Callable[..., Switch], tmp_path_factory: pytest.TempPathFactory) -> Switch:
    spool = tmp_path_factory.getbasetemp().parent / "x"
    del spool
    queue = QueuePlan(name="hotline", offers_callback=True, tells_wait=True)
    switch = start_asterisk(queues=(queue,))
    sounds = {"en": make_prompts(switch.folder / "spool", fixed_sounds("en"))}
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


def ask(floor: Floor, number: str = "13800138000") -> KeptPlace:
    with patient_pressing(floor.switch.sip_port, (2.0, "1"), number=number):
        before = len(places(floor))
        wait_for(lambda: len(places(floor)) > before, seconds=15, what="the kept place")
        wait_for(lambda: all(call.ended_at for call in all_calls(floor)), seconds=15, what="the end of the call")
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
