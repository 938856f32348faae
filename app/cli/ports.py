"""Ports that nobody set: chosen once, kept in the data directory, so that other commands find them."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The inner ports of one running product, all on this machine."""

    ami: int
    sip_ws: int
    smsc: int
    smsc_control: int
    demo_patients: int
    rtp_start: int


def choose_ports(data_dir: Path, *, taken: Collection[int] = ()) -> Ports:
    """The ports of the last start where they are free, else new ones. Written to the data directory.

    `taken` are ports that others of us will listen on in a moment, so that nobody has them yet.
    """
    known = load_ports(data_dir)
    if known is None or not all(_is_free(port) for port in list(asdict(known).values())[:-1]):
        free = [port for port in _free_ports(5 + len(taken)) if port not in taken]
        # 2,000 ports are 500 calls at once; anywhere above the other ports and below the system's own range.
        known = Ports(
            ami=free[0],
            sip_ws=free[1],
            smsc=free[2],
            smsc_control=free[3],
            demo_patients=free[4],
            rtp_start=10_000 + 2 * (free[0] % 9) * 1000,
        )
    path = _path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(known)), encoding="utf-8")
    return known


def load_ports(data_dir: Path) -> Ports | None:
    """The ports of the last start, nothing when there was none."""
    try:
        return Ports(**json.loads(_path(data_dir).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _path(data_dir: Path) -> Path:
    return data_dir / "run" / "ports.json"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
