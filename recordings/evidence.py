"""What is handed over when somebody asks what was said: audio, facts, what happened, and how to check all of it."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.journal.models import JournalEntry
from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.models import Recording, RecordingManifest
from app.recordings.rules import Store, TranscriptState
from recordings import manifests
from recordings.vault import Vault

_PIECE_BYTES = 256 * 1024
_HOW_TO_CHECK = """\
audio.flac      the call: left channel the patient, right channel the agent
recording.json  what is known of the recording, its SHA-256, and the call's note as the agent wrote it
timeline.json   what happened in the call, in the order in which it was noted; comments and markers with their places
transcript.json what was said as a machine understood it, where there is a transcript; what counts is the audio
manifest.json   the signed list of everything that was stored on the day of this recording
manifest.sig    its Ed25519 signature, in hexadecimal
public_key.pem  the key to check the signature with

To check:
  sha256sum audio.flac                  gives "sha256" of recording.json and of this recording in manifest.json
  xxd -r -p manifest.sig > signature
  openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin -in manifest.json -sigfile signature
"""


def write_bundle(parts: Parts, recording_id: str, target: IO[bytes], *, by: str, reason: str) -> None:
    """Write the bundle of one recording as a zip archive. Its audio is checked as it is read.

    Raises NotFound, FileNotFoundError, StoreAwayError, SealBrokenError, KeyUnknownError.
    """
    vault = Vault(parts.settings)
    with parts.database.reading() as session:
        recording = recordings.get(session, recording_id)
        call = session.get(Call, recording.call_id)
        assert call is not None
        wanted = select(JournalEntry).where(JournalEntry.call_id == call.id).order_by(JournalEntry.seq)
        timeline = [_happened(entry) for entry in session.scalars(wanted)]
        markers = [{"kind": m.kind, "start": m.start, "end": m.end} for m in recordings.markers(session, recording)]
        comments = [
            {"at_seconds": each.at_seconds, "text": each.text, "by": each.by, "at": _iso(each.at)}
            for each in recordings.comments(session, recording_id)
        ]
        transcript = _transcript(session, recording_id)
        day = recording.stored_at.astimezone(parts.settings.timezone).date() if recording.stored_at else None
        manifest = recordings.get_manifest(session, day) if day else None
        facts = _facts(recording, call, manifest) | {"taken_by": by, "taken_at": _iso(parts.now()), "reason": reason}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        with (
            vault.opened(recordings.kept(recording)) as audio,
            archive.open("audio.flac", "w", force_zip64=True) as file,
        ):
            for start in range(0, audio.size, _PIECE_BYTES):
                for piece in audio.read(start, _PIECE_BYTES):
                    file.write(piece)
        archive.writestr("recording.json", _json(facts))
        if transcript is not None:
            archive.writestr("transcript.json", _json(transcript))
        archive.writestr("timeline.json", _json({"events": timeline, "markers": markers, "comments": comments}))
        if manifest is not None:
            store = vault.stores.get(Store.MAIN)
            archive.writestr("manifest.json", store.read_bytes(manifests.path_of(manifest.day)))
            archive.writestr("manifest.sig", manifest.signature)
        archive.writestr("public_key.pem", manifests.public_pem(parts.settings))
        archive.writestr("README.txt", _HOW_TO_CHECK)


def _facts(recording: Recording, call: Call, manifest: RecordingManifest | None) -> dict[str, Any]:
    return {
        "id": recording.id,
        "call_id": call.id,
        "direction": call.direction,
        "number": call.number,
        "queue": call.queue,
        "agent": call.agent,
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "ended_by": call.ended_by,
        "disposition": call.disposition,
        "note": call.note,
        "seconds": recording.seconds,
        "bytes": recording.bytes,
        "sha256": recording.sha256,
        "stored_sha256": recording.stored_sha256,
        "stored_at": _iso(recording.stored_at),
        "findings": recording.findings or [],
        # The manifest of a day is written when the day is over.
        "manifest_day": manifest.day.isoformat() if manifest else None,
        "manifest_sha256": manifest.sha256 if manifest else None,
    }


def _transcript(session: Session, recording_id: str) -> dict[str, Any] | None:
    found = recordings.transcript_of(session, recording_id)
    if found is None or found.state != TranscriptState.MADE:
        return None
    segments = recordings.segments_of(session, recording_id)
    return {
        "language": found.language,
        "engine": found.engine,
        "model": found.model,
        "made_at": _iso(found.made_at),
        "segments": [{"side": each.side, "start": each.start, "end": each.end, "text": each.text} for each in segments],
    }


def _happened(entry: JournalEntry) -> dict[str, Any]:
    return {"seq": entry.seq, "at": _iso(entry.at), "kind": entry.kind, "agent": entry.agent}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)
