"""What every process is made of. A composition root builds one `Parts` and passes it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import app.models  # noqa: F401  all tables at once: foreign keys cross rooms
from app.bus import Bus, open_bus
from app.db import Database
from app.settings import Settings


def utc_now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, database, bus and clock of this process."""

    settings: Settings
    database: Database
    bus: Bus
    now: Callable[[], datetime] = field(default=utc_now)

    @classmethod
    def open(cls, settings: Settings) -> Parts:
        """Build the parts that the settings ask for. The bus is not started: subscribe first, then start it."""
        return cls(settings=settings, database=Database(settings.database_url), bus=open_bus(settings.redis_url))

    def close(self) -> None:
        """Stop the bus and give all connections back."""
        self.bus.close()
        self.database.close()
