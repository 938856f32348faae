"""Render Asterisk's configuration from our settings: trunk, agents, queues, AMI user, CEL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.errors import SettingsError
from app.ice_servers import ICEServer
from app.queues.rules import MAIN_QUEUE, Strategy
from telephony.ami.events import FOLLOWED
from telephony.asterisk.way_in import FlowPlan, dialplan_of

FALLBACK_QUEUE = "fallback"

_USERNAME = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
_QUEUE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FOLDER = re.compile(r"[0-9a-f]{8,64}")
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPhone:
    """An agent's phone as Asterisk sees it: a browser that registers, or a SIP phone that is always at `contact`."""

    username: str
    sip_password: str
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """A queue as Asterisk keeps it. After `max_wait_seconds` a caller goes on to the queue `overflow`."""

    name: str
    strategy: Strategy = Strategy.LEAST_RECENT
    service_level_seconds: int = 20
    max_wait_seconds: int | None = None
    overflow: str | None = None
    offers_callback: bool = False
    tells_wait: bool = False
    knows_callers: bool = False
    """Whoever talked with a caller last is rung first."""
    tells_empty: bool = False
    """Callers are not let in, nor kept, when nobody who is signed in serves it."""
    music: str = ""
    """The folder of its music below the spool's; empty for the packaged one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskConfig:
    """Everything that the configuration files are made from."""

    data: Path
    """Sounds and music, `…/usr/share/asterisk`."""
    modules: Path
    etc: Path
    run: Path
    log: Path
    spool: Path
    hotline: str
    agents: tuple[AgentPhone, ...]
    ami_port: int
    ami_user: str
    ami_secret: str
    ws_port: int
    sip_port: int
    sip_host: str = "0.0.0.0"  # noqa: S104  phones and trunks are on the hospital's network
    ami_host: str = "127.0.0.1"
    ws_host: str = "0.0.0.0"  # noqa: S104
    ami_permit: tuple[str, ...] = ("127.0.0.1/255.255.255.255",)
    trunk_contact: str = ""
    trunk_match: tuple[str, ...] = ("127.0.0.1",)
    rtp_start: int = 20000
    rtp_end: int = 22000
    ring_seconds: int = 15
    outbound_ring_seconds: int = 45
    rejoin_seconds: int = 15
    held_seconds: int = 900
    """How long a patient hears music at most while somebody else is asked, when Wardline says nothing more."""
    parked_seconds: int = 3600
    """The same for a parked patient. Wardline's own bound is a setting, and shorter."""
    ice_servers: tuple[ICEServer, ...] = ()
    """Of which Asterisk uses the first STUN and the first TURN server over UDP: its own leg has no TLS to TURN."""
    answer_seconds: int = 5
    """How long a patient may think before a question of an automatic call is asked again."""
    heartbeat_seconds: int = 30
    service_level_seconds: int = 20
    queues: tuple[QueuePlan, ...] = ()
    """Besides the main queue, which is always there; one of that name says more about it."""
    flows: tuple[FlowPlan, ...] = ()
    """The ways in that are live. A hotline that none serves leads straight to the main queue."""
    timezone: str = "Asia/Shanghai"
    queue_sounds: Mapping[str, str] = field(default_factory=dict)
    """By language, the folder of what a queue says itself. Without any, nobody is called back or told that nobody is
    there."""
    language: str = "zh_Hans"
    """What callers are spoken to in whose language nobody knows."""
    announce_seconds: int = 30
    """How often callers who wait are told what the queue tells."""
    known_seconds: int = 12
    """For how long the agent who knows a caller is rung before anybody else is."""
    message_seconds: int = 180
    """For how long a caller may speak after the tone."""
    system_name: str = "wardline"


def write_config(config: AsteriskConfig) -> Path:
    """Write every configuration file below `config.etc` and make the folders they name.

    Returns the path of asterisk.conf. Secrets are in it: the folder is readable by its owner only. Doing it twice
    gives the same files, so a running Asterisk may reload them.
    """
    for agent in config.agents:
        if not _USERNAME.fullmatch(agent.username):
            raise SettingsError(f"{agent.username!r} cannot be a phone's name: a-z, 0-9, _ and -, at most 32")
    for queue in config.queues:
        if queue.music and not _FOLDER.fullmatch(queue.music):
            raise SettingsError(f"{queue.music!r} cannot be a folder of music")
        if not _QUEUE.fullmatch(queue.name) or (queue.overflow and not _QUEUE.fullmatch(queue.overflow)):
            raise SettingsError(f"{queue.name!r} cannot be a queue's name: a-z, 0-9 and _, at most 32")
    folders = [config.etc, config.log / "cel-custom", config.spool / "monitor", config.spool / "prompts"]
    folders += [config.run / name for name in ("lib/agi", "lib/keys", "run")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    config.etc.chmod(0o700)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    values = {name: getattr(config, name) for name in AsteriskConfig.__slots__}
    seconds = config.service_level_seconds
    main = QueuePlan(name=MAIN_QUEUE, service_level_seconds=seconds)
    queues = config.queues if any(each.name == MAIN_QUEUE for each in config.queues) else (main, *config.queues)
    served = {number for plan in config.flows for number in plan.hotlines}
    values |= {
        "ami_events": sorted(FOLLOWED),
        "queues": queues,
        "hotlines": [] if config.hotline in served else [config.hotline],
        "ways_in": [
            line
            for plan in config.flows
            for line in dialplan_of(plan, zone=config.timezone, answer_seconds=config.answer_seconds)
        ],
        "musics": sorted({queue.music for queue in queues if queue.music}),
        "queue": MAIN_QUEUE,
        "fallback_queue": FALLBACK_QUEUE,
        "stun": next((each for each in config.ice_servers if each.scheme == "stun"), None),
        "turn": next((each for each in config.ice_servers if each.scheme == "turn" and each.transport == "udp"), None),
    }
    for name in environment.list_templates(extensions=["conf"]):
        (config.etc / name).write_text(environment.get_template(name).render(values), encoding="utf-8")
    return config.etc / "asterisk.conf"
