"""Three in a call on a real Asterisk: who hears whom while somebody is asked, and what the recording holds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from app.calls.models import Call
from app.calls.rules import CommandKind
from app.errors import Conflict
from app.settings import Settings
from telephony.runner import Telephony
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, legs_of, order, state_of, wait_for_ended, wait_for_state
from tests.tone_phone import TonePhone, loudness, sides_of
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_PATIENT, _ALICE, _BOB, _OUTSIDE = 440, 1000, 1480, 2200
_NUMBER = "+861088886666"


@dataclass(slots=True)
class Room:
    """alice talks with a patient, bob is a ready colleague, one more phone is outside; each says its own tone."""

    floor: Floor
    desks: Desks
    patient: TonePhone
    alice: TonePhone
    bob: TonePhone
    outside: TonePhone

    @property
    def call(self) -> Call:
        return all_calls(self.floor)[-1]

    def order(self, kind: CommandKind, by: str = "alice", **args: str) -> None:
        order(self.floor, kind, by, call_id=self.call.id, **args)

    def wait_until(self, phone: TonePhone, *heard: TonePhone) -> None:
        """Until this phone hears exactly these."""
        everybody = (self.patient, self.alice, self.bob, self.outside)
        wanted = {other.hertz for other in heard}
        wait_for(lambda: phone.hears(*everybody) == wanted, seconds=6, what=f"{wanted} at {phone.hertz}")

    def wait_until_together(self, *phones: TonePhone) -> None:
        for phone in phones:
            self.wait_until(phone, *(other for other in phones if other is not phone))

    def recorded(self, seconds: float) -> tuple[set[float], set[float]]:
        """Which tones the last seconds of the recording have on the patient's side, and on the other."""
        (path,) = (self.floor.switch.folder / "spool/monitor").glob("*.raw")
        return tones_of(path.read_bytes(), seconds)

    def wait_until_recorded(self, *other: float) -> None:
        wait_for(lambda: self.recorded(0.5) == ({_PATIENT}, set(other)), seconds=6, what=f"{other} on the recording")

    def restart_telephony(self) -> None:
        """A new process, which has read the whole state once."""
        assert self.floor.telephony is not None
        self.floor.telephony.stop()
        self.floor.telephony = Telephony(self.floor.parts, self.floor.switch.ami)
        self.floor.telephony.start()
        wait_for(lambda: self.floor.link_state() == "up", what="the telephone link")


def tones_of(raw: bytes, seconds: float = 0.5) -> tuple[set[float], set[float]]:
    """Which tones are at the end of a recording, on the patient's side and on the other."""
    tones = (_PATIENT, _ALICE, _BOB, _OUTSIDE)
    patient, other = sides_of(raw, seconds)
    return (
        {hertz for hertz in tones if loudness(patient, hertz) > 0.05},
        {hertz for hertz in tones if loudness(other, hertz) > 0.05},
    )


@pytest.fixture
def room(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Room]:
    names = ("alice", "bob")
    switch = start_asterisk(plain=names)
    with contextlib.ExitStack() as stack:
        floor = stack.enter_context(floor_on(settings, switch, *names))
        patient = stack.enter_context(TonePhone(_PATIENT))
        alice = stack.enter_context(TonePhone(_ALICE, port=switch.agent_ports["alice"]))
        bob = stack.enter_context(TonePhone(_BOB, port=switch.agent_ports["bob"]))
        outside = stack.enter_context(TonePhone(_OUTSIDE, port=switch.patient_port))
        desks = stack.enter_context(Desks(floor, "alice"))
        patient.call(switch.sip_port, number="13800138000")
        wait_for_state(floor, "alice", "talking")
        desks.join("bob")
        order(floor, CommandKind.SET_READY, "bob")
        room = Room(floor, desks, patient, alice, bob, outside)
        room.wait_until_together(patient, alice)
        yield room


def test_a_colleague_is_asked_joined_and_left_with_the_patient(room: Room) -> None:
    patient, alice, bob = room.patient, room.alice, room.bob
    room.order(CommandKind.CONSULT, to="bob")
    room.wait_until_together(alice, bob)
    room.wait_until(patient)
    assert (room.call.consult, room.call.consult_with) == ("talking", "bob")
    assert state_of(room.floor, "bob") == "talking"
    time.sleep(1.1)  # longer than Asterisk keeps recorded sound to itself
    patients_side, others_side = room.recorded(0.5)
    assert patients_side == {_PATIENT}
    assert others_side.isdisjoint({_ALICE, _BOB})

    room.order(CommandKind.JOIN_ALL)
    room.wait_until_together(patient, alice, bob)
    room.wait_until_recorded(_ALICE, _BOB)

    alice.hang_up_from_here()
    wait_for_state(room.floor, "alice", "wrap_up")
    room.wait_until_together(patient, bob)
    room.wait_until_recorded(_BOB)
    assert room.call.agent == "bob"
    patient.hang_up()
    (call,) = wait_for_ended(room.floor)
    wait_for(lambda: not bob.is_in_call, what="the end at the colleague")
    assert (call.outcome, call.ended_by, call.agent) == ("answered", "caller", "bob")
    assert [(leg.agent, leg.cause) for leg in legs_of(room.floor, call)] == [("alice", "transfer"), ("bob", "caller")]


def test_a_patient_goes_from_one_to_the_other_and_back_in_one_recording(room: Room) -> None:
    patient, alice, bob = room.patient, room.alice, room.bob
    room.order(CommandKind.CONSULT, to="bob")
    room.wait_until_together(alice, bob)
    room.order(CommandKind.BACK)
    room.wait_until_together(patient, alice)
    wait_for(lambda: not bob.is_in_call, what="the end at the colleague")
    wait_for_state(room.floor, "bob", "ready")
    room.order(CommandKind.CONSULT, number=_NUMBER)
    room.wait_until_together(alice, room.outside)
    room.wait_until(patient)
    assert "<sip:4000@" in room.outside.called_by
    room.order(CommandKind.COMPLETE)
    room.wait_until_together(patient, room.outside)
    wait_for_state(room.floor, "alice", "wrap_up")
    room.wait_until_recorded(_OUTSIDE)
    assert not alice.is_in_call
    assert (room.call.transferred_to, room.call.ended_at) == (_NUMBER, None)
    room.outside.hang_up_from_here()
    (call,) = wait_for_ended(room.floor)
    wait_for(lambda: not patient.is_in_call, what="the end at the patient")
    assert (call.agent, call.ended_by) == ("alice", "agent")


def test_a_new_process_goes_on_with_who_asks_whom(room: Room) -> None:
    room.order(CommandKind.CONSULT, to="bob")
    room.wait_until_together(room.alice, room.bob)
    room.restart_telephony()
    assert (room.call.consult, state_of(room.floor, "bob")) == ("talking", "talking")
    assert room.floor.telephony is not None
    room.floor.telephony.stop()
    room.bob.hang_up_from_here()
    wait_for(lambda: not room.alice.hears(room.bob), what="the agent alone")
    room.restart_telephony()
    room.wait_until_together(room.patient, room.alice)
    wait_for_state(room.floor, "bob", "ready")
    assert room.call.consult is None
    room.patient.hang_up()
    wait_for_ended(room.floor)
    wait_for(lambda: not room.alice.is_in_call, what="the end at the agent")


def test_a_queue_is_asked_and_a_number_gets_the_patient_at_once(room: Room) -> None:
    room.order(CommandKind.CONSULT, to="hotline")
    room.wait_until_together(room.alice, room.bob)
    room.order(CommandKind.BACK)
    room.wait_until_together(room.patient, room.alice)
    with pytest.raises(Conflict, match="not dialled"):
        room.order(CommandKind.TRANSFER, number="+8616012345678")
    room.order(CommandKind.TRANSFER, number=_NUMBER)
    room.wait_until_together(room.patient, room.outside)
    assert "<sip:4000@" in room.outside.called_by
    wait_for_state(room.floor, "alice", "wrap_up")
    wait_for(lambda: room.call.transferred_to == _NUMBER, what="the number on record")
    room.wait_until_recorded(_OUTSIDE)
    room.patient.hang_up()
    (call,) = wait_for_ended(room.floor)
    assert (call.agent, call.outcome) == ("alice", "answered")


def test_a_parked_patient_is_picked_up_and_a_paused_recording_keeps_its_time(room: Room) -> None:
    patient, alice, bob = room.patient, room.alice, room.bob
    room.order(CommandKind.PARK)
    wait_for_state(room.floor, "alice", "ready")
    room.wait_until(patient)
    wait_for(lambda: not alice.is_in_call, what="the end at the agent")
    assert room.call.parked_by == "alice"
    room.restart_telephony()
    assert room.call.parked_at is not None
    room.order(CommandKind.PICK_UP, "bob")
    room.wait_until_together(patient, bob)
    wait_for_state(room.floor, "bob", "talking")
    room.wait_until_recorded(_BOB)

    (path,) = (room.floor.switch.folder / "spool/monitor").glob("*.raw")
    room.order(CommandKind.PAUSE_RECORDING, "bob")
    assert room.call.recording_paused_at is not None
    wait_for(lambda: room.recorded(0.5) == (set(), set()), seconds=6, what="silence")
    before, began = path.stat().st_size, time.monotonic()
    time.sleep(2.2)
    lasted = time.monotonic() - began
    # 32,000 bytes a second, written a second at a time: silence takes as long as speech.
    assert abs((path.stat().st_size - before) / 32_000 - lasted) < 1.2
    room.wait_until_together(patient, bob)
    room.order(CommandKind.RESUME_RECORDING, "bob")
    room.wait_until_recorded(_BOB)
    assert room.call.recording_paused_at is None


def test_a_patient_whom_we_called_is_led_on_like_any_other(room: Room) -> None:
    room.patient.hang_up()
    wait_for_ended(room.floor)
    wait_for_state(room.floor, "alice", "wrap_up")
    order(room.floor, CommandKind.DIAL, "alice", number="+8613900139000")
    called = room.outside
    room.wait_until_together(called, room.alice)
    room.order(CommandKind.CONSULT, to="bob")
    room.wait_until_together(room.alice, room.bob)
    room.wait_until(called)
    room.order(CommandKind.COMPLETE)
    room.wait_until_together(called, room.bob)
    wait_for_state(room.floor, "alice", "wrap_up")
    path = room.floor.switch.folder / f"spool/monitor/{room.call.linkedid}.raw"
    wanted = ({called.hertz}, {room.bob.hertz})
    wait_for(lambda: tones_of(path.read_bytes()) == wanted, seconds=6, what="the recording to go on")
    room.bob.hang_up_from_here()
    (_, call) = wait_for_ended(room.floor, 2)
    wait_for(lambda: not called.is_in_call, what="the end at the patient")
    assert (call.direction, call.agent, call.outcome, call.ended_by) == ("outbound", "bob", "answered", "agent")


def test_two_colleagues_talk_without_a_patient_or_a_recording(room: Room) -> None:
    room.patient.hang_up()
    wait_for_ended(room.floor)
    wait_for_state(room.floor, "alice", "wrap_up")
    recordings = list((room.floor.switch.folder / "spool/monitor").glob("*.raw"))
    order(room.floor, CommandKind.CALL_COLLEAGUE, "alice", to="bob")
    room.wait_until_together(room.alice, room.bob)
    call = room.call
    assert (call.direction, call.agent, call.dialled, call.queue) == ("internal", "alice", "bob", None)
    assert (state_of(room.floor, "alice"), state_of(room.floor, "bob")) == ("talking", "talking")
    room.bob.hang_up_from_here()
    wait_for_ended(room.floor, 2)
    wait_for_state(room.floor, "bob", "ready")
    assert list((room.floor.switch.folder / "spool/monitor").glob("*.raw")) == recordings
    assert legs_of(room.floor, call) == []
