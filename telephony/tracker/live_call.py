"""One call that has not ended, as the tracker holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.calls.rules import CallRecord, LegRecord


@dataclass(slots=True)
class LiveCall:
    """Mutable, owned by LiveCalls. `patient` and `agent` are channels: (name, uniqueid), empty until known."""

    record: CallRecord
    patient: tuple[str, str] = ("", "")
    agent: tuple[str, str] = ("", "")
    legs: dict[str, LegRecord] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    hung_up_by: str | None = None
    dial_status: str = ""
    is_transferring: bool = False
    is_confirmed: bool = False
    joined_at: datetime | None = None  # when a queue was last joined
