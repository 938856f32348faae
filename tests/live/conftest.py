"""Real parts: an Asterisk of the test's own, with plain phones for agents."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.bus import PROOFS
from app.parts import Parts
from app.queues import service as queues
from app.settings import AMIAddress, Settings
from telephony.asterisk.config import AgentPhone, AsteriskConfig
from telephony.asterisk.process import PrivateAsterisk
from telephony.asterisk.provision import AsteriskProgram, find_or_unpack
from telephony.runner import Telephony
from tests.ports import free_port
from tests.waiting import wait_for

_ROOT = Path(os.environ.get("WARDLINE_ASTERISK_ROOT", "var/asterisk/root")).absolute()


@pytest.fixture(scope="session")
def asterisk_program() -> AsteriskProgram:
    return find_or_unpack(_ROOT, print)


@dataclass(slots=True)
class Switch:
    """A running Asterisk, and where everything of it is."""

    asterisk: PrivateAsterisk
    ami: AMIAddress
    sip_port: int
    sip_ws_url: str
    agent_ports: dict[str, int]
    patient_port: int
    folder: Path


@pytest.fixture
def start_asterisk(asterisk_program: AsteriskProgram, tmp_path: Path) -> Iterator[Callable[..., Switch]]:
    """Starts an Asterisk whose agents are plain phones at free ports, or browsers when `browsers` names them."""
    started: list[Switch] = []

    def start(
        *, plain: tuple[str, ...] = ("alice", "bob"), browsers: dict[str, str] | None = None, **changes: Any
    ) -> Switch:
        ports = {name: free_port(socket.SOCK_DGRAM) for name in plain}
        phones = [
            AgentPhone(username=name, sip_password="x", contact=f"127.0.0.1:{port}") for name, port in ports.items()
        ]
        phones += [AgentPhone(username=name, sip_password=word) for name, word in (browsers or {}).items()]
        ami_port, ws_port, sip_port = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
        patient_port = free_port(socket.SOCK_DGRAM)
        folder = tmp_path / "asterisk"
        config = AsteriskConfig(
            data=asterisk_program.data,
            modules=asterisk_program.modules,
            etc=folder / "etc",
            run=folder / "run",
            log=folder / "log",
            spool=folder / "spool",
            hotline="4000",
            agents=tuple(phones),
            ami_port=ami_port,
            ami_user="wardline",
            ami_secret="secret",
            ws_port=ws_port,
            sip_port=sip_port,
            trunk_contact=f"127.0.0.1:{patient_port}",
            rtp_start=10_000 + 2 * (ami_port % 15_000),
            rtp_end=10_000 + 2 * (ami_port % 15_000) + 1999,
            **{"ring_seconds": 3, "rejoin_seconds": 5} | changes,
        )
        asterisk = PrivateAsterisk(asterisk_program, config)
        asterisk.start()
        ami = AMIAddress(host="127.0.0.1", port=ami_port, username="wardline", secret="secret")
        started.append(Switch(asterisk, ami, sip_port, f"ws://127.0.0.1:{ws_port}/ws", ports, patient_port, folder))
        return started[-1]

    yield start
    for switch in started:
        switch.asterisk.stop()


@pytest.fixture
def switch(start_asterisk: Callable[..., Switch]) -> Switch:
    return start_asterisk()


class Floor:
    """Telephony on a real Asterisk, with agents whose desks prove themselves as long as `prove` is called."""

    def __init__(self, settings: Settings, switch: Switch) -> None:
        self.settings = settings.with_changes(
            ami=switch.ami,
            spool_dir=switch.folder / "spool",
            cel_file=switch.folder / "log/cel-custom/wardline.csv",
            sip_ws_url=switch.sip_ws_url,
        )
        self.switch = switch
        self.parts = Parts.open(self.settings)
        self.telephony: Telephony | None = None

    def add_agents(self, *names: str) -> None:
        with self.parts.database.writing() as session:
            queues.ensure_queues(session, self.settings, label="Hotline")
            for name in names:
                accounts.create_user(
                    session,
                    username=name,
                    display_name=name.title(),
                    role=Role.AGENT,
                    password="correct horse",
                    now=self.parts.now(),
                )

    def start(self) -> None:
        self.telephony = Telephony(self.parts, self.switch.ami)
        self.parts.bus.start()
        self.telephony.start()
        wait_for(lambda: self.link_state() == "up", what="the telephone link")

    def link_state(self) -> str:
        from app.queues.models import TelephonyLink

        with self.parts.database.reading() as session:
            row = session.get(TelephonyLink, 1)
            return row.state if row else ""

    def prove(self, *names: str) -> None:
        for name in names:
            proof = {"agent": name, "page": f"page of {name}", "registered": True, "microphone": True, "in_call": False}
            self.parts.bus.publish(PROOFS, proof)

    def stop(self) -> None:
        if self.telephony is not None:
            self.telephony.stop()
            self.telephony = None
        self.parts.close()


@pytest.fixture
def floor(settings: Settings, switch: Switch) -> Iterator[Floor]:
    floor = Floor(settings, switch)
    floor.add_agents("alice", "bob")
    floor.start()
    yield floor
    floor.stop()


@pytest.fixture(autouse=True)
def _quiet_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
