"""The production shape by hand: every service of docker-compose.yml as a process of its own, on free ports."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from app.children import Child
from app.cli.node import find_node
from app.cli.sipp import PatientCall
from sms_gateway.demo import DemoSMSC
from telephony.asterisk.provision import AsteriskProgram
from tests.ports import free_port
from tests.product import PRODUCTION_PASSWORD, Product
from tests.servers import PostgreSQLServer, RedisServer

_SECRET = "tests-only-secret-key-of-more-than-32-characters"
_PATIENTS = "姓名,手机号,性别\n王秀兰,13800138000,女\n"


class Production:
    """Two web servers, telephony, SMS gateway, worker and scheduler; they share what the services of compose share."""

    def __init__(self, folder: Path, program: AsteriskProgram) -> None:
        self._folder = folder
        self._program = program
        self._stops: list[Callable[[], object]] = []
        self._ws_port = free_port()
        self._sip_port = free_port(socket.SOCK_DGRAM)
        self.postgresql = PostgreSQLServer()
        self.redis = RedisServer()
        self.smsc = DemoSMSC(find_node())
        self.services: dict[str, Child] = {}
        self.environment: dict[str, str] = {}

    def start(self, *agents: str) -> None:
        """Bring everything up as an engineer would, with an account for each agent and one for a supervisor."""
        self._start_outside_world()
        self._command("migrate")
        roles = dict.fromkeys(agents, "agent") | {"supervisor": "supervisor"}
        patients = self._folder / "patients.csv"
        patients.write_text(_PATIENTS, encoding="utf-8")
        with ThreadPoolExecutor() as at_once:
            for username, role in roles.items():
                at_once.submit(self.create_user, username, role)
            at_once.submit(self._command, "import-patients", str(patients))
        self._start_asterisk()
        for name in ("telephony", "sms", "worker", "scheduler", "phones"):
            self.start_service(name)
        self.web_a, self.web_b = self._new_web("web-a"), self._new_web("web-b")
        webs = (self.web_a, self.web_b)
        self._stops += [web.stop for web in webs]
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(Product.start, webs))

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for service in self.services.values():
            service.process.terminate()
        for stop in reversed(self._stops):
            stop()

    def start_service(self, name: str) -> None:
        """Start one process that is not a web server, for the first time or again."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        env = os.environ | self.environment | {"WARDLINE_DATA_DIR": str(folder)}
        arguments = self._asterisk_arguments() if name == "phones" else []
        child = Child([sys.executable, "-m", "app", name, *arguments], env=env, log=folder / "service.log")
        self._stops.append(lambda: child.stop(10))
        self.services[name] = child

    def create_user(self, username: str, role: str) -> None:
        self._command("create-user", username, "--role", role, "--password", PRODUCTION_PASSWORD)

    @contextlib.contextmanager
    def without_redis(self) -> Iterator[None]:
        """Redis is away inside the block, and has forgotten everything after it."""
        self.redis.stop()
        try:
            yield
        finally:
            self.redis.start()

    @contextlib.contextmanager
    def without_postgresql(self) -> Iterator[None]:
        """PostgreSQL is away inside the block."""
        self.postgresql.stop()
        try:
            yield
        finally:
            self.postgresql.start()

    def call(self, *, number: str = "13800138000", say: str = "您好,我想预约复查") -> PatientCall:
        """A patient who calls the hotline; to be used in a `with`."""
        return PatientCall(sip_port=self._sip_port, number=number, hotline="4000", say=say)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        url = make_url(self.environment["WARDLINE_DATABASE_URL"]).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            return connection.execute(query.encode()).fetchall()

    def log_of(self, name: str) -> str:
        return (self._folder / name / "service.log").read_text(errors="replace")

    def _start_outside_world(self) -> None:
        self._stops.append(self.postgresql.remove)
        self.postgresql.start()
        self._stops.append(self.postgresql.stop)
        self.redis.start()
        self._stops.append(self.redis.stop)
        self.smsc.start()
        self._stops.append(self.smsc.stop)
        secret = self._folder / "secret"
        secret.write_text(_SECRET, encoding="utf-8")
        address = self.smsc.address
        self.environment = {
            "WARDLINE_DATABASE_URL": f"{self.postgresql.url}/postgres",
            "WARDLINE_REDIS_URL": self.redis.url,
            "WARDLINE_AMI_URL": f"ami://wardline:secret@127.0.0.1:{free_port()}",
            "WARDLINE_SMPP_URL": f"smpp://{address.system_id}:{address.password}@127.0.0.1:{address.port}",
            "WARDLINE_SECRET_KEY_FILE": str(secret),
            "WARDLINE_SIP_PORT": str(self._sip_port),
            "WARDLINE_SIP_WS_URL": f"ws://127.0.0.1:{self._ws_port}/ws",
            "WARDLINE_SPOOL_DIR": str(self._folder / "asterisk/spool"),
            "WARDLINE_CEL_FILE": str(self._folder / "asterisk/log/cel-custom/wardline.csv"),
            "WARDLINE_RECORDINGS_DIR": str(self._folder / "recordings"),
            "WARDLINE_WRAP_UP_SECONDS": "30",
            "WARDLINE_DEMO": "0",
        }

    def _start_asterisk(self) -> None:
        self._command("asterisk-config", *self._asterisk_arguments())
        command = [*self._program.command, "-f", "-C", str(self._folder / "asterisk/etc/asterisk.conf")]
        asterisk = Child(command, log=self._folder / "asterisk/stdout.log")
        self._stops.append(lambda: asterisk.stop(5))

    def _asterisk_arguments(self) -> list[str]:
        """The folder of its configuration, where this machine has its parts, and free ports."""
        places = {"--modules": self._program.modules, "--data": self._program.data}
        ports = {"--ws-port": self._ws_port, "--rtp-start": 10_000 + 2 * (self._ws_port % 15_000)}
        options = [str(word) for option in (places | ports).items() for word in option]
        return [str(self._folder / "asterisk/etc"), *options]

    def _new_web(self, name: str) -> Product:
        return Product(self._folder / name, command="web", **self.environment)

    def _command(self, *arguments: str) -> None:
        env = os.environ | self.environment | {"WARDLINE_DATA_DIR": str(self._folder / "commands")}
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
