"""One call that has not ended, as the tracker holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.calls.rules import CallRecord, LegRecord

NOBODY = ("", "")


@dataclass(slots=True)
class LiveCall:
    """Mutable, owned by LiveCalls. `patient`, `agent`, `colleague` are channels: (name, uniqueid), empty until known.

    `colleague` is who is asked, or somebody outside who has the patient. `is_in_room`: the agent's channel is in the
    call's room, so that nobody else's end ends it.
    """

    record: CallRecord
    patient: tuple[str, str] = NOBODY
    agent: tuple[str, str] = NOBODY
    colleague: tuple[str, str] = NOBODY
    colleague_cause: str = ""  # why who is asked did not answer, where the phone has said so
    unanswered_at: datetime | None = None  # when Asterisk last told that nobody answered
    is_in_room: bool = False
    led_to: str = ""  # the number outside of a blind transfer that is under way, and who ordered it
    led_by: str | None = None
    legs: dict[str, LegRecord] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    hung_up_by: str | None = None
    dial_status: str = ""
    is_transferring: bool = False
    moved_at: datetime | None = None  # when its channels were last ordered somewhere else
    is_confirmed: bool = False
    joined_at: datetime | None = None  # when a queue was last joined
