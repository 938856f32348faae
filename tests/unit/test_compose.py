"""docker-compose.yml against the product: commands, variables, shared files and addresses that must agree."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.main import wardline
from app.cli.secrets import need_secret
from app.settings import Settings

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_SERVICES: dict[str, dict[str, Any]] = _COMPOSE["services"]
_OURS = {name: service for name, service in _SERVICES.items() if service["image"] == "wardline"}
_EXAMPLE = dict(
    line.split("=", 1)
    for line in (_ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
_FILLED_IN = {
    "SITE_NAME": "contact.hospital.example",
    "SECRET_KEY": "f" * 64,
    "POSTGRES_PASSWORD": "a" * 64,
    "AMI_SECRET": "b" * 64,
    "SMPP_URL": "smpp://hospital:password@smsc.operator.example:2775?window=10&rate=50&source_addr=1069001",
    "SIGNATURE": "市一医院",
    "AREA_CODE": "0571",
    "TRUNK": "trunk.operator.example:5060",
    "SMTP_URL": "smtps://care:password@mail.hospital.example:465?from=care@hospital.example",
    "MAIL_PORT": "2525",
}
_EXCHANGED = ("SPOOL_DIR", "CEL_FILE", "RECORDINGS_DIR")
# ${NAME}, ${NAME:-what stands in its place}, ${NAME:?why it may not be empty}
_REFERENCE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


class _Recorder(dict[str, str]):
    """An environment that remembers what was looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return default


def _filled(value: str) -> str:
    return _REFERENCE.sub(lambda found: (_EXAMPLE | _FILLED_IN)[found[1]], value)


def _dockerfile(path: str) -> str:
    return (_ROOT / path).read_text(encoding="utf-8")


def _first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, pattern
    return found[1]


def test_every_service_runs_a_command_that_exists() -> None:
    ordered = {service["command"][0] for service in _OURS.values() if "command" in service}
    ordered |= set(re.findall(r"wardline ([a-z-]+)", " ".join(_SERVICES["prepare"]["entrypoint"])))
    assert {"migrate", "asterisk-config", "web", "telephony", "sms", "mail", "worker", "scheduler", "phones"} <= ordered
    assert ordered <= set(wardline.commands)


def test_every_variable_is_one_that_wardline_reads() -> None:
    read = _Recorder()
    Settings.from_env(read)
    assert {name for service in _OURS.values() for name in service["environment"]} <= read.asked


def test_an_example_that_nobody_filled_in_is_refused() -> None:
    references = _REFERENCE.findall((_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    required = {name for name, kind, _ in references if kind == "?"}
    assert {name for name in required if _EXAMPLE[name]} == set()
    assert {"SECRET_KEY", "POSTGRES_PASSWORD", "AMI_SECRET", "SMPP_URL"} <= required
    assert {name for name, _, _ in references} == set(_EXAMPLE)


@pytest.mark.parametrize("name", _OURS)
def test_wardline_starts_with_what_compose_gives_it(name: str) -> None:
    environment = {key: _filled(value) for key, value in _OURS[name]["environment"].items()}
    settings = need_secret(Settings.from_env(environment | {"WARDLINE_DATA_DIR": "/data"}))
    assert not settings.is_embedded
    assert not settings.demo
    assert settings.secure_cookies
    assert settings.ami is not None and settings.smpp is not None
    assert settings.database_url.startswith("postgresql+psycopg://")


@pytest.mark.parametrize("name", ["asterisk", *_OURS])
def test_files_that_services_exchange_lie_on_a_volume_that_all_of_them_have(name: str) -> None:
    assert "data:/data" in _SERVICES[name]["volumes"]
    places = [_COMPOSE["x-wardline"]["environment"][f"WARDLINE_{what}"] for what in _EXCHANGED]
    assert [place for place in places if not place.startswith("/data/")] == []


def test_asterisk_reads_what_was_written_for_it_as_the_same_user() -> None:
    command = _SERVICES["prepare"]["entrypoint"][-1]
    folder = shlex.split(command)[-1]
    assert _SERVICES["phones"]["command"] == ["phones", folder]
    assert f'"{folder}/asterisk.conf"' in _dockerfile("telephony/asterisk/Dockerfile")
    uid = _first_match(r"--uid (\d+) wardline", _dockerfile("Dockerfile"))
    assert _first_match(r"^USER (\d+)$", _dockerfile("telephony/asterisk/Dockerfile")) == uid


def test_the_proxy_sends_each_kind_of_request_where_it_is_served() -> None:
    text = (_ROOT / "docs/Caddyfile").read_text(encoding="utf-8")
    routes = dict(re.findall(r"handle (\S*) ?\{[^}]*?reverse_proxy (\S+)", text))
    ws_port = next(option.default for option in wardline.commands["asterisk-config"].params if option.name == "ws_port")
    assert routes == {"/socket.io/*": "socket:8000", "/sip": f"asterisk:{ws_port}", "": "web:8000"}
    assert _SERVICES["socket"]["command"] == ["web"]
    address = _COMPOSE["x-wardline"]["environment"]["WARDLINE_SIP_WS_URL"]
    assert _filled(address) == "wss://contact.hospital.example/sip"


def test_what_runs_beside_asterisk_on_the_host_reaches_it_by_name() -> None:
    assert _SERVICES["asterisk"]["network_mode"] == "host"
    for name in ("telephony", "phones", "proxy"):
        assert _SERVICES[name]["extra_hosts"] == ["asterisk:host-gateway"]


def test_mail_has_a_process_only_where_the_hospital_asks_for_it() -> None:
    mail = _SERVICES["mail"]
    assert (mail["command"], mail["profiles"]) == (["mail"], ["mail"])
    settings = Settings.from_env({key: _filled(value) for key, value in mail["environment"].items()})
    assert settings.smtp is not None
    assert [_filled(port) for port in mail["ports"]] == [f"{settings.mail_port}:{settings.mail_port}"]


def test_without_mail_every_other_service_starts_all_the_same() -> None:
    environment = _SERVICES["web"]["environment"]
    defaults = {name: _REFERENCE.sub(lambda found: found[3], value) for name, value in environment.items()}
    settings = Settings.from_env({name: defaults[name] for name in ("WARDLINE_SMTP_URL", "WARDLINE_MAIL_PORT")})
    assert (settings.smtp, settings.mail_port) == (None, None)


def test_every_file_that_compose_names_is_there() -> None:
    assert (_ROOT / _SERVICES["asterisk"]["build"]["dockerfile"]).is_file()
    mounts = [mount.split(":")[0] for mount in _SERVICES["proxy"]["volumes"]]
    assert [mount for mount in mounts if mount.startswith("./") and not (_ROOT / mount).is_file()] == []
