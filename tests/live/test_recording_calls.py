"""Real calls through a real Asterisk, and the recordings that they leave."""

from __future__ import annotations

import time
import uuid

import pytest
from sqlalchemy import select

from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.rules import CommandKind
from app.cli.sipp import BUSY, DemoPatients, PatientCall, Progress
from app.recordings import tasks
from app.recordings.models import Recording
from app.recordings.rules import Finding, RecordingState
from recordings.pickup import process_recording
from tests.live.conftest import Floor
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_SILENT = {Finding.SILENT_AGENT, Finding.SILENT_PATIENT}


def _press_ready(floor: Floor, agent: str) -> None:
    floor.prove(agent)
    calls.order(floor.parts, id=str(uuid.uuid4()), kind=CommandKind.SET_READY, args={}, agent=agent, issued_by=agent)


def _agent_state(floor: Floor, agent: str) -> str | None:
    with floor.parts.database.reading() as session:
        return session.scalar(select(AgentStatus.state).where(AgentStatus.id == agent))


def _recording(floor: Floor) -> Recording | None:
    with floor.parts.database.reading() as session:
        return session.scalar(select(Recording))


def _picked_up(floor: Floor) -> Recording:
    """The one recording, once its file has been looked at to the end."""

    def look() -> Recording | None:
        for recording_id in tasks.due_recordings(floor.parts):
            process_recording(floor.parts, recording_id)
        found = _recording(floor)
        return found if found and found.state not in (RecordingState.RECORDING, RecordingState.WAITING) else None

    return wait_for(look, seconds=30, what="the recording")


def _talk(floor: Floor, agent: str, seconds: float) -> None:
    """Keep the desk proving itself while the conversation lasts."""
    wait_for(lambda: floor.prove(agent) or _agent_state(floor, agent) == "talking", what="the conversation")
    until = time.monotonic() + seconds
    wait_for(lambda: floor.prove(agent) or time.monotonic() > until, seconds=seconds + 5, what="the talk")


def test_recording_outlives_a_kill_of_asterisk(floor: Floor) -> None:
    with DemoPatients(floor.switch.agent_ports["alice"], say="您好，这里是患者服务中心。"):
        _press_ready(floor, "alice")
        number, said = "13800138000", "您好，我想预约复查。"
        with PatientCall(sip_port=floor.switch.sip_port, number=number, hotline="4000", say=said):
            _talk(floor, "alice", 6)
            floor.switch.asterisk.kill()
            floor.switch.asterisk.start()
        found = _picked_up(floor)
    assert found.state == RecordingState.READY
    assert Finding.CUT_OFF in (found.findings or [])
    assert not _SILENT & set(found.findings or [])
    # The conversation lasted 6 s; Asterisk's buffer holds at most 1.02 s.
    assert found.seconds is not None and found.seconds > 4.9


def test_caller_is_refused_at_a_number_that_is_not_ours(floor: Floor) -> None:
    with PatientCall(sip_port=floor.switch.sip_port, number="13800138000", hotline="4999", say="hello") as call:
        wait_for(lambda: call.progress is Progress.REFUSED, what="the refusal")
        assert call.refusal == 404


def test_phone_that_is_busy_says_so(floor: Floor) -> None:
    with DemoPatients(floor.switch.agent_ports["alice"], behaviour=BUSY) as phone:
        _press_ready(floor, "alice")
        with PatientCall(sip_port=floor.switch.sip_port, number="13800138000", hotline="4000", say="hello"):
            wait_for(lambda: "refused" in phone.events, what="the busy tone")
