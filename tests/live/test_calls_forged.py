"""A caller whose number carries line breaks writes events of his own into Asterisk's stream."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.alarms.models import Alarm
from app.alarms.rules import AlarmKind
from app.parts import Parts
from app.patients import service as patients
from app.patients.service import PatientData, PhoneData
from tests.live.conftest import Floor
from tests.live.desks import Desks, all_calls, wait_for_ended, wait_for_state
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

KNOWN = "13900139000"


def percent_encoded(*lines: str) -> str:
    return quote("\r\n".join(lines), safe="")


# A whole event of its own, which claims that a known patient calls.
WHOLE_EVENT = percent_encoded(
    "138",
    "",
    "Event: Newchannel",
    "Timestamp: 1700000000.1",
    "Channel: PJSIP/trunk-000000ff",
    f"CallerIDNum: {KNOWN}",
    "Exten: 4000",
    "Context: from-trunk",
    "Uniqueid: 7.7",
    "Linkedid: 7.7",
    "",
    "Event: x",
)
SECOND_EVENT_HEADER = percent_encoded("138", "Event: Newchannel", f"CallerIDNum: {KNOWN}")


def alarms(floor: Floor) -> list[str]:
    with floor.parts.database.reading() as session:
        return list(session.scalars(select(Alarm.kind)))


def make_patient(parts: Parts) -> None:
    data = PatientData(name="王小明", phones=(PhoneData(number=KNOWN),))
    with parts.database.writing() as session:
        patients.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=parts.now())


@pytest.mark.parametrize("number", [WHOLE_EVENT, SECOND_EVENT_HEADER], ids=["a whole event", "a second header"])
def test_a_forged_event_raises_an_alarm_and_shows_no_patient(floor: Floor, number: str) -> None:
    make_patient(floor.parts)
    with patients_calling(floor.switch.sip_port, number=number, talk_seconds=3) as caller:
        wait_for(lambda: AlarmKind.FORGED_EVENTS in alarms(floor), what="the alarm")
        caller.wait()
    calls = wait_for_ended(floor)
    assert floor.link_state() == "up"
    assert [call.patient_id for call in calls] == [None] * len(calls)
    assert [call.match_state for call in calls] == ["none"] * len(calls)


def test_a_caller_with_line_breaks_in_the_number_is_served_all_the_same(floor: Floor) -> None:
    with phone_at(floor.switch.agent_ports["alice"]), Desks(floor, "alice"):
        with patients_calling(floor.switch.sip_port, number=SECOND_EVENT_HEADER, talk_seconds=4) as caller:
            wait_for_state(floor, "alice", "talking")
            assert caller.wait() == 0
        wait_for(lambda: [call for call in all_calls(floor) if call.outcome == "answered"], what="the record")
        wait_for_state(floor, "alice", "wrap_up")
