"""Make of an uploaded file what Asterisk can play, without believing anything that it says of itself."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from app.parts import Parts
from app.sounds import service as sounds
from app.sounds.rules import MOST_SECONDS, SoundFault
from app.sounds.service import Converted
from recordings.sound import UnreadableAudioError, telephone_sound

log = structlog.get_logger()


def process_upload(parts: Parts, sound_id: int) -> None:
    """Convert one waiting sound. Running twice is harmless."""
    with parts.database.reading() as session:
        data = sounds.original(session, sound_id)
    if data is None:
        return
    with TemporaryDirectory(prefix="wardline-") as folder:
        made = convert_upload(data, Path(folder))
    with parts.database.writing() as session:
        sounds.settle(session, sound_id, made)
    log.info("sounds.converted", sound=sound_id, result=made.value if isinstance(made, SoundFault) else "ready")


def convert_upload(data: bytes, folder: Path) -> Converted | SoundFault:
    """The sound for the telephone, or why there is none. `folder` is emptied by whoever gave it."""
    source = folder / "upload"
    source.write_bytes(data)
    try:
        sound = telephone_sound(source, most_seconds=MOST_SECONDS + 1)
    except UnreadableAudioError:
        return SoundFault.NO_AUDIO
    if sound.seconds > MOST_SECONDS:
        return SoundFault.TOO_LONG
    if sound.level == 0:
        return SoundFault.SILENT
    return Converted(sound=sound.wav, seconds=sound.seconds)
