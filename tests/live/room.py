"""A talk on a real Asterisk and who is around it: each phone says its own tone, so it can be asked who hears whom."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from app.calls.rules import CommandKind
from app.floor.models import Supervision
from app.settings import Settings
from telephony.runner import Telephony
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks, all_calls, floor_on, order, wait_for_state
from tests.tone_phone import TonePhone, loudness, sides_of
from tests.waiting import wait_for

PATIENT, ALICE, BOB, CAROL = 440, 1000, 1480, 2200


@dataclass(slots=True)
class Room:
    """alice talks with a patient, bob is another agent, carol supervises; each phone says its own tone."""

    floor: Floor
    desks: Desks
    patient: TonePhone
    alice: TonePhone
    carol: TonePhone
    everybody: tuple[TonePhone, ...]

    def wait_until(self, phone: TonePhone, *heard: TonePhone) -> None:
        """Until this phone hears exactly these."""
        wanted = {other.hertz for other in heard}
        wait_for(lambda: phone.hears(*self.everybody) == wanted, seconds=5, what=f"{wanted} at {phone.hertz}")

    def restart_telephony(self) -> None:
        """A new process, which has read the whole state once."""
        assert self.floor.telephony is not None
        self.floor.telephony.stop()
        self.floor.telephony = Telephony(self.floor.parts, self.floor.switch.ami)
        self.floor.telephony.start()
        wait_for(lambda: self.floor.link_state() == "up", what="the telephone link")

    def supervise(self, mode: str) -> None:
        (call,) = all_calls(self.floor)
        order(self.floor, CommandKind.SUPERVISE, "carol", call_id=call.id, mode=mode)

    def supervisions(self) -> list[Supervision]:
        with self.floor.parts.database.reading() as session:
            return list(session.scalars(select(Supervision).order_by(Supervision.ordered_at)))

    def recorded(self, seconds: float) -> dict[str, set[float]]:
        """Which tones the last seconds of the patient's recording have on each side."""
        (path,) = (self.floor.switch.folder / "spool/monitor").glob("*.raw")
        patient, agent = sides_of(path.read_bytes(), seconds)
        tones = [phone.hertz for phone in self.everybody]
        return {
            "patient": {hertz for hertz in tones if loudness(patient, hertz) > 0.05},
            "agent": {hertz for hertz in tones if loudness(agent, hertz) > 0.05},
        }


@contextlib.contextmanager
def room_on(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Room]:
    """The room when alice talks and hears the patient; carol's desk is there, and not Ready."""
    names = ("alice", "bob", "carol")
    switch = start_asterisk(plain=names)
    ports = switch.agent_ports
    with contextlib.ExitStack() as stack:
        floor = stack.enter_context(floor_on(settings, switch, *names))
        patient = stack.enter_context(TonePhone(PATIENT))
        alice = stack.enter_context(TonePhone(ALICE, port=ports["alice"]))
        bob = stack.enter_context(TonePhone(BOB, port=ports["bob"]))
        carol = stack.enter_context(TonePhone(CAROL, port=ports["carol"]))
        desks = stack.enter_context(Desks(floor, "alice"))
        patient.call(switch.sip_port, number="13800138000")
        wait_for_state(floor, "alice", "talking")
        desks.join("carol")
        room = Room(floor, desks, patient, alice, carol, (patient, alice, bob, carol))
        room.wait_until(alice, patient)
        yield room
