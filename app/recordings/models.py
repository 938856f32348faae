"""Recordings: what quality staff replay and what proves what was said."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class Recording(Table):
    """The audio of one answered call. The row is made with the answer, so that a missing file is noticed.

    `id` is a random UUID and the only name under which audio is served. Left channel: the patient; right: the agent.
    """

    __tablename__ = "recording"
    __scoped__ = Scoped(module=Module.RECORDINGS, through="call_id", at="started_at")
    __table_args__ = (
        Index("ix_recording_state", "state", "due_at"),
        Index("ix_recording_started", "started_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), unique=True)
    state: Mapped[str] = mapped_column(String(12))  # RecordingState of app.recordings.rules
    source_name: Mapped[str] = mapped_column(String(100))  # file stem in the spool directory, from our own ids
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # when the sweeper looks at it next; nothing while the call lasts
    claimed_until: Mapped[datetime | None]  # while a worker holds it; the claim of a dead worker runs out
    attempts: Mapped[int] = mapped_column(default=0)  # looks that found no file
    seconds: Mapped[float | None]
    bytes: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str | None] = mapped_column(String(40))
    path: Mapped[str | None] = mapped_column(String(200))  # below recordings_dir
    # {"per_second": n, "patient": [0…1], "agent": [0…1]}. An hour has about 700 kB of them: loaded only when asked for.
    peaks: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    findings: Mapped[list[Any] | None]  # Finding of app.recordings.rules
