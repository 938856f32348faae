"""CPU of a queue call: all our processes beside Asterisk's own, in one run of SIPp through a real Asterisk.

Every agent has a live desk, so what a call costs includes telling the desks and their boards. The calls carry no sound,
for Asterisk and for us: there is no recording to convert, but its pick-up looks for one.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from app.schema import upgrade_schema
from app.settings import Settings
from telephony.asterisk.config import AgentPhone, AsteriskConfig
from telephony.asterisk.process import PrivateAsterisk
from telephony.asterisk.provision import find_or_unpack
from tests.bench.adapter import Row
from tests.bench.desk_client import DeskClient, is_serving
from tests.bench.hospital import open_floor
from tests.ports import free_port
from tests.sip import patients_calling, phone_at
from tests.waiting import wait_for

_AGENTS = 30
_CALLS = 120
_PER_SECOND = 4.0
_TALK_SECONDS = 1.5
_TICK = os.sysconf("SC_CLK_TCK")


def measure() -> list[Row]:
    """Milliseconds of CPU per answered call; the idle cost of the same desks is told apart."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        return _measure(Path(folder), stack)


def _measure(folder: Path, stack: ExitStack) -> list[Row]:
    agents = [f"agent{index}" for index in range(1, _AGENTS + 1)]
    phones = free_port(socket.SOCK_DGRAM)
    asterisk, config = make_asterisk(folder, agents, phones)
    asterisk.start()
    stack.callback(asterisk.stop)
    stack.enter_context(phone_at(phones, answers_after_seconds=0.2))
    app, port = start_application(folder, config, agents)
    stack.callback(app.wait, 15)
    stack.callback(app.terminate)
    wait_for(lambda: is_serving(port), seconds=30, what="the application")
    desks = [DeskClient(f"http://localhost:{port}", agent) for agent in agents]
    for desk in desks:
        desk.connect()
        stack.callback(desk.close)
    for desk in desks:
        wait_for(functools.partial(_is_ready, desk), seconds=20, what="a ready desk")
    assert asterisk.child is not None
    idle = _idle(app.pid, 5.0)
    before, theirs, began = cpu_seconds(app.pid), cpu_seconds(asterisk.child.process.pid), time.monotonic()
    talk = {"talk_seconds": _TALK_SECONDS, "calls": _CALLS, "per_second": _PER_SECOND}
    with patients_calling(config.sip_port, **talk) as sipp:  # type: ignore[arg-type]
        assert sipp.wait(120) == 0, "not every patient was answered"
    seconds = time.monotonic() - began
    ours = cpu_seconds(app.pid) - before
    floor = cpu_seconds(asterisk.child.process.pid) - theirs
    what = f"CPU per queue call, {_AGENTS} desks, {_PER_SECOND:g} calls/s"
    return [
        _row(what, ours, floor, "≤ 0.5"),
        _row("… of that, what so many desks cost idle", idle * seconds, floor, "–"),
        _row("… the rest: the call itself", ours - idle * seconds, floor, "–"),
    ]


def _row(what: str, ours: float, floor: float, aim: str) -> Row:
    """CPU seconds of all calls as milliseconds of one."""
    mine, least = ours * 1000 / _CALLS, floor * 1000 / _CALLS
    return what, f"{mine:.1f} ms", f"{least:.1f} ms (Asterisk)", f"{mine / least:.2f}", aim


def make_asterisk(
    folder: Path, agents: list[str], phones: int, *, trunk: str = ""
) -> tuple[PrivateAsterisk, AsteriskConfig]:
    """A private Asterisk whose agents are plain phones; `trunk` is where its patients are called."""
    root = Path(os.environ.get("WARDLINE_ASTERISK_ROOT", "var/asterisk/root")).absolute()
    program = find_or_unpack(root, print)
    ami_port = free_port()
    config = AsteriskConfig(
        data=program.data,
        modules=program.modules,
        etc=folder / "etc",
        run=folder / "run",
        log=folder / "log",
        spool=folder / "spool",
        hotline="4000",
        agents=tuple(AgentPhone(username=name, sip_password="x", contact=f"127.0.0.1:{phones}") for name in agents),
        ami_port=ami_port,
        ami_user="bench",
        ami_secret="bench",
        ws_port=free_port(),
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_start=10_000 + 2 * (ami_port % 15_000),
        rtp_end=10_000 + 2 * (ami_port % 15_000) + 1999,
        trunk_contact=trunk,
    )
    return PrivateAsterisk(program, config), config


def start_application(folder: Path, config: AsteriskConfig, agents: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The embedded application on this Asterisk, and its port."""
    port = free_port()
    env = {
        "WARDLINE_PORT": str(port),
        "WARDLINE_DATA_DIR": str(folder),
        "WARDLINE_AMI_URL": f"ami://bench:bench@127.0.0.1:{config.ami_port}",
        "WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters",
        "WARDLINE_SPOOL_DIR": str(config.spool),
        "WARDLINE_CEL_FILE": str(config.log / "cel-custom/wardline.csv"),
        "WARDLINE_WRAP_UP_SECONDS": "5",
    }
    settings = Settings.from_env(env)
    upgrade_schema(settings.database_url)
    open_floor(settings, agents)
    with (folder / "app.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app", "embedded"], env=os.environ | env, stdout=log, stderr=log
        ), port


def _is_ready(desk: DeskClient) -> object:
    return desk.press_ready().get("ok")


def _idle(pid: int, seconds: float) -> float:
    """CPU seconds per second while nothing happens."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def cpu_seconds(pid: int, *, with_ended: bool = True) -> float:
    """CPU seconds of a process and all its descendants; those of them that have ended included, or not."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(field) for field in fields[11 : 15 if with_ended else 13]) / _TICK
    return own + sum(cpu_seconds(int(child), with_ended=with_ended) for child in children)
