"""Raw two-sided files as MixMonitor writes them, and calls that they belong to."""

from __future__ import annotations

import array
import math
import os
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from app.calls.models import Call
from app.parts import Parts
from app.recordings import service as recordings
from recordings.vault import Vault

_RATE = 8000


def tone(hertz: float, seconds: float, loudness: float = 0.5) -> array.array[int]:
    """One side; 0 Hz is silence."""
    step = 2 * math.pi * hertz / _RATE
    return array.array("h", (int(loudness * 32767 * math.sin(step * i)) for i in range(round(seconds * _RATE))))


def interleave(patient: array.array[int], agent: array.array[int]) -> bytes:
    both = array.array("h", bytes(4 * len(patient)))
    both[0::2], both[1::2] = patient, agent
    return both.tobytes()


def write_raw(
    spool_dir: Path,
    stem: str,
    *,
    written_at: datetime,
    seconds: float = 2.0,
    patient_hz: float = 440,
    agent_hz: float = 1000,
    torn_bytes: int = 0,
) -> Path:
    """A file in the spool directory, last written to at `written_at`."""
    path = spool_dir / "monitor" / f"{stem}.raw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(interleave(tone(patient_hz, seconds), tone(agent_hz, seconds)) + b"\x01" * torn_bytes)
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))
    return path


def add_ended_call(
    parts: Parts,
    stem: str,
    *,
    answered_at: datetime,
    seconds: float = 2.0,
    agent: str | None = "bob",
    direction: str = "inbound",
    ended_by: str = "caller",
    patient_id: int | None = None,
) -> tuple[str, str]:
    """A call that was answered, recorded and has ended. Returns the ids of the call and of the recording."""
    call_id, ended_at = str(uuid.uuid4()), answered_at + timedelta(seconds=seconds)
    with parts.database.writing() as session:
        session.add(
            Call(
                id=call_id,
                linkedid=stem,
                direction=direction,
                state="answered",
                outcome="answered",
                ended_by=ended_by,
                number="+8613800138000",
                number_signalled="13800138000",
                dialled="4000",
                agent=agent,
                patient_id=patient_id,
                started_at=answered_at,
                answered_at=answered_at,
                ended_at=ended_at,
            )
        )
        session.flush()
        recording_id = recordings.recording_started(session, call_id=call_id, source_name=stem, at=answered_at)
        recordings.recording_ended(session, parts.bus, call_id=call_id, at=ended_at)
    return call_id, recording_id


def audio_of(parts: Parts, recording_id: str) -> bytes:
    """The stored audio of a recording, deciphered."""
    with parts.database.reading() as session:
        kept = recordings.kept(recordings.get(session, recording_id))
    with Vault(parts.settings).opened(kept) as audio:
        return b"".join(audio.read(0, audio.size))
