"""What Asterisk is told of STUN and TURN."""

from __future__ import annotations

from pathlib import Path

from app.ice_servers import parse_ice_servers
from telephony.asterisk.config import AsteriskConfig, write_config


def rtp_conf(folder: Path, servers: str) -> dict[str, str]:
    config = AsteriskConfig(
        data=folder / "data", modules=folder / "modules", etc=folder / "etc", run=folder / "run", log=folder / "log",
        spool=folder / "spool", hotline="4000", agents=(), ami_port=5038, ami_user="wardline", ami_secret="secret",
        ws_port=8089, sip_port=5060, ice_servers=parse_ice_servers(servers),
    )  # fmt: skip
    lines = (write_config(config).parent / "rtp.conf").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


def test_without_servers_asterisk_asks_nobody_for_its_address(tmp_path: Path) -> None:
    assert set(rtp_conf(tmp_path, "")) == {"rtpstart", "rtpend", "strictrtp", "icesupport"}


def test_asterisk_uses_the_first_of_each_kind_that_it_can(tmp_path: Path) -> None:
    written = rtp_conf(tmp_path, "turns:a:b@first stun:stun.example turn:ward:wo%3Drd@turn.example:3479 turn:c:d@later")
    assert written["stunaddr"] == "stun.example:3478"
    assert written["turnaddr"] == "turn.example:3479"
    assert (written["turnusername"], written["turnpassword"]) == ("ward", "wo=rd")
