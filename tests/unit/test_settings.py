"""What the environment may say, and that each wrong value is named in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings

_WRONG = [
    ("WARDLINE_PORT", "99999"),
    ("WARDLINE_PORT", "web"),
    ("WARDLINE_DATABASE_URL", "mysql://hospital"),
    ("WARDLINE_REDIS_URL", "http://127.0.0.1"),
    ("WARDLINE_REDIS_URL", "redis://127.0.0.1:none/0"),
    ("WARDLINE_AMI_URL", "127.0.0.1:5038"),
    ("WARDLINE_AMI_URL", "ami://user:secret@host:99999"),
    ("WARDLINE_SIP_PORT", "0"),
    ("WARDLINE_SIP_WS_URL", "https://host/sip"),
    ("WARDLINE_ICE_SERVERS", "turn.hospital.example:3478"),
    ("WARDLINE_ICE_SERVERS", "turn:host:3478"),
    ("WARDLINE_ICE_SERVERS", "turn:user:word@host:none"),
    ("WARDLINE_ICE_SERVERS", "turn:user:word@host:3478?transport=sctp"),
    ("WARDLINE_ICE_SERVERS", "turn:user:word%0Aturnaddr@host"),
    ("WARDLINE_ICE_SERVERS", "stun:user:word@host"),
    ("WARDLINE_ICE_SERVERS", "stun:user@host"),
    ("WARDLINE_ICE_SERVERS", "turn:user:word@host/path"),
    ("WARDLINE_ICE_SERVERS", "stun:a stun:b stun:c stun:d stun:e"),
    ("WARDLINE_HOTLINE", "40-00"),
    ("WARDLINE_TRUNK", "sbc"),
    ("WARDLINE_TRUNK", "sbc:99999"),
    ("WARDLINE_SMPP_URL", "smpp://host"),
    ("WARDLINE_SMPP_URL", "smpp://user:longer-than-eight@host:2775"),
    ("WARDLINE_SMPP_URL", "smpp://user:word@host:2775?speed=9"),
    ("WARDLINE_SMPP_URL", "smpp://user:word@host:2775?rate=fast"),
    ("WARDLINE_SMTP_URL", "smtp://host"),
    ("WARDLINE_SMTP_URL", "http://host?from=care@hospital.example"),
    ("WARDLINE_SMTP_URL", "smtps://host:none?from=care@hospital.example"),
    ("WARDLINE_SMTP_URL", "smtps://host?from=care"),
    ("WARDLINE_IMAP_URL", "imaps://host"),
    ("WARDLINE_IMAP_URL", "pop3://user:word@host"),
    ("WARDLINE_IMAP_URL", "imap://user:word@host/IN%0d%0aBOX"),
    ("WARDLINE_IMAP_URL", 'imap://user:word@host/IN"BOX'),
    ("WARDLINE_MAIL_PORT", "0"),
    ("WARDLINE_MAIL_PORT", "mail"),
    ("WARDLINE_SECRET_KEY_FILE", "/nonexistent/key"),
    ("WARDLINE_LOCALE", "fr"),
    ("WARDLINE_TIMEZONE", "Asia/Nowhere"),
    ("WARDLINE_TIMEZONE", "../etc/passwd"),
    ("WARDLINE_DEMO", "maybe"),
    ("WARDLINE_AREA_CODE", "city"),
    ("WARDLINE_OUTSIDE_PREFIX", "#"),
    ("WARDLINE_SIGNATURE", "院"),
    ("WARDLINE_WRAP_UP_SECONDS", "1"),
    ("WARDLINE_SERVICE_LEVEL_SECONDS", "soon"),
    ("WARDLINE_SECURE_COOKIES", "2"),
    ("WARDLINE_RECORDINGS_URL", "ftp://host/recordings"),
    ("WARDLINE_RECORDINGS_URL", "s3://B"),
    ("WARDLINE_ARCHIVE_URL", "/mnt/archive"),
    ("WARDLINE_S3_URL", "https://host"),
    ("WARDLINE_S3_URL", "https://key:secret@host:none"),
    ("WARDLINE_RECORDINGS_KEYS", "short"),
]


@pytest.mark.parametrize(("name", "value"), _WRONG)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    assert caught.value.detail.startswith(name)
    assert "\n" not in caught.value.detail


def test_an_empty_environment_is_enough() -> None:
    settings = Settings.from_env({})
    assert (settings.port, settings.sip_port, settings.hotline) == (8000, 15060, "4000")
    assert settings.is_embedded and settings.ami is None and settings.smpp is None and not settings.demo


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ami"
    path.write_text("ami://wardline:s%40cret@pbx:5039\n", encoding="utf-8")
    ami = Settings.from_env({"WARDLINE_AMI_URL_FILE": str(path)}).ami
    assert ami is not None
    assert (ami.host, ami.port, ami.username, ami.secret) == ("pbx", 5039, "wardline", "s@cret")


def test_each_variable_is_in_the_readme() -> None:
    root = Path(__file__).resolve().parents[2]
    read = set(re.findall(r'"(WARDLINE_[A-Z_]+)"', (root / "app/settings.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"^\| `(WARDLINE_[A-Z_]+)`", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert read == told


def test_servers_for_agents_behind_a_router_are_read_with_their_credentials() -> None:
    text = "stun:stun.example, turn:ward:pa%3Ass@turn.example:3479?transport=tcp turns:a:b@[2001:db8::1]"
    servers = Settings.from_env({"WARDLINE_ICE_SERVERS": text}).ice_servers
    assert [server.url for server in servers] == [
        "stun:stun.example:3478",
        "turn:turn.example:3479?transport=tcp",
        "turns:[2001:db8::1]:5349?transport=tcp",
    ]
    assert [(server.username, server.password) for server in servers] == [("", ""), ("ward", "pa:ss"), ("a", "b")]


def test_servers_for_agents_behind_a_router_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "ice").write_text("turn:ward:word@turn.example\n", encoding="utf-8")
    (server,) = Settings.from_env({"WARDLINE_ICE_SERVERS_FILE": str(tmp_path / "ice")}).ice_servers
    assert (server.url, server.password) == ("turn:turn.example:3478?transport=udp", "word")
