"""What can be known before anything starts: each wrong value is refused in one line that names its variable."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from app.cli.secrets import need_secret
from app.db import Database
from app.errors import SettingsError
from app.settings import Settings
from recordings.recognizer import INSTALL, is_installed


def check_folders(settings: Settings) -> None:
    """Make the folders that are missing. Raises SettingsError for one that cannot be made or written to."""
    for name, folder in _folders(settings).items():
        _check_folder(name, folder)


def check_transcription(settings: Settings) -> None:
    """Raise SettingsError for a model without the library that loads it."""
    if settings.transcription_model is not None and not is_installed():
        raise SettingsError(f"WARDLINE_TRANSCRIPTION_MODEL: the library that loads it is missing; {INSTALL}")


def check_start(settings: Settings) -> None:
    """Raise SettingsError when the secret is too short, a port is taken, or the database cannot be opened."""
    need_secret(settings)
    check_transcription(settings)
    _check_port("WARDLINE_PORT", settings.port, socket.SOCK_STREAM)
    if settings.ami is None:
        _check_port("WARDLINE_SIP_PORT", settings.sip_port, socket.SOCK_DGRAM)
    _check_database(settings.database_url)


def _folders(settings: Settings) -> dict[str, Path]:
    folders = {"WARDLINE_DATA_DIR": settings.data_dir, "WARDLINE_RECORDINGS_DIR": settings.recordings_dir}
    if settings.ami is None:
        # A private Asterisk writes here; where another one does, its files are only read and may come later.
        folders |= {
            "WARDLINE_SPOOL_DIR": settings.spool_dir,
            "WARDLINE_CEL_FILE": settings.cel_file.parent,
            "WARDLINE_ASTERISK_ROOT": settings.asterisk_root,
        }
    return folders


def _check_folder(name: str, folder: Path) -> None:
    if folder.is_dir() and name == "WARDLINE_ASTERISK_ROOT":
        # One that is unpacked already may be shared and read-only.
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{name}: {folder} cannot be made ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{name}: {folder} cannot be written to")


def _check_port(name: str, port: int, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104  the same address that will be listened on
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SettingsError(f"{name}: {port} is taken by another program; choose another") from None
            raise SettingsError(f"{name}: {port} cannot be used ({error.strerror}); choose another") from None


def _check_database(url: str) -> None:
    try:
        database = Database(url)
    except (ArgumentError, ValueError):
        raise SettingsError("WARDLINE_DATABASE_URL: not of the form postgresql+psycopg://user@host/name") from None
    try:
        with database.engine.connect():
            pass
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise SettingsError(f"WARDLINE_DATABASE_URL: the database cannot be opened ({reason[:160]})") from None
    finally:
        database.close()
