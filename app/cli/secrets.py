"""The secret key of a product that nobody gave one: made once, kept in the data directory."""

from __future__ import annotations

import os
import secrets

from app.errors import SettingsError
from app.settings import Settings

SHORTEST = 16


def with_own_secret(settings: Settings) -> Settings:
    """The settings with a secret key: the given one, else the one in the data directory, made when it is missing."""
    if settings.secret_key:
        return settings
    path = settings.data_dir / "secret_key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
    return settings.with_changes(secret_key=path.read_text(encoding="utf-8").strip())


def need_secret(settings: Settings) -> Settings:
    """The settings as they are. Raises SettingsError when there is no secret key: production makes none up."""
    if len(settings.secret_key) < SHORTEST:
        raise SettingsError(
            f"WARDLINE_SECRET_KEY: set {SHORTEST} or more random characters, the same for every process"
        )
    return settings


def known_secret(settings: Settings) -> Settings:
    """The settings with the secret key that this product uses, given or its own. Raises SettingsError without one."""
    has_own = (settings.data_dir / "secret_key").exists()
    return need_secret(with_own_secret(settings) if has_own else settings)
