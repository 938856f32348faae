"""A patient calls the hotline through a real Asterisk; what the database then knows."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import CommandKind
from app.errors import Conflict
from tests.live.conftest import Floor
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live


def press_ready(floor: Floor, agent: str) -> None:
    floor.prove(agent)
    calls.order(floor.parts, id=str(uuid.uuid4()), kind=CommandKind.SET_READY, args={}, agent=agent, issued_by=agent)


def agent_state(floor: Floor, agent: str) -> str:
    with floor.parts.database.reading() as session:
        row = session.get(AgentStatus, agent)
        assert row is not None
        return row.state


def all_calls(floor: Floor) -> list[Call]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(Call).order_by(Call.started_at)))


def test_an_answered_call_is_on_record_with_its_times_and_agent(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]):
        press_ready(floor, "alice")
        with patients_calling(floor.switch.sip_port, number="13800138000", talk_seconds=2.5) as sipp:
            wait_for(lambda: agent_state(floor, "alice") == "talking", what="the conversation")
            floor.prove("alice")
            assert sipp.wait() == 0
        wait_for(lambda: agent_state(floor, "alice") == "wrap_up", what="wrap-up")
    (call,) = all_calls(floor)
    assert (call.direction, call.number, call.outcome, call.agent) == ("inbound", "+8613800138000", "answered", "alice")
    assert call.ended_by == "caller"
    assert call.queue == "hotline"
    assert call.answered_at and call.ended_at and 1.0 < (call.ended_at - call.answered_at).total_seconds() < 3.0


def test_ready_is_refused_to_a_desk_that_has_not_proved_itself(floor: Floor) -> None:
    floor.parts.bus.publish("proofs", {"agent": "alice", "page": "p", "registered": False, "microphone": True})
    wait_for(lambda: agent_state(floor, "alice") == "not_ready", what="the desk")
    with pytest.raises(Conflict, match="not registered"):
        calls.order(
            floor.parts, id=str(uuid.uuid4()), kind=CommandKind.SET_READY, args={}, agent="alice", issued_by="alice"
        )
