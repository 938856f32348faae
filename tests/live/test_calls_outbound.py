"""Agents dial patients through a real Asterisk: rung once, never late, and with the right outcome."""

from __future__ import annotations

import threading
import uuid

import pytest

from app.calls.models import TelephonyCommand
from app.calls.rules import CommandKind
from app.calls.service.commands import COMMAND_LIFETIME
from app.errors import Conflict, Unavailable
from tests.live.conftest import Floor
from tests.live.desks import Desks, all_calls, order, state_of, wait_for_ended, wait_for_state
from tests.sip import phone_at, phone_hanging_up_at, phone_refusing_at, phone_ringing_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

NUMBER = "+8613800138000"


def dial(floor: Floor, *, id: str = "") -> str:
    return order(floor, CommandKind.DIAL, "alice", id=id, number=NUMBER)


def test_a_dialled_patient_who_answers_is_on_record(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with phone_hanging_up_at(floor.switch.patient_port, after_seconds=1):
            dial(floor)
            wait_for(lambda: [call for call in all_calls(floor) if call.answered_at], what="the answer")
            assert state_of(floor, "alice") == "talking"
            (call,) = wait_for_ended(floor)
            wait_for_state(floor, "alice", "wrap_up")
    assert (call.direction, call.number, call.dialled, call.agent) == ("outbound", NUMBER, "13800138000", "alice")
    assert (call.outcome, call.ended_by) == ("answered", "caller")


@pytest.mark.parametrize(("code", "outcome"), [(486, "busy"), (404, "wrong_number"), (480, "no_answer")])
def test_a_dialled_patient_who_is_not_reached_is_on_record_with_the_reason(
    floor: Floor, code: int, outcome: str
) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with phone_refusing_at(floor.switch.patient_port, code=code):
            dial(floor)
            (call,) = wait_for_ended(floor)
            wait_for_state(floor, "alice", "wrap_up")
    assert (call.outcome, call.state, call.answered_at) == (outcome, "failed", None)


def test_an_agent_who_hangs_up_while_it_rings_has_cancelled_the_call(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with phone_ringing_at(floor.switch.patient_port):
            dial(floor)
            wait_for(lambda: [call for call in all_calls(floor) if call.offered_at], what="the ringing")
            order(floor, CommandKind.HANG_UP, "alice", call_id=all_calls(floor)[0].id)
            (call,) = wait_for_ended(floor)
    assert (call.outcome, call.ended_by) == ("agent_cancelled", "agent")


def test_an_agent_whose_own_phone_does_not_answer_dials_nobody(floor: Floor) -> None:
    with phone_refusing_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with phone_at(floor.switch.patient_port):
            dial(floor)
            (call,) = wait_for_ended(floor)
    assert (call.outcome, call.offered_at) == ("agent_cancelled", None)


def test_the_same_order_given_twice_at_once_dials_once(floor: Floor) -> None:
    id = str(uuid.uuid4())
    with phone_at(floor.switch.agent_ports["alice"]), phone_at(floor.switch.patient_port), Desks(floor, "alice"):
        threads = [threading.Thread(target=dial, args=(floor,), kwargs={"id": id}) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for_state(floor, "alice", "talking")
        wait_for(lambda: [call for call in all_calls(floor) if call.answered_at], what="the answer")
        assert floor.switch.asterisk.console("core show channels count").startswith("2 active channels")
    assert len(all_calls(floor)) == 1


def test_an_agent_in_a_call_is_refused_a_second_one(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), phone_ringing_at(floor.switch.patient_port):
        with Desks(floor, "alice"):
            dial(floor)
            with pytest.raises(Conflict, match="Finish the present call"):
                dial(floor)


def test_an_order_that_is_too_late_is_refused_and_nobody_is_rung(floor: Floor) -> None:
    now = floor.parts.now()
    late = TelephonyCommand(
        id=str(uuid.uuid4()), kind=CommandKind.DIAL, args={"number": NUMBER}, agent="alice", issued_by="alice",
        created_at=now - COMMAND_LIFETIME, expires_at=now,
    )  # fmt: skip
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with floor.parts.database.writing() as session:
            session.add(late)
        with pytest.raises(Unavailable, match="Nothing was done"):
            dial(floor, id=late.id)
        assert all_calls(floor) == []
        assert state_of(floor, "alice") == "ready"
