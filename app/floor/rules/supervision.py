"""A supervisor in a colleague's call (T-01): who hears whom, and how it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SupervisionMode(StrEnum):
    """Whom the supervisor is heard by. The supervisor hears both sides in each of them."""

    LISTEN = "listen"  # nobody
    WHISPER = "whisper"  # the agent only, never the patient
    BARGE = "barge"  # the agent and the patient


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionRecord:
    """One supervisor in one call. `id` is the order's, and Asterisk's name for the supervisor's channel.

    `began_at` is empty until the supervisor's phone has answered.
    """

    id: str
    supervisor: str
    agent: str
    call_id: str
    mode: SupervisionMode
    ordered_at: datetime
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionChanged:
    """It began, got another mode, or ended, and is now `record`."""

    at: datetime
    record: SupervisionRecord
