"""The private Asterisk: it follows accounts, queues and ways in while it runs."""

from __future__ import annotations

from collections.abc import Callable

from app.accounts import service as accounts
from app.cli.floor_plan import FloorPlan, FloorReader
from app.cli.ports import Ports
from app.db import Database
from app.settings import AMIAddress, Settings
from telephony.asterisk.config import AgentPhone, AsteriskConfig
from telephony.asterisk.process import PrivateAsterisk
from telephony.asterisk.provision import AsteriskProgram, find_or_unpack

AMI_USER = "wardline"


class Switchboard:
    """Asterisk as one of our child processes."""

    def __init__(self, settings: Settings, ports: Ports, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._ports = ports
        self._database = Database(settings.database_url)
        self._program: AsteriskProgram = find_or_unpack(settings.asterisk_root, say)
        self._phones: tuple[AgentPhone, ...] = ()
        self._reader = FloorReader(self._database, settings)
        self._plan = FloorPlan()
        self._asterisk: PrivateAsterisk | None = None

    @property
    def version(self) -> str:
        return self._program.version

    @property
    def ami(self) -> AMIAddress:
        secret = accounts.sip_password(self._settings.secret_key, "ami")
        return AMIAddress(host="127.0.0.1", port=self._ports.ami, username=AMI_USER, secret=secret)

    @property
    def is_alive(self) -> bool:
        return self._asterisk is not None and self._asterisk.child is not None and self._asterisk.child.is_alive

    def start(self) -> None:
        """Raises Unavailable when Asterisk does not come up."""
        self._phones = read_phones(self._database, self._settings.secret_key)
        self._plan = self._reader.read()
        self._asterisk = PrivateAsterisk(self._program, self._config())
        self._asterisk.start()

    def follow(self) -> None:
        """Take over the accounts, queues and ways in that have changed since, without touching a call."""
        phones, plan = read_phones(self._database, self._settings.secret_key), self._reader.read()
        if (phones, plan) == (self._phones, self._plan) or self._asterisk is None:
            return
        self._phones, self._plan = phones, plan
        self._asterisk.take_over(agents=phones, queues=plan.queues, flows=plan.flows, queue_sounds=plan.queue_sounds)

    def stop(self) -> None:
        """Stopping twice is harmless."""
        if self._asterisk is not None:
            self._asterisk.stop()
        self._database.close()

    def _config(self) -> AsteriskConfig:
        folder = self._settings.data_dir / "asterisk"
        return AsteriskConfig(
            data=self._program.data,
            modules=self._program.modules,
            etc=folder / "etc",
            run=folder / "run",
            log=self._settings.cel_file.parent.parent,
            spool=self._settings.spool_dir,
            hotline=self._settings.hotline,
            agents=self._phones,
            ami_port=self._ports.ami,
            ami_user=AMI_USER,
            ami_secret=self.ami.secret,
            ws_port=self._ports.sip_ws,
            sip_port=self._settings.sip_port,
            trunk_contact=self._settings.trunk,
            trunk_match=trunk_addresses(self._settings.trunk),
            rtp_start=self._ports.rtp_start,
            rtp_end=self._ports.rtp_start + 1999,
            ice_servers=self._settings.ice_servers,
            service_level_seconds=int(self._settings.service_level.total_seconds()),
            queues=self._plan.queues,
            flows=self._plan.flows,
            queue_sounds=self._plan.queue_sounds,
            language=self._settings.locale,
            timezone=self._settings.timezone.key,
        )


def read_phones(database: Database, secret_key: str) -> tuple[AgentPhone, ...]:
    """A phone for each account that has one."""
    with database.reading() as session:
        names = accounts.phone_usernames(session)
    return tuple(AgentPhone(username=name, sip_password=accounts.sip_password(secret_key, name)) for name in names)


def trunk_addresses(trunk: str) -> tuple[str, ...]:
    """Whose calls are taken for the trunk's: this machine's always, and those of the trunk's own host."""
    host = trunk.partition(":")[0]
    return ("127.0.0.1",) if host in ("", "127.0.0.1", "localhost") else ("127.0.0.1", host)
