"""Recordings and music that people upload for callers to hear."""

from datetime import datetime

from sqlalchemy import Float, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.db import Table


class UploadedSound(Table):
    """One uploaded file. It is never changed or removed: versions of a way in that were live keep what they said.

    `original` is what came, until it is converted; `sound` is what Asterisk plays, a WAV of 8 kHz, 16 bit, one channel.
    """

    __tablename__ = "uploaded_sound"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))  # what people call it; no file is named like it
    state: Mapped[str] = mapped_column(String(10), index=True)  # SoundState of app.sounds.rules
    original: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    sound: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    sha256: Mapped[str | None] = mapped_column(String(64))  # of `sound`
    seconds: Mapped[float | None] = mapped_column(Float)
    error: Mapped[str | None] = mapped_column(String(40))  # SoundFault of app.sounds.rules
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str] = mapped_column(String(64))
