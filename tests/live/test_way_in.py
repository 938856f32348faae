"""The way in on a real Asterisk: keys, hours, messages, and flows that go live while people talk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.call_flows.rules import Flow, Goal, Hours, Menu, Message, Target, languages_of, sounds_of
from app.calls.models import Call
from app.followups.models import FollowupTask
from app.missed_callers.models import CallbackRequest
from app.outbound_lists.service.prompts import make_prompts
from app.patients.models import Patient, PatientPhone
from app.queues.models import QueueMember
from app.queues.rules import Strategy
from app.queues.service import QueueData, add_queue
from app.recordings.models import Recording
from app.settings import Settings
from telephony.asterisk.config import QueuePlan
from telephony.asterisk.way_in import FlowPlan
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, wait_for_ended, wait_for_state
from tests.sip import patient_pressing, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

HOTLINE = Target(goal=Goal.QUEUE, name="hotline")
SHUT = Message(code="shut", texts={"en": "Closed."})
FLOW = Flow(
    hotlines=("4000",), language="en", greeting={"en": "Hi. Recorded."}, opened=Target(goal=Goal.MENU, name="m1"),
    closed=Target(goal=Goal.MESSAGE, name="shut"), messages=(SHUT,),
    menus=(
        Menu(
            code="m1", texts={"en": "Press two for the ward, which is the second of two places that you may reach."},
            keys={"1": HOTLINE, "2": Target(goal=Goal.QUEUE, name="ward")}, otherwise=HOTLINE,
        ),
    ),
)  # fmt: skip
NEVER = Hours(always=False)


def plan(switch_folder: Path, flow: Flow) -> FlowPlan:
    sounds = {each: make_prompts(switch_folder / "spool", sounds_of(flow, each)) for each in languages_of(flow)}
    return FlowPlan(number=1, flow=flow, sounds=sounds)


@pytest.fixture
def switch_with(start_asterisk: Callable[..., Switch], tmp_path: Path) -> Callable[..., Switch]:
    def start(flow: Flow, **changes: object) -> Switch:
        (tmp_path / "asterisk/spool/prompts").mkdir(parents=True)
        queues = (QueuePlan(name="hotline"), QueuePlan(name="ward"))
        return start_asterisk(flows=(plan(tmp_path / "asterisk", flow),), queues=queues, **changes)

    return start


def test_a_caller_who_presses_two_waits_in_the_second_queue_and_has_heard_the_notice(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(FLOW)
    with floor_on(settings, switch, "alice") as floor, patient_pressing(switch.sip_port, (3.0, "2")) as patient:
        wait_for(lambda: any(call.queue for call in all_calls(floor)), seconds=15, what="a caller in a queue")
        (call,) = all_calls(floor)
        assert (call.queue, call.state) == ("ward", "ringing")
        assert call.notice_at is not None and call.queued_at is not None and call.notice_at <= call.queued_at
        patient.stop()


def test_a_caller_outside_the_hours_hears_so_and_is_on_the_list_of_those_to_call_back(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(replace(FLOW, hours=NEVER))
    with floor_on(settings, switch, "alice") as floor, patient_pressing(switch.sip_port):
        (call,) = wait_for_ended(floor)
        assert (call.outcome, call.state, call.queue) == ("closed", "abandoned", None)
        assert call.notice_at is not None and call.closed_at is not None
        with floor.parts.database.reading() as session:
            missed = session.scalars(select(CallbackRequest)).one()
        assert missed.number == "+8613800138000"


def test_a_message_after_the_tone_is_a_recording_of_the_call_and_a_task_for_the_service_centre(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(replace(FLOW, hours=NEVER, messages=(replace(SHUT, records=True),)))
    with floor_on(settings, switch, "alice") as floor, patient_pressing(switch.sip_port, (6.5, "1")):
        (call,) = wait_for_ended(floor)
        assert (call.outcome, call.voicemail_at is not None) == ("voicemail", True)
        with floor.parts.database.reading() as session:
            recording = session.scalars(select(Recording)).one()
            (task,) = session.scalars(select(FollowupTask))
        assert (recording.call_id, recording.state) == (call.id, "waiting")
        assert (task.kind, task.role, task.patient_id) == ("voicemail", "service_centre", call.patient_id)
        assert (switch.folder / f"spool/monitor/{call.linkedid}.raw").stat().st_size > 0


def test_a_flow_goes_live_while_a_call_is_up_and_the_call_stays(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(replace(FLOW, opened=HOTLINE))
    with (
        floor_on(settings, switch, "alice") as floor,
        phone_at(switch.agent_ports["alice"]),
        Desks(floor, "alice"),
        patient_pressing(switch.sip_port, seconds=60),
    ):
        wait_for_state(floor, "alice", "talking", seconds=15)
        closed = plan(switch.folder, replace(FLOW, hours=NEVER))
        switch.asterisk.take_over(flows=(closed,))
        with patient_pressing(switch.sip_port, number="13900139000"):
            (second,) = wait_for_ended(floor)
        assert (second.number_signalled, second.outcome) == ("13900139000", "closed")
        (first,) = [call for call in all_calls(floor) if call.ended_at is None]
        assert (first.state, first.agent) == ("answered", "alice")


def test_an_agent_of_the_second_queue_is_rung_for_it_and_who_waits_too_long_in_the_first_goes_on_to_it(
    settings: Settings, start_asterisk: Callable[..., Switch]
) -> None:
    ward = QueuePlan(name="ward")
    switch = start_asterisk(queues=(QueuePlan(name="hotline", max_wait_seconds=2, overflow="ward"), ward))
    floor = Floor(settings, switch)
    floor.add_agents("alice", "bob")
    data = QueueData(
        label="Ward", service_level_seconds=20, service_level_target=0.8, strategy=Strategy.LEAST_RECENT,
        wrap_up_seconds=None, max_wait_seconds=None, overflow=None, members={"bob": 0},
    )  # fmt: skip
    with floor.parts.database.writing() as session:
        add_queue(session, "ward", data)
        session.delete(session.get_one(QueueMember, ("hotline", "bob")))
    floor.start()
    try:
        with phone_at(switch.agent_ports["bob"]), Desks(floor, "bob"), patient_pressing(switch.sip_port, seconds=30):
            wait_for(lambda: [call.queue for call in all_calls(floor)] == ["hotline"], what="the first queue")
            wait_for_state(floor, "bob", "talking", seconds=15)
            (call,) = all_calls(floor)
            assert (call.queue, call.agent, call.state) == ("ward", "bob", "answered")
    finally:
        floor.stop()


def test_a_key_patient_is_greeted_in_her_language_and_enters_before_who_has_just_come(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    other = {"en": "Hi. Recorded.", "zh_Hans": "您好。"}
    switch = switch_with(replace(FLOW, opened=HOTLINE, greeting=other))
    with floor_on(settings, switch, "alice") as floor:

        def queued() -> list[Call]:
            return [call for call in all_calls(floor) if call.queue]

        now = floor.parts.now()
        with floor.parts.database.writing() as session:
            wang = Patient(name="Wang", created_at=now, updated_at=now, is_key_patient=True, language="zh-Hans")
            wang.phones = [PatientPhone(number="+8613800138000", kind="mobile", as_entered="-")]
            session.add(wang)
        with patient_pressing(switch.sip_port, number="13900139000"):
            wait_for(lambda: bool(queued()), seconds=15, what="the first caller")
            with patient_pressing(switch.sip_port):
                wait_for(lambda: len(queued()) == 2, seconds=15, what="the key patient")
                channels = switch.asterisk.console("queue show hotline")
                key = next(call for call in queued() if call.number_signalled == "13800138000")
                shown = switch.asterisk.console("core show channels concise")
                channel = next(line.split("!")[0] for line in shown.splitlines() if line.endswith(key.linkedid))
                callers = [line.strip() for line in channels.splitlines() if line.strip()[:2] in ("1.", "2.")]
                assert channel in callers[0]
                chinese = plan(switch.folder, replace(FLOW, opened=HOTLINE, greeting=other)).sounds["zh_Hans"]
                assert chinese in switch.asterisk.console(f"core show channel {channel}")
