"""Find an Asterisk that is new enough, or unpack one below the data directory without touching the machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import Unavailable

# 22.10.1 closes known holes; an older Asterisk is never used.
OLDEST = (22, 10, 1)
_PACKAGES = ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCE = f"deb [signed-by={_KEYRING}] http://deb.debian.org/debian forky main\n"
_TRIPLETS = {
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
PACKAGED_DATA = Path("/usr/share/asterisk")
"""Where Debian's packages put sounds and music."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskProgram:
    """How to start one Asterisk: the words before its options, and where its parts lie."""

    command: tuple[str, ...]
    modules: Path
    data: Path
    version: str


def find_or_unpack(root: Path, say: Callable[[str], None]) -> AsteriskProgram:
    """The machine's own Asterisk when it is at least OLDEST, else the one below `root`, unpacked there when missing.

    Unpacking takes about 30 s and 306 MB. `say` is told what goes on. Raises Unavailable, which says what to do.
    """
    installed = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if installed and (version := _version((installed,))) and version >= OLDEST:
        return AsteriskProgram(
            command=(installed,), modules=packaged_modules(), data=PACKAGED_DATA, version=_text(version)
        )
    if not (root / ".complete").exists():
        _unpack(root, say)
    return _program(root)


def packaged_modules() -> Path:
    """Where Debian's package puts the modules on a machine of this kind, whether it is installed here or not."""
    triplet, _ = _TRIPLETS.get(platform.machine(), ("", ""))
    expected = Path("/usr/lib") / triplet / "asterisk/modules"
    return next(iter(Path("/usr/lib").glob("*/asterisk/modules")), expected)


def _program(root: Path) -> AsteriskProgram:
    triplet, loader = _TRIPLETS.get(platform.machine(), ("", ""))
    if not triplet:
        raise Unavailable(f"No Asterisk can be unpacked on {platform.machine()}: install Asterisk 22 and start again.")
    library = root / "usr/lib" / triplet
    command = (str(library / loader), "--library-path", str(library), str(root / "usr/sbin/asterisk"))
    version = _version(command)
    if version is None or version < OLDEST:
        raise Unavailable(f"The Asterisk below {root} does not start or is too old: remove the folder and start again.")
    return AsteriskProgram(
        command=command, modules=library / "asterisk/modules", data=root / "usr/share/asterisk", version=_text(version)
    )


def _unpack(root: Path, say: Callable[[str], None]) -> None:
    """Let apt resolve, fetch and verify the packages against an empty machine of its own, then only unpack them.

    This asks for no privilege and no user namespace, which containers and hardened hosts refuse.
    """
    if shutil.which("apt-get") is None:
        raise Unavailable("Asterisk is missing: install Asterisk 22.10.1 or later, then start again")
    if not _KEYRING.exists():
        raise Unavailable("Asterisk is missing. Run: apt-get install debian-archive-keyring   (then start again)")
    say("Unpacking Asterisk 22 (about 30 s, 306 MB) …")
    apt = root.with_name(f"{root.name}.apt")
    for folder in (root, apt):
        shutil.rmtree(folder, ignore_errors=True)
    root.mkdir(parents=True)
    for folder in (apt / "lists/partial", apt / "archives/partial"):
        folder.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(_SOURCE, encoding="utf-8")
    options = [word for option in _apt_options(apt) for word in ("-o", option)]
    _run(["apt-get", "-qq", *options, "update"])
    _run(["apt-get", "-qq", "-y", *options, "install", "--download-only", *_PACKAGES])
    for package in sorted((apt / "archives").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    shutil.rmtree(apt)
    (root / ".complete").touch()


def _apt_options(folder: Path) -> list[str]:
    return [
        f"Dir::State={folder}",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}",
        f"Dir::Etc::sourcelist={folder}/sources.list",
        "Dir::Etc::sourceparts=/dev/null",
        "Dir::Etc::preferences=/dev/null",
        "Dir::Etc::preferencesparts=/dev/null",
        "Acquire::Languages=none",
        "Acquire::Retries=3",
        # The Release file of a testing suite may be past its date on a mirror; it is signed all the same.
        "Acquire::Check-Valid-Until=false",
        "APT::Install-Recommends=false",
        # As root apt would fetch as its own user, who may not enter a private data directory.
        "APT::Sandbox::User=root",
    ]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = lines[-1] if lines else f"exit code {done.returncode}"
        raise Unavailable(f"{command[0]} failed: {reason}")


def _version(command: tuple[str, ...]) -> tuple[int, ...] | None:
    try:
        done = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    found = re.search(r"Asterisk (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def main() -> None:
    """`python -m telephony.asterisk.provision ROOT`: needs nothing but the standard library, so set-up may run it."""
    try:
        program = find_or_unpack(Path(sys.argv[1]).absolute(), lambda line: print(f"setup: {line}", flush=True))
    except Unavailable as error:
        sys.exit(f"setup: {error.detail}")
    # The make rule waits for this file also where the machine's own Asterisk is used.
    root = Path(sys.argv[1])
    root.mkdir(parents=True, exist_ok=True)
    (root / ".complete").touch()
    print(f"setup: Asterisk {program.version} is there")


if __name__ == "__main__":
    main()
