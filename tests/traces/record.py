"""Records the traces anew: `pytest tests/traces/record.py`. Not part of the test run; its files are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.calls.rules import CommandKind
from app.settings import Settings
from tests.live.conftest import Floor, Switch, asterisk_program, start_asterisk
from tests.live.desks import Desks, all_calls, floor_on, order, wait_for_ended, wait_for_state
from tests.sip import (
    patients_calling,
    phone_at,
    phone_hanging_up_at,
    phone_holding_at,
    phone_refusing_at,
    phone_ringing_at,
)
from tests.sip_page import SIPPage
from tests.traces.recorder import Recording
from tests.traces.traces import DIAL_ID, DIALLED
from tests.waiting import wait_for

__all__ = ["asterisk_program", "start_asterisk"]

_HERE = Path(__file__).parent
_PASSWORD = "a page's word"


@pytest.fixture
def recorded(
    settings: Settings, start_asterisk: Callable[..., Switch], request: pytest.FixtureRequest
) -> Iterator[Floor]:
    """Records a test's calls under the test's name. Alice and bob have plain phones, carol has a page."""
    switch = start_asterisk(browsers={"carol": _PASSWORD})
    with floor_on(settings, switch, "alice", "bob", "carol") as floor, Recording(switch) as recording:
        yield floor
        wait_for(lambda: "0 active channels" in switch.asterisk.console("core show channels count"))
        hangups = recording.data.count(b"Event: Newchannel\r\n")
        wait_for(lambda: recording.data.count(b"Event: Hangup\r\n") == hangups, what="the last event")
    name = request.node.name.removeprefix("test_")
    recording.save(_HERE / f"{name}.ami")


def call_in(floor: Floor, *, talk_seconds: float = 1.0) -> contextlib.AbstractContextManager[object]:
    return patients_calling(floor.switch.sip_port, talk_seconds=talk_seconds)


def transfer(floor: Floor, to: str) -> None:
    order(floor, CommandKind.TRANSFER, "alice", call_id=all_calls(floor)[0].id, to=to)


def dial(floor: Floor) -> None:
    order(floor, CommandKind.DIAL, "alice", id=DIAL_ID, number=DIALLED)


def test_answered(recorded: Floor) -> None:
    with phone_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"), call_in(recorded):
        wait_for_ended(recorded)


def test_abandoned_while_ringing(recorded: Floor) -> None:
    with phone_ringing_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"), call_in(recorded):
        wait_for_ended(recorded)


def test_abandoned_at_once(recorded: Floor) -> None:
    with call_in(recorded, talk_seconds=0):
        wait_for_ended(recorded)


def test_rejected_then_answered(recorded: Floor) -> None:
    ports = recorded.switch.agent_ports
    with phone_refusing_at(ports["alice"]), phone_at(ports["bob"]), Desks(recorded, "alice", "bob"):
        with call_in(recorded, talk_seconds=2.5):
            wait_for_ended(recorded)


def test_missed_then_answered(recorded: Floor) -> None:
    ports = recorded.switch.agent_ports
    with phone_ringing_at(ports["alice"]), phone_at(ports["bob"]), Desks(recorded, "alice", "bob"):
        with call_in(recorded, talk_seconds=6):
            wait_for_ended(recorded)


def test_held(recorded: Floor) -> None:
    with phone_holding_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"):
        with call_in(recorded, talk_seconds=3):
            wait_for_ended(recorded)


def test_transferred_to_agent(recorded: Floor) -> None:
    ports = recorded.switch.agent_ports
    with phone_at(ports["alice"]), phone_at(ports["bob"]), Desks(recorded, "alice"):
        with call_in(recorded, talk_seconds=3):
            wait_for_state(recorded, "alice", "talking")
            with Desks(recorded, "bob"):
                transfer(recorded, "bob")
                wait_for_ended(recorded)


def test_transferred_to_queue(recorded: Floor) -> None:
    ports = recorded.switch.agent_ports
    with phone_at(ports["alice"]), phone_at(ports["bob"]), Desks(recorded, "alice"):
        with call_in(recorded, talk_seconds=4):
            wait_for_state(recorded, "alice", "talking")
            transfer(recorded, "hotline")
            with Desks(recorded, "bob"):
                wait_for_ended(recorded)


def test_outbound_answered(recorded: Floor) -> None:
    with phone_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"):
        with phone_hanging_up_at(recorded.switch.patient_port, after_seconds=1):
            dial(recorded)
            wait_for_ended(recorded)


def test_outbound_busy(recorded: Floor) -> None:
    with phone_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"):
        with phone_refusing_at(recorded.switch.patient_port):
            dial(recorded)
            wait_for_ended(recorded)


def test_outbound_no_answer(recorded: Floor) -> None:
    with phone_at(recorded.switch.agent_ports["alice"]), Desks(recorded, "alice"):
        with phone_refusing_at(recorded.switch.patient_port, code=480):
            dial(recorded)
            wait_for_ended(recorded)


def test_rejoined(recorded: Floor) -> None:
    page = SIPPage(recorded.switch.sip_ws_url, "carol", _PASSWORD)
    with page, Desks(recorded, "carol"), call_in(recorded, talk_seconds=4):
        wait_for_state(recorded, "carol", "talking")
        page.vanish()
        with SIPPage(recorded.switch.sip_ws_url, "carol", _PASSWORD):
            wait_for_ended(recorded)
