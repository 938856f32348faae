"""What a caller meets before an agent answers, on a real Asterisk: who is rung first, what is said, where it leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.call_flows.models import CallFlow, CallFlowVersion
from app.call_flows.rules import Flow, Goal, Target, languages_of, sounds_of, to_document
from app.call_flows.rules.appointments import appointment_sentence
from app.calls.models import Call, Leg
from app.followups.models import FollowupTask
from app.kept_places.models import KeptPlace
from app.missed_callers.models import CallbackRequest
from app.outbound_lists.service.prompts import make_prompts
from app.patients.models import Patient, PatientPhone
from app.queues.models import Queue
from app.queues.rules.waiting import sentence
from app.settings import Settings
from telephony.asterisk.config import QueuePlan
from telephony.asterisk.way_in import FlowPlan
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, wait_for_ended, wait_for_state
from tests.sip import patient_pressing, phone_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

HOTLINE = Target(goal=Goal.QUEUE, name="hotline")
FLOW = Flow(hotlines=("4000",), language="en", greeting={"en": "Hi."}, opened=HOTLINE)
SHORT = {"noted": "Noted.", "nobody": "No.", "nobody_offer": "No. One."}


@pytest.fixture
def switch_with(start_asterisk: Callable[..., Switch], tmp_path: Path) -> Callable[..., Switch]:
    def start(*queues: QueuePlan, flow: Flow = FLOW) -> Switch:
        spool = tmp_path / "asterisk/spool"
        (spool / "prompts").mkdir(parents=True)
        sounds = {each: make_prompts(spool, sounds_of(flow, each)) for each in languages_of(flow)}
        plan = FlowPlan(number=1, flow=flow, sounds=sounds)
        said = {"en": make_prompts(spool, SHORT)}
        return start_asterisk(flows=(plan,), queues=queues, queue_sounds=said, language="en")

    return start


def configure(floor: Floor, **values: Any) -> None:
    with floor.parts.database.writing() as session:
        session.execute(update(Queue).values(**values))


def wang(floor: Floor, **values: Any) -> int:
    now = floor.parts.now()
    with floor.parts.database.writing() as session:
        patient = Patient(name="Wang", created_at=now, updated_at=now, **values)
        patient.phones = [PatientPhone(number="+8613800138000", kind="mobile", as_entered="-")]
        session.add(patient)
        session.flush()
        return patient.id


def channel_of(switch: Switch, call: Call) -> str:
    lines = switch.asterisk.console("core show channels concise").splitlines()
    return next(line.split("!")[0] for line in lines if line.endswith(call.linkedid))


def test_those_who_wait_are_told_their_place_and_only_numbers_that_we_dial_may_be_called_back(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(QueuePlan(name="hotline", tells_wait=True, offers_callback=True))
    with floor_on(settings, switch, "alice") as floor:
        configure(floor, tells_wait=True, offers_callback=True)
        with (
            patient_pressing(switch.sip_port, number="13900000001", seconds=40),
            patient_pressing(switch.sip_port, (3.5, "1"), number="0085261234567", seconds=40),
        ):
            wait_for(lambda: sum(bool(call.queued_at) for call in all_calls(floor)) == 2, what="two callers")

            def said(number: str) -> tuple[str, int]:
                call = next(call for call in all_calls(floor) if call.number_signalled == number)
                shown = switch.asterisk.console(f"core show channel {channel_of(switch, call)}")
                place = 1 + sum(other.queued_at < call.queued_at for other in all_calls(floor))  # type: ignore[operator]
                return next(line.split(":")[1].strip() for line in shown.splitlines() if "Language" in line), place

            for number, offers in (("13900000001", True), ("0085261234567", False)):
                wait_for(lambda number=number: len(said(number)[0]) == 32, what="a sentence")  # type: ignore[misc]
                folder, place = said(number)
                text = sentence("en", place=place, minutes=None, offers_callback=offers)
                assert folder == make_prompts(switch.folder / "spool", {"say": text})
            with phone_at(switch.agent_ports["alice"]), Desks(floor, "alice"):
                wait_for_state(floor, "alice", "talking", seconds=15)
            with floor.parts.database.reading() as session:
                assert session.scalars(select(KeptPlace)).all() == []


def test_who_talked_with_the_caller_last_is_rung_first_and_when_not_ready_everybody(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    # The greeting is long enough for the match to be on record however busy this machine is.
    flow = replace(FLOW, greeting={"en": "Hi. This call is recorded for you."})
    switch = switch_with(QueuePlan(name="hotline", knows_callers=True), flow=flow)
    with floor_on(settings, switch, "alice", "bob") as floor:
        configure(floor, known_days=7)
        patient_id, then = wang(floor), floor.parts.now() - timedelta(days=2)
        with floor.parts.database.writing() as session:
            session.add(
                Call(
                    id="before", linkedid="before", direction="inbound", state="wrapped_up", number="+8613800138000",
                    number_signalled="-", dialled="4000", queue="hotline", agent="bob", patient_id=patient_id,
                    match_state="single", started_at=then, ended_at=then, outcome="answered",
                )
            )  # fmt: skip
            session.flush()
            session.add(Leg(uniqueid="l", call_id="before", agent="bob", started_at=then, answered_at=then))
        ports = switch.agent_ports
        with phone_at(ports["alice"]), phone_at(ports["bob"]), Desks(floor, "alice", "bob"):
            with patient_pressing(switch.sip_port, seconds=30) as patient:
                wait_for_state(floor, "bob", "talking", seconds=15)
                call = next(call for call in all_calls(floor) if call.ended_at is None)
                assert (call.queue, call.agent, call.queued_at is not None) == ("hotline", "bob", True)
                recorded = switch.asterisk.console(f"mixmonitor list {channel_of(switch, call)}")
                assert f"monitor/{call.linkedid}" in recorded
                with patient_pressing(switch.sip_port, seconds=30):
                    wait_for_state(floor, "alice", "talking", seconds=15)
                patient.stop()


def test_where_nobody_is_signed_in_callers_are_told_so_and_leave_a_message_or_are_called_back(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    switch = switch_with(QueuePlan(name="hotline", tells_empty=True, offers_callback=True))
    with floor_on(settings, switch, "alice") as floor:
        configure(floor, when_empty="tell", offers_callback=True)
        with (
            patient_pressing(switch.sip_port, (2.5, "1"), number="13900000001"),
            patient_pressing(switch.sip_port, (6.0, "2"), number="13900000002"),
        ):
            calls = {call.number_signalled: call for call in wait_for_ended(floor, 2, seconds=25)}
        assert {number[-1]: call.outcome for number, call in calls.items()} == {"1": "callback", "2": "voicemail"}
        with floor.parts.database.reading() as session:
            (place,) = session.scalars(select(KeptPlace))
            (line,) = session.scalars(select(CallbackRequest))
        assert (place.number, place.queue, line.number) == ("+8613900000001", "hotline", "+8613900000002")


def test_a_key_patient_is_led_to_the_queue_of_their_own_and_hears_when_the_next_appointment_is(
    settings: Settings, switch_with: Callable[..., Switch]
) -> None:
    flow = replace(FLOW, for_key=Target(goal=Goal.QUEUE, name="vip"), tells_appointment=True)
    switch = switch_with(QueuePlan(name="hotline"), QueuePlan(name="vip"), flow=flow)
    with floor_on(settings, switch, "alice") as floor:
        patient_id, now = wang(floor, is_key_patient=True, language="en"), floor.parts.now()
        day = now.astimezone(settings.timezone).date() + timedelta(days=9)
        with floor.parts.database.writing() as session:
            session.add(Queue(name="vip", label="Vip", service_level_seconds=10, service_level_target=0.9))
            row = CallFlow(name="f", live_number=1, created_at=now)
            session.add(row)
            session.flush()
            session.add(CallFlowVersion(flow_id=row.id, number=1, document=to_document(flow), changed_at=now))
            session.add(
                FollowupTask(
                    patient_id=patient_id, kind="adhoc", mode="visit", title="-", role="service_centre",
                    state="planned", due_on=day, due_at=now, late_at=now, work_at=now, created_at=now, changed_at=now,
                )
            )  # fmt: skip
        with patient_pressing(switch.sip_port), patient_pressing(switch.sip_port, number="13900139000"):
            wait_for(
                lambda: sum(bool(call.queued_at) for call in all_calls(floor)) == 2, seconds=20, what="two callers"
            )
            led = {call.number_signalled: call for call in all_calls(floor)}
            assert {number: call.queue for number, call in led.items()} == {
                "13800138000": "vip", "13900139000": "hotline",
            }  # fmt: skip
            shown = switch.asterisk.console(f"core show channel {channel_of(switch, led['13800138000'])}")
            spoken = make_prompts(switch.folder / "spool", {"say": appointment_sentence("en", day, None)})
            assert f"WARDLINE_APPOINTMENT={spoken}" in shown
