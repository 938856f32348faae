"""The files of an Asterisk that others start, and the phones of the accounts that are made while it runs."""

from __future__ import annotations

import asyncio
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from app.cli.floor_plan import FloorPlan, FloorReader
from app.cli.private_asterisk import read_phones, trunk_addresses
from app.db import Database
from app.errors import SettingsError
from app.settings import AMIAddress, Settings
from telephony.ami.connection import ActionRefused, AMIConnection, LinkLost, LinkRefused
from telephony.asterisk.config import AgentPhone, AsteriskConfig, write_config
from telephony.asterisk.process import RELOADED

log = structlog.get_logger()

# Where Docker puts its networks, and hospitals their servers.
_PRIVATE_NETWORKS = (
    "127.0.0.0/255.0.0.0",
    "10.0.0.0/255.0.0.0",
    "172.16.0.0/255.240.0.0",
    "192.168.0.0/255.255.0.0",
)
# Whoever made an account tells its user the password; that takes longer.
_LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAsterisk:
    """An Asterisk that others start: where its parts lie, and which ports it may use."""

    modules: Path
    data: Path
    ws_port: int
    rtp_start: int


def write_for_own_asterisk(settings: Settings, folder: Path, own: OwnAsterisk) -> Path:
    """Write the configuration for an Asterisk that others start, for `WARDLINE_AMI_URL`'s user and secret.

    Returns the path of asterisk.conf. Raises SettingsError.
    """
    address = _need_address(settings)
    database = Database(settings.database_url)
    try:
        phones = read_phones(database, settings.secret_key)
        plan = FloorReader(database, settings).read()
    finally:
        database.close()
    return write_config(_config(settings, address, folder, own, phones, plan))


def follow_accounts(settings: Settings, folder: Path, own: OwnAsterisk) -> None:
    """Give a phone to each account as it is made, and take over queues and ways in as they change, until a SIGTERM.

    No call is touched. A database or an Asterisk that is away is asked again. Raises SettingsError.
    """
    address = _need_address(settings)
    database = Database(settings.database_url)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    reader = FloorReader(database, settings)
    known: tuple[tuple[AgentPhone, ...], FloorPlan] | None = None
    while not stopping.is_set():
        try:
            phones = read_phones(database, settings.secret_key)
            plan = reader.read()
            if (phones, plan) != known:
                write_config(_config(settings, address, folder, own, phones, plan))
                asyncio.run(_reload(address))
                known = (phones, plan)
                log.info("phones.reloaded", phones=len(phones))
        except (DBAPIError, OSError, LinkLost, LinkRefused, ActionRefused) as error:
            log.warning("phones.reload_failed", error=type(error).__name__)
        stopping.wait(_LOOK_SECONDS)
    database.close()


async def _reload(address: AMIAddress) -> None:
    connection = AMIConnection(address, on_event=lambda _: None, on_suspicion=lambda _: None, on_lost=lambda: None)
    await connection.open()
    try:
        for module in RELOADED:
            await connection.send({"Action": "Reload", "Module": module})
    finally:
        connection.close()


def _need_address(settings: Settings) -> AMIAddress:
    if settings.ami is None:
        raise SettingsError("WARDLINE_AMI_URL: say which user and secret Asterisk's manager shall know")
    return settings.ami


def _config(
    settings: Settings,
    address: AMIAddress,
    folder: Path,
    own: OwnAsterisk,
    phones: tuple[AgentPhone, ...],
    plan: FloorPlan,
) -> AsteriskConfig:
    return AsteriskConfig(
        data=own.data,
        modules=own.modules,
        etc=folder.absolute(),
        run=settings.spool_dir.parent / "run",
        log=settings.cel_file.parent.parent,
        spool=settings.spool_dir,
        hotline=settings.hotline,
        agents=phones,
        ami_host="0.0.0.0",  # noqa: S104  another host or container connects; `permit` says which
        ami_permit=_PRIVATE_NETWORKS,
        ami_port=address.port,
        ami_user=address.username,
        ami_secret=address.secret,
        ws_port=own.ws_port,
        sip_port=settings.sip_port,
        trunk_contact=settings.trunk,
        trunk_match=trunk_addresses(settings.trunk),
        rtp_start=own.rtp_start,
        rtp_end=own.rtp_start + 1999,
        ice_servers=settings.ice_servers,
        service_level_seconds=int(settings.service_level.total_seconds()),
        queues=plan.queues,
        flows=plan.flows,
        queue_sounds=plan.queue_sounds,
        language=settings.locale,
        timezone=settings.timezone.key,
    )
