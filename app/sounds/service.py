"""Uploaded sounds: kept as they came, converted in the background, then heard and used. Nothing is ever changed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import rows_changed
from app.errors import InvalidInput, NotFound
from app.parts import Parts
from app.sounds.models import UploadedSound
from app.sounds.rules import MOST_BYTES, SoundFault, SoundState, clean_name
from app.texts import N_

_FOLDER_LETTERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What Asterisk plays: a WAV of 8 kHz, 16 bit, one channel."""

    sound: bytes
    seconds: float


def upload(session: Session, data: bytes, *, name: str, file_name: str, by: str, now: datetime) -> UploadedSound:
    """Keep a file to be converted. Whatever is in it or in its name does no harm. Raises InvalidInput for its size."""
    if not data:
        raise InvalidInput(N_("Choose a file first."), field="file")
    if len(data) > MOST_BYTES:
        raise InvalidInput(N_("The file is larger than 10 MB."), field="file")
    row = UploadedSound(
        name=clean_name(name, file_name), state=SoundState.WAITING, original=data, uploaded_at=now, uploaded_by=by
    )
    session.add(row)
    session.flush()
    return row


def list_sounds(session: Session, limit: int = 200) -> list[UploadedSound]:
    """The newest first."""
    return list(session.scalars(select(UploadedSound).order_by(UploadedSound.id.desc()).limit(limit)))


def ready_sounds(session: Session) -> list[UploadedSound]:
    """Those that callers can hear, by name."""
    is_ready = UploadedSound.state == SoundState.READY
    return list(session.scalars(select(UploadedSound).where(is_ready).order_by(UploadedSound.name, UploadedSound.id)))


def digests(session: Session, ids: Collection[int] | None = None) -> dict[int, str]:
    """The SHA-256 of each sound that callers can hear, of all or of these; others are left out."""
    query = select(UploadedSound.id, UploadedSound.sha256).where(UploadedSound.state == SoundState.READY)
    if ids is not None:
        query = query.where(UploadedSound.id.in_(list(ids)))
    return {id: digest for id, digest in session.execute(query) if digest is not None}


def audio(session: Session, sound_id: int) -> bytes:
    """The WAV. Raises NotFound for one that is not ready."""
    found = session.scalar(select(UploadedSound.sound).where(UploadedSound.id == sound_id))
    if found is None:
        raise NotFound(N_("There is no such sound."))
    return found


def due_sounds(parts: Parts) -> list[int]:
    """Those that wait to be converted."""
    with parts.database.reading() as session:
        is_waiting = UploadedSound.state == SoundState.WAITING
        return list(session.scalars(select(UploadedSound.id).where(is_waiting).order_by(UploadedSound.id).limit(20)))


def original(session: Session, sound_id: int) -> bytes | None:
    """What was uploaded, while it waits to be converted."""
    is_waiting = (UploadedSound.id == sound_id, UploadedSound.state == SoundState.WAITING)
    return session.scalar(select(UploadedSound.original).where(*is_waiting))


def settle(session: Session, sound_id: int, converted: Converted | SoundFault) -> bool:
    """Write what became of a waiting sound; of two who convert it, one does."""
    values: dict[str, object] = {"original": None}
    if isinstance(converted, SoundFault):
        values |= {"state": SoundState.BROKEN.value, "error": converted.value}
    else:
        digest = hashlib.sha256(converted.sound).hexdigest()
        values |= {"state": SoundState.READY.value, "sound": converted.sound, "sha256": digest}
        values |= {"seconds": round(converted.seconds, 1)}
    changed = session.execute(
        update(UploadedSound)
        .where(UploadedSound.id == sound_id, UploadedSound.state == SoundState.WAITING)
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    return rows_changed(changed) == 1


def lay_out_music(spool_dir: Path, digest: str, load: Callable[[], bytes]) -> str:
    """Put a sound where Asterisk plays music from. Returns the folder's name.

    A folder is named after what is in it and appears when it is whole: done twice it is the same. Raises OSError.
    """
    name = digest[:_FOLDER_LETTERS]
    folder = spool_dir / "music" / name
    if not folder.is_dir():
        growing = folder.with_name(f".{secrets.token_hex(8)}")
        growing.mkdir(parents=True)
        (growing / "music.wav").write_bytes(load())
        try:
            growing.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return name
