"""`wardline doctor`: what is up, what is not, what to do."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.channels.adapters import Mailbox
from app.channels.rules import Temporary
from app.channels.service import connections
from app.cli.node import find_node
from app.cli.ports import load_ports
from app.db import Database
from app.errors import Unavailable, WardlineError
from app.settings import IMAPAddress, Settings
from recordings.recognizer import INSTALL, is_installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report. `advice` says what to do when `is_well` is false."""

    subject: str
    is_well: bool
    detail: str
    advice: str = ""


def examine(settings: Settings) -> bool:
    """Print the report. Returns whether everything that was looked at is well."""
    findings = [
        _program("sipp", "places demo calls", "apt-get install sip-tester"),
        _program("espeak-ng", "speaks in demo calls", "apt-get install espeak-ng"),
        _node(),
        _disk(settings),
        _database(settings),
        _inner_ports(settings),
        *_parts(settings),
        *_channels(settings),
        _transcription(settings),
    ]
    for finding in findings:
        mark = "ok  " if finding.is_well else "FAIL"
        print(f"{mark} {finding.subject:<12} {finding.detail}")
        if not finding.is_well and finding.advice:
            print(f"     {'':<12} → {finding.advice}")
    return all(finding.is_well for finding in findings)


def _program(name: str, purpose: str, install: str) -> Finding:
    path = shutil.which(name)
    return Finding(subject=name, is_well=path is not None, detail=f"{path or 'missing'} ({purpose})", advice=install)


def _node() -> Finding:
    return _try("node", lambda: f"{find_node()} (demo SMSC)")


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    # An hour of recording is 115 MB before it is converted; 2 GB last a busy day.
    return Finding(
        subject="disk",
        is_well=free > 2_000_000_000,
        detail=f"{free / 1e9:.1f} GB free in {settings.data_dir}",
        advice="free some space, or set WARDLINE_DATA_DIR to another disk",
    )


def _database(settings: Settings) -> Finding:
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return Finding(subject="database", is_well=True, detail=f"{database.url.get_backend_name()}, schema {version}")
    except SQLAlchemyError as error:
        return Finding(
            subject="database",
            is_well=False,
            detail=f"{database.url.get_backend_name()}: {type(error).__name__}",
            advice="start Wardline once (make run), or run: wardline migrate",
        )
    finally:
        database.close()


def _inner_ports(settings: Settings) -> Finding:
    ports = load_ports(settings.data_dir)
    if settings.ami is not None:
        address = (settings.ami.host, settings.ami.port)
    elif ports is not None:
        address = ("127.0.0.1", ports.ami)
    else:
        return Finding(subject="asterisk", is_well=False, detail="never started here", advice="make run")
    return _try("asterisk", lambda: _greeting(address))


def _greeting(address: tuple[str, int]) -> str:
    with socket.create_connection(address, timeout=3) as link:
        return f"{link.recv(100).decode('ascii', 'replace').strip()} at {address[0]}:{address[1]}"


def _parts(settings: Settings) -> list[Finding]:
    """What /healthz says, part by part."""
    url = f"http://127.0.0.1:{settings.port}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        body = json.load(error)
    except OSError:
        return [Finding(subject="web", is_well=False, detail=f"nothing answers at {url}", advice="make run")]
    advice = {
        "telephony": "see the line of Asterisk above; it recovers by itself when Asterisk is back",
        "sms": "see that the SMSC runs and WARDLINE_SMPP_URL is right; it recovers by itself",
        "jobs": "see that Redis and a worker run",
        "database": "see that the database runs; it recovers by itself",
    }
    return [
        Finding(subject=name, is_well=state in ("ok", "off"), detail=str(state), advice=advice.get(name, ""))
        for name, state in body["parts"].items()
    ]


def _channels(settings: Settings) -> list[Finding]:
    """Every channel but call and SMS: where it leads, and for mail whether both ends answer."""
    found = []
    for each in connections(settings):
        detail = f"sends: {each.sends.value}, receives: {each.receives.value}"
        found.append(Finding(subject=each.channel.value, is_well=True, detail=detail))
    if settings.smtp is not None:
        address = (settings.smtp.host, settings.smtp.port)
        found.append(_try("mail out", lambda: _connects(address)))
    if settings.imap is not None:
        mailbox = settings.imap
        found.append(_try("mailbox", lambda: _opens(mailbox)))
    if settings.mail_port is not None:
        port = settings.mail_port
        found.append(_try("mail in", lambda: _greeting(("127.0.0.1", port))))
    return found


def _transcription(settings: Settings) -> Finding:
    """Not having a model is a choice; having one without the library is a mistake."""
    model = settings.transcription_model
    if model is None:
        detail = "no transcription model is installed; README.md, Transcripts, says how to have one"
        return Finding(subject="transcripts", is_well=True, detail=detail)
    return Finding(
        subject="transcripts",
        is_well=is_installed(),
        detail=f"{model.name} ({model.kind.value})",
        advice=INSTALL,
    )


def _connects(address: tuple[str, int]) -> str:
    # No greeting is read: under TLS there is none before the handshake.
    with socket.create_connection(address, timeout=3):
        return f"answers at {address[0]}:{address[1]}"


def _opens(mailbox: IMAPAddress) -> str:
    try:
        Mailbox(mailbox, timeout_seconds=5.0).close()
    except Temporary as error:
        raise Unavailable(f"see that WARDLINE_IMAP_URL is right ({error})") from None
    return f"opens at {mailbox.host}:{mailbox.port}"


def _try(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject=subject, is_well=True, detail=look())
    except WardlineError as error:
        return Finding(subject=subject, is_well=False, detail="missing", advice=error.detail)
    except OSError as error:
        detail = f"does not answer ({error.strerror or type(error).__name__})"
        return Finding(subject=subject, is_well=False, detail=detail, advice="make run")
