"""Many real calls at once, of every kind, in which each number says a tone of its own: what became of their recordings.

SIPp is the patients and the agents' phones, a real Asterisk is between them, telephony is a process of its own. The
rush does with the calls what agents do. What is on record is then compared with what can be heard, twenty times a
second; a marker is where the sound changes, or it is wrong.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select

from app.agents.models import AgentStatus
from app.calls.models import Call
from app.calls.rules import CallState, CommandKind
from app.errors import WardlineError
from app.recordings import tasks
from app.recordings.models import Recording
from app.recordings.rules import RecordingState
from recordings.pickup import process_recording
from tests.live.conftest import Floor
from tests.live.desks import order, wait_for_state
from tests.ports import free_port
from tests.sip import SCENARIOS, Sipp
from tests.tones import write_tone
from tests.waiting import wait_for

T = TypeVar("T")

PATIENT_TONES = [1800 + 60 * digit for digit in range(10)]
AGENT_TONES = [600 + 40 * place for place in range(28)]
_STAYS_SECONDS, _LEAVES_SECONDS = 40.0, 6.0
# A command that comes to a call that has just ended, or finds nobody free, is refused, as at any desk.
_PATIENCE_SECONDS = 5.0


class Kind(Enum):
    """What happens in a call; the value is the third digit of its number."""

    LEAVES = 0  # the patient hangs up
    HUNG_UP = 1
    PAUSED = 2
    ASKED = 3  # a colleague is asked, and let go
    JOINED = 4  # all three talk, then the colleague goes on alone
    LED_ON = 5  # to a colleague
    QUEUED_AGAIN = 6
    PARKED = 7  # and picked up by a colleague
    OUTBOUND = 8


# Of a hundred calls.
_MIX = {
    Kind.LEAVES: 30,
    Kind.HUNG_UP: 14,
    Kind.PAUSED: 10,
    Kind.ASKED: 8,
    Kind.JOINED: 6,
    Kind.LED_ON: 8,
    Kind.QUEUED_AGAIN: 6,
    Kind.PARKED: 6,
    Kind.OUTBOUND: 12,
}


def kinds_of(count: int) -> list[Kind]:
    """So many calls in the mix, each kind once at least, and no two of a kind in a row where that can be."""
    places = [((turn + 0.5) / share, kind) for kind, share in _MIX.items() for turn in range(share)]
    mixed = [kind for _, kind in sorted(places, key=lambda place: place[0])]
    first = [*list(Kind), Kind.HUNG_UP, Kind.PAUSED, Kind.LEAVES]
    return (first + mixed * (count // len(mixed) + 1))[:count]


def number_of(kind: Kind, index: int) -> str:
    """A mobile number that tells the kind of its call and, in its last digit, the tone of its patient."""
    return f"13{kind.value}{index:07}{index % len(PATIENT_TONES)}"


@dataclass(slots=True)
class Rush:
    """Who takes part, and what was done. The last quarter of the queue's agents put every caller on hold once."""

    floor: Floor
    agents: Sequence[str]
    diallers: Sequence[str]
    done: Counter[str] = field(default_factory=Counter)
    _attended: set[str] = field(default_factory=set)
    _sipps: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _is_hung_up: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def tones(self) -> dict[str, int]:
        return dict(zip((*self.agents, *self.diallers), AGENT_TONES, strict=False))

    def holds(self, agent: str) -> bool:
        return agent in self.agents[len(self.agents) * 3 // 4 :]

    def start_phones(self) -> None:
        """The phones of all agents, and those of the patients whom we call."""
        self._is_hung_up.clear()
        folder = self._folder()
        for agent, hertz in self.tones.items():
            say = _say(write_tone(folder / f"{agent}.alaw", hertz))
            scenario = _scenario(folder / f"{agent}.xml", "talking.xml", TONES=say, HOLD=_HOLD * self.holds(agent))
            self._start(["-sf", scenario, "-p", str(self.floor.switch.agent_ports[agent])])
        scenario = _scenario(folder / "called.xml", "talking.xml", TONES=_say_by_digit(folder), HOLD="")
        self._start(["-sf", scenario, "-p", str(self.floor.switch.patient_port)])

    def start_callers(self, numbers: Sequence[str], *, per_second: float, leave: bool) -> Sipp:
        """Patients who call from these numbers, and hang up after a while if they are those who leave."""
        folder = self._folder()
        told = folder / "numbers.csv"
        told.write_text("SEQUENTIAL\n" + "".join(f"{number};{number[-1]};\n" for number in numbers))
        stays = str(round(1000 * (_LEAVES_SECONDS if leave else _STAYS_SECONDS)))
        scenario = _scenario(folder / "calling.xml", "calling.xml", TONES=_say_by_digit(folder), TALK=stays)
        target = f"127.0.0.1:{self.floor.switch.sip_port}"
        given = ["-sf", scenario, "-inf", str(told), "-s", "4000", "-p", str(free_port())]
        return self._start([*given, "-m", str(len(numbers)), "-l", "24", "-r", str(per_second), target])

    def hang_everybody_up(self) -> None:
        """End all phones and callers at once: nobody goes on sending to a port that another call has by now."""
        self._is_hung_up.set()
        self._sipps.close()

    def _folder(self) -> Path:
        return Path(self._sipps.enter_context(tempfile.TemporaryDirectory()))

    def _start(self, arguments: list[str]) -> Sipp:
        sipp = Sipp(arguments)
        self._sipps.callback(sipp.stop)
        return sipp

    def make_ready(self) -> None:
        """Everybody of the queue; the diallers are not Ready, so that no caller is put through to them."""
        for agent in (*self.agents, *self.diallers):
            wait_for_state(self.floor, agent, "not_ready", seconds=30)
        for agent in self.agents:
            order(self.floor, CommandKind.SET_READY, agent)

    def attend(
        self,
        callers: Sequence[Sipp],
        *,
        dialled: Sequence[str],
        seconds: float,
        faults: Mapping[int, Callable[[], None]] | None = None,
    ) -> None:
        """Do with the calls what agents do, dial these numbers, and pick the recordings up as the jobs do.

        Until the callers are all gone and every call has ended. Each fault comes when so many calls have ended in all.
        """
        until, coming = time.monotonic() + seconds, dict(faults or {})
        self._over.clear()
        with ThreadPoolExecutor(2 * len(self.agents) + len(self.diallers) + 2) as hands:
            hands.submit(self._pick_up)
            dialling = [
                hands.submit(self._dial, agent, dialled[place :: len(self.diallers)])
                for place, agent in enumerate(self.diallers)
            ]
            try:
                while not self._is_over(callers, dialling):
                    assert time.monotonic() < until, f"the rush was not over after {seconds:g} s"
                    self._attend_new(hands)
                    self._finish_wrap_ups()
                    for count in [count for count in coming if count <= self._ended()]:
                        # Here, for what is started in one of the hands ends with it.
                        coming.pop(count)()
                    time.sleep(0.1)
            finally:
                self._over.set()

    def _is_over(self, callers: Sequence[Sipp], dialling: Sequence[Future[None]]) -> bool:
        if any(sipp.process.poll() is None for sipp in callers) or not all(each.done() for each in dialling):
            return False
        with self.floor.parts.database.reading() as session:
            return session.scalar(select(Call.id).where(Call.ended_at.is_(None)).limit(1)) is None

    def _ended(self) -> int:
        with self.floor.parts.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Call).where(Call.ended_at.is_not(None))) or 0

    def _attend_new(self, hands: ThreadPoolExecutor) -> None:
        for call in self._talking():
            if call.id not in self._attended:
                self._attended.add(call.id)
                hands.submit(self._attend, call)

    def pick_up_the_rest(self) -> None:
        """Until none of the recordings waits any more."""
        wanted = select(Recording.id).where(Recording.state.in_([RecordingState.RECORDING, RecordingState.WAITING]))

        def look() -> bool:
            self._pick_up_once()
            with self.floor.parts.database.reading() as session:
                return session.scalar(wanted.limit(1)) is None

        wait_for(look, seconds=90, what="the end of every recording")

    def _pick_up(self) -> None:
        while not self._over.wait(0.5):
            self._pick_up_once()

    def _pick_up_once(self) -> None:
        for recording_id in tasks.due_recordings(self.floor.parts):
            process_recording(self.floor.parts, recording_id)

    def _dial(self, agent: str, numbers: Sequence[str]) -> None:
        for number in numbers:
            if self._is_hung_up.is_set():
                return
            if not self._until(lambda number=number: self._try(CommandKind.DIAL, agent, number=f"+86{number}")):
                continue
            call = self._until(lambda number=number: self._dialled(agent, number))
            if call is not None:
                self._wait(4)
                self._count(Kind.OUTBOUND, self._try(CommandKind.HANG_UP, agent, call_id=call.id))

    def _dialled(self, agent: str, number: str) -> Call | None:
        wanted = select(Call).where(Call.agent == agent, Call.number == f"+86{number}", Call.answered_at.is_not(None))
        with self.floor.parts.database.reading() as session:
            return session.scalar(wanted)

    def _free(self) -> str | None:
        """Somebody of the queue who is ready and puts nobody on hold."""
        with self.floor.parts.database.reading() as session:
            ready = session.scalars(select(AgentStatus.id).where(AgentStatus.state == "ready")).all()
        return next((agent for agent in ready if agent in self.agents and not self.holds(agent)), None)

    def _talking(self) -> Sequence[Call]:
        wanted = select(Call).where(Call.state == CallState.ANSWERED, Call.ended_at.is_(None), Call.agent.is_not(None))
        with self.floor.parts.database.reading() as session:
            return session.scalars(wanted.where(Call.direction == "inbound")).all()

    def _finish_wrap_ups(self) -> None:
        wanted = select(AgentStatus.id, AgentStatus.call_id).where(AgentStatus.state == "wrap_up")
        with self.floor.parts.database.reading() as session:
            waiting = session.execute(wanted).all()
        for agent, call_id in waiting:
            with contextlib.suppress(WardlineError):
                order(self.floor, CommandKind.FINISH_WRAP_UP, agent, call_id=call_id)

    def _attend(self, call: Call) -> None:
        kind, agent = Kind(int(call.number[5])), call.agent or ""
        if kind is Kind.LEAVES:
            return
        # Whoever puts callers on hold has them back by then.
        self._wait(3.5 if self.holds(agent) else 1.5)
        agent = self._do(kind, call, agent)
        self._wait(1.5)
        self._count(Kind.HUNG_UP, self._try(CommandKind.HANG_UP, agent, call_id=call.id))

    def _do(self, kind: Kind, call: Call, agent: str) -> str:
        """Returns who has the patient afterwards."""
        if kind is Kind.PAUSED and self._try(CommandKind.PAUSE_RECORDING, agent, call_id=call.id):
            self._wait(1.5)
            self._count(kind, self._try(CommandKind.RESUME_RECORDING, agent, call_id=call.id))
        elif kind is Kind.LED_ON:
            self._count(kind, self._to_colleague(CommandKind.TRANSFER, call, agent) is not None)
        elif kind is Kind.QUEUED_AGAIN:
            self._count(kind, self._try(CommandKind.TRANSFER, agent, call_id=call.id, to="hotline"))
        elif kind in (Kind.ASKED, Kind.JOINED):
            colleague = self._to_colleague(CommandKind.CONSULT, call, agent)
            if colleague is None or not self._until(lambda: self._now(call).consult == "talking"):
                return agent
            self._wait(1.5)
            if kind is Kind.ASKED:
                self._count(kind, self._try(CommandKind.BACK, agent, call_id=call.id))
                return agent
            self._try(CommandKind.JOIN_ALL, agent, call_id=call.id)
            self._wait(1.5)
            self._count(kind, self._try(CommandKind.COMPLETE, agent, call_id=call.id))
        elif kind is Kind.PARKED and self._try(CommandKind.PARK, agent, call_id=call.id):
            self._wait(1.5)
            self._count(kind, self._to_colleague(CommandKind.PICK_UP, call, None) is not None)
        self._until(lambda: self._now(call).agent not in (None, agent) or self._now(call).ended_at is not None)
        return self._now(call).agent or agent

    def _to_colleague(self, kind: CommandKind, call: Call, agent: str | None) -> str | None:
        """Whoever is free, as soon as somebody is. Without an agent it is the colleague who acts."""

        def attempt() -> str | None:
            colleague = self._free()
            if colleague is None:
                return None
            given = {} if agent is None else {"to": colleague}
            return colleague if self._try(kind, agent or colleague, call_id=call.id, **given) else None

        return self._until(attempt)

    def _now(self, call: Call) -> Call:
        with self.floor.parts.database.reading() as session:
            return session.get_one(Call, call.id)

    def _until(self, condition: Callable[[], T]) -> T | None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._over.is_set() and time.monotonic() < until:
            if value := condition():
                return value
            time.sleep(0.1)
        return None

    def _count(self, kind: Kind, is_done: bool) -> None:
        if is_done:
            self.done[kind.name] += 1

    def _try(self, kind: CommandKind, agent: str, **args: str) -> bool:
        try:
            order(self.floor, kind, agent, **args)
        except WardlineError:
            self.done["refused"] += 1
            return False
        return True

    def _wait(self, seconds: float) -> None:
        self._over.wait(seconds)


def _scenario(path: Path, template: str, **given: str) -> str:
    text = (SCENARIOS / template).read_text()
    for name, value in given.items():
        text = text.replace(f"@{name}@", value)
    path.write_text(text)
    return str(path)


def _say(tone: Path, *, then: str = "") -> str:
    return f'<nop{then}><action><exec rtp_stream="{tone},-1,8"/></action></nop>'


def _say_by_digit(folder: Path) -> str:
    """The tone that the variable `which` names: SIPp takes no variable for a file's name, so the script branches."""
    asked, said = "", ""
    for digit, hertz in enumerate(PATIENT_TONES):
        tone = write_tone(folder / f"{digit}.alaw", hertz)
        found = f'<ereg regexp="^{digit}" search_in="var" variable="which" assign_to="is{digit}"/>'
        asked += f'<nop><action>{found}</action></nop><nop next="say{digit}" test="is{digit}"/>'
        said += f'<label id="say{digit}"/>' + _say(tone, then=' next="talking"')
    return asked + said


def _offer(number: int, direction: str) -> str:
    return _OFFER.replace("@NUMBER@", str(number)).replace("@DIRECTION@", direction)


_OFFER = """
  <send retrans="500"><![CDATA[
INVITE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]t[call_number]
To:[$from]
[last_Call-ID:]
CSeq: @NUMBER@ INVITE
Contact: <sip:[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 @NUMBER@ IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=@DIRECTION@
]]></send>
  <recv response="100" optional="true"/>
  <recv response="200"/>
  <send><![CDATA[
ACK [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]t[call_number]
To:[$from]
[last_Call-ID:]
CSeq: @NUMBER@ ACK
Max-Forwards: 70
Content-Length: 0
]]></send>
"""
# The phone leaves the bridge's offer alone until the patient has talked for a while; a BYE may come at any time.
_HOLD = (
    '<recv request="BYE" timeout="1500" ontimeout="hold" next="ended"/><label id="hold"/>'
    + _offer(101, "sendonly")
    + '<nop><action><exec rtp_stream="pause"/></action></nop>'
    + '<recv request="BYE" timeout="1500" ontimeout="resume" next="ended"/><label id="resume"/>'
    + _offer(102, "sendrecv")
    + '<nop><action><exec rtp_stream="resume"/></action></nop>'
)
