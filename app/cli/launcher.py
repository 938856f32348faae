"""`wardline run`: the whole product on one machine, watched, and ended together."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO
from urllib.parse import quote

from app.accounts import service as accounts
from app.call_flows import service as call_flows
from app.children import Child
from app.cli.node import find_node
from app.cli.ports import Ports, choose_ports
from app.cli.preflight import check_folders, check_start
from app.cli.private_asterisk import Switchboard
from app.cli.secrets import with_own_secret
from app.cli.sipp import DemoPatients
from app.codes import service as codes
from app.configuration import service as configuration
from app.errors import SettingsError, Unavailable, WardlineError
from app.followup_templates import service as followup_templates
from app.message_templates import service as templates
from app.parts import Parts
from app.quality import service as quality
from app.questionnaires import service as questionnaires
from app.queues import service as queues
from app.queues.rules import HOTLINE_LABEL
from app.schema import upgrade_schema
from app.sending_rules import service as sending_rules
from app.settings import AMIAddress, Settings, SMPPAddress
from app.synthetic.service import seed_demo_patients
from recordings import pickup
from sms_gateway.demo import DemoSMSC

# Two busy cores take 8 s to the first page; the parts of this machine are then up within 2 s.
_FIRST_PAGE_SECONDS = 60.0
_HEALTHY_SECONDS = 10.0
# A part that ends is started again; one that ends at once, five times running, is a fault to be told.
_MOST_RESTARTS = 5
_CALM_SECONDS = 30.0


def run(settings: Settings) -> None:
    """Start everything, say so, keep it running until SIGINT or SIGTERM, then leave nothing behind.

    Raises SettingsError or Unavailable when something that was asked for cannot start.
    """
    check_folders(settings)
    settings = with_own_secret(settings)
    lock = _lock(settings)
    try:
        check_start(settings)
        _Product(settings).run()
    finally:
        lock.close()


class _Product:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._stops: list[Callable[[], None]] = []
        self._switchboard: Switchboard | None = None
        self._smsc: DemoSMSC | None = None
        self._demo_patients: DemoPatients | None = None
        self._application: Child | None = None
        self._restarts: list[float] = []

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stopping.set())
        began = time.monotonic()
        try:
            self._start()
            if self._await_health():
                _say(f"Ready after {time.monotonic() - began:.1f} s.")
                _greet(self._settings)
                self._watch()
        finally:
            _say("Stopping …")
            for stop in self._stops:
                stop()
            _say("Stopped.")

    def _start(self) -> None:
        settings = self._settings
        _say("Database …")
        upgrade_schema(settings.database_url)
        _seed(settings)
        ports = choose_ports(settings.data_dir, taken=(settings.port, settings.sip_port))
        self._settings = self._choose_parts(settings, ports)
        # It takes longest and waits for nobody: the others come up while it loads.
        _say("Application …")
        self._stops.append(self._stop_application)
        self._start_application()
        if self._demo_patients is not None:
            _say("Demo patients …")
            self._stops.append(self._demo_patients.stop)
            self._demo_patients.start()
        if self._switchboard is not None:
            _say(f"Asterisk {self._switchboard.version} …")
            self._stops.append(self._switchboard.stop)
            self._switchboard.start()
        if self._smsc is not None:
            _say("Demo SMSC …")
            self._stops.append(self._smsc.stop)
            self._smsc.start()

    def _choose_parts(self, settings: Settings, ports: Ports) -> Settings:
        """Make, but do not start, what nobody gave us; the settings with where it will be."""
        if settings.demo and not settings.trunk:
            self._demo_patients = DemoPatients(ports.demo_patients)
            settings = settings.with_changes(trunk=f"127.0.0.1:{ports.demo_patients}")
        if settings.ami is None:
            self._switchboard = Switchboard(settings, ports, _say)
            url = settings.sip_ws_url or f"ws://127.0.0.1:{ports.sip_ws}/ws"
            settings = settings.with_changes(ami=self._switchboard.ami, sip_ws_url=url)
        if settings.smpp is None and settings.demo:
            self._smsc = DemoSMSC(find_node(), port=ports.smsc, control_port=ports.smsc_control)
            settings = settings.with_changes(smpp=self._smsc.address)
        return settings

    def _start_application(self) -> None:
        command = [sys.executable, "-m", "app", "embedded"]
        self._application = Child(command, env=os.environ | environment_of(self._settings))

    def _stop_application(self) -> None:
        if self._application is not None:
            self._application.stop(10)

    def _await_health(self) -> bool:
        deadline = time.monotonic() + _FIRST_PAGE_SECONDS
        has_answered = False
        while not self._stopping.is_set():
            if self._application is None or not self._application.is_alive:
                raise Unavailable("The application ended while starting; the lines above say why.")
            faults = _read_faults(self._settings.port)
            if faults is not None and not faults:
                return True
            if faults is not None and not has_answered:
                has_answered, deadline = True, time.monotonic() + _HEALTHY_SECONDS
            if time.monotonic() > deadline:
                _tell(faults)
                return True
            self._stopping.wait(0.1)
        return False

    def _watch(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                self._mend()
            except (WardlineError, OSError) as error:
                _say(f"A part could not be started again: {error}")

    def _mend(self) -> None:
        if self._switchboard is not None:
            if not self._switchboard.is_alive:
                self._count_restart("Asterisk")
                self._switchboard.start()
            self._switchboard.follow()
        if self._smsc is not None and not self._smsc.is_running:
            self._count_restart("The demo SMSC")
            self._smsc.start()
        if self._demo_patients is not None and not self._demo_patients.is_running:
            self._count_restart("The demo patients")
            self._demo_patients.start()
        if self._application is not None and not self._application.is_alive:
            self._count_restart("The application")
            self._start_application()

    def _count_restart(self, what: str) -> None:
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < _CALM_SECONDS] + [now]
        _say(f"{what} ended; starting it again.")
        if len(self._restarts) > _MOST_RESTARTS:
            self._stopping.wait(_CALM_SECONDS / 2)


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process. Secrets are in it: never print it."""
    env = {
        "WARDLINE_PORT": str(settings.port),
        "WARDLINE_DATA_DIR": str(settings.data_dir),
        "WARDLINE_DATABASE_URL": settings.database_url,
        "WARDLINE_REDIS_URL": settings.redis_url,
        "WARDLINE_SECRET_KEY": settings.secret_key,
        "WARDLINE_SIP_WS_URL": settings.sip_ws_url,
        "WARDLINE_TRUNK": settings.trunk,
        "WARDLINE_DEMO": "1" if settings.demo else "0",
    }
    if settings.ami is not None:
        env["WARDLINE_AMI_URL"] = _ami_url(settings.ami)
    if settings.smpp is not None:
        env["WARDLINE_SMPP_URL"] = _smpp_url(settings.smpp)
    return env


def _ami_url(ami: AMIAddress) -> str:
    return f"ami://{quote(ami.username, safe='')}:{quote(ami.secret, safe='')}@{ami.host}:{ami.port}"


def _smpp_url(smpp: SMPPAddress) -> str:
    account = f"{quote(smpp.system_id, safe='')}:{quote(smpp.password, safe='')}"
    query = f"window={smpp.window}&rate={smpp.segments_per_second:g}&source_addr={quote(smpp.source_addr, safe='')}"
    return f"smpp://{account}@{smpp.host}:{smpp.port}?{query}"


def _seed(settings: Settings) -> None:
    parts = Parts.open(settings)
    try:
        with parts.database.writing() as session:
            queues.install_queues(session, settings, label=HOTLINE_LABEL)
            call_flows.install_shipped(session, settings, parts.now())
            codes.seed(session)
            templates.install_shipped(session, parts.now())
            sending_rules.install_shipped(session, parts.now())
            questionnaires.install_shipped(session, parts.now())
            followup_templates.install_shipped(session, parts.now())
            quality.install_shipped(session, parts.now())
            if settings.demo:
                configuration.seed_demo(session, settings, now=parts.now())
                accounts.seed_demo_accounts(session, parts.now())
                questionnaires.approve_for_demo(session, parts.now())
                seed_demo_patients(session, parts.now(), settings=settings)
                questionnaires.seed_demo_answers(session, parts.now())
        if settings.demo:
            _seed_quality(parts)
    finally:
        parts.close()


def _seed_quality(parts: Parts) -> None:
    """Calls of the demo's past get their audio, which is stored as that of any call; then some are graded."""
    with parts.database.writing() as session:
        made = quality.seed_demo_recordings(session, parts.bus, parts.settings, parts.now())
    for recording_id in made:
        pickup.process_recording(parts, recording_id)
    with parts.database.writing() as session:
        quality.seed_demo_quality(session, parts.bus, parts.settings, parts.now())


def _lock(settings: Settings) -> IO[str]:
    file = (settings.data_dir / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SettingsError(
            f"WARDLINE_DATA_DIR: another Wardline runs in {settings.data_dir}; stop it or choose another"
        ) from None
    return file


def _read_faults(port: int) -> dict[str, str] | None:
    """What /healthz says of each part that does not work; nothing when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        body = json.load(error)
    except (OSError, ValueError):
        return None
    return {name: state for name, state in body["parts"].items() if state not in ("ok", "off")}


def _tell(faults: dict[str, str] | None) -> None:
    for name, state in (faults or {"web": "down: no answer"}).items():
        _say(f"Not working yet: {name} ({state}).")
    _say("What to do says: .venv/bin/wardline doctor. A part that comes back is used again by itself.")


def _say(line: str) -> None:
    print(f"wardline: {line}", flush=True)


def _greet(settings: Settings) -> None:
    lines = ["", f"  Wardline runs at http://localhost:{settings.port}", ""]
    if settings.demo:
        lines += [
            "  Demo accounts (password: wardline): agent1 … agent4, supervisor, qa, doctor, admin",
            "",
            "  Try first, in two windows:",
            "    1. Sign in as agent1, allow the microphone, press Ready.",
            '    2. .venv/bin/wardline demo-call --from 13800138000 --say "您好,我想预约复查"',
            '    3. .venv/bin/wardline demo-sms --from 13800138000 --text "复查需要空腹吗"',
            "",
        ]
    lines.append(f"  The hotline {settings.hotline} takes calls at {'127.0.0.1'}:{settings.sip_port} (SIP, UDP).")
    lines.append("  Ctrl-C ends everything.")
    print("\n".join(lines), flush=True)
