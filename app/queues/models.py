"""Queues, and how fresh our knowledge of Asterisk is."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

import app.sounds.models  # noqa: F401  a queue's music is one of its rows
from app.db import Table


class Queue(Table):
    """A queue that callers wait in. `name` is Asterisk's name too."""

    __tablename__ = "queue"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(80))
    service_level_seconds: Mapped[int]
    service_level_target: Mapped[float]
    strategy: Mapped[str] = mapped_column(String(20), default="leastrecent")  # Strategy of app.queues.rules
    wrap_up_seconds: Mapped[int | None]  # nothing: as the settings say
    max_wait_seconds: Mapped[int | None]  # after which callers go on to `overflow`
    overflow: Mapped[str | None] = mapped_column(String(40))
    offers_callback: Mapped[bool] = mapped_column(default=False, server_default="0")  # by key 1, keeping the place
    tells_wait: Mapped[bool] = mapped_column(default=False, server_default="0")  # the place, and about how long
    known_days: Mapped[int | None]  # whoever talked with the caller within so many days is rung first
    when_empty: Mapped[str] = mapped_column(String(10), default="wait", server_default="wait")  # WhenEmpty
    music_id: Mapped[int | None] = mapped_column(ForeignKey("uploaded_sound.id"))  # nothing: the packaged music
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class QueueMember(Table):
    """Which queues an agent serves. Who is in none serves the hotline's. A lower `penalty` is rung first."""

    __tablename__ = "queue_member"

    queue: Mapped[str] = mapped_column(ForeignKey("queue.name"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    penalty: Mapped[int] = mapped_column(default=0)


class TelephonyLink(Table):
    """One row: whether telephony is in step with Asterisk, and when it last proved so. The board's age is `as_of`."""

    __tablename__ = "telephony_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12))  # up, reconciling or down
    since: Mapped[datetime]
    as_of: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(String(200), default="")
    asterisk_started_at: Mapped[str] = mapped_column(String(40), default="")
    cel_offset: Mapped[int] = mapped_column(default=0)
    cel_inode: Mapped[int] = mapped_column(default=0)
