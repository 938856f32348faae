"""Recordings: what quality staff replay and what proves what was said."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, ForeignKey, Index, String, Text
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
        Index("ix_recording_stored", "stored_at"),
        Index("ix_recording_checked", "checked_at"),
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
    bytes: Mapped[int | None]  # of the audio, as `sha256` is
    sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str | None] = mapped_column(String(40))
    path: Mapped[str | None] = mapped_column(String(200))  # in the store
    store: Mapped[str] = mapped_column(String(10), default="main")  # Store of app.recordings.rules
    is_sealed: Mapped[bool] = mapped_column(default=False)  # the stored file is the audio enciphered
    stored_sha256: Mapped[str | None] = mapped_column(String(64))  # of the file as it lies in the store
    stored_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]  # when the stored file was last found to be what was written
    deleted_at: Mapped[datetime | None]
    # {"per_second": n, "patient": [0…1], "agent": [0…1]}. An hour has about 700 kB of them: loaded only when asked for.
    peaks: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    findings: Mapped[list[Any] | None]  # Finding of app.recordings.rules


class RecordingHold(Table):
    """Somebody's word that a recording is not removed, whatever its age (guard 12, X-09).

    `subject` says what for: a case, a court's letter. It holds until `released_at`.
    """

    __tablename__ = "recording_hold"
    __scoped__ = Scoped(module=Module.RECORDINGS, through="recording_id", at="held_at")
    __table_args__ = (Index("ix_recording_hold_recording", "recording_id", "released_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"))
    subject: Mapped[str] = mapped_column(String(200))
    held_at: Mapped[datetime]
    held_by: Mapped[str] = mapped_column(String(64))
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(64))


class RecordingManifest(Table):
    """What was stored and deleted on one day of the hospital, signed. Written once, after the day is over.

    The file lies beside the recordings; `sha256` is the one of the manifest after it, too.
    """

    __tablename__ = "recording_manifest"

    day: Mapped[date] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))  # Ed25519, in hexadecimal
    stored: Mapped[int]
    deleted: Mapped[int]
    made_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(12))  # ManifestFault of app.recordings.rules


class RecordingDeletion(Table):
    """That a recording was removed after its time: by whose word, and what it was."""

    __tablename__ = "recording_deletion"

    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    keeping_class: Mapped[str] = mapped_column(String(20))  # KeepingClass of app.recordings.rules
    years: Mapped[int]
    ordered_by: Mapped[str] = mapped_column(String(64))
    ordered_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]  # when the file was gone and a look had shown it
    transcript_segments: Mapped[int | None]  # how many went with it, where there was a transcript


class RecordingComment(Table):
    """What somebody wrote at a place of a recording, in seconds from its beginning."""

    __tablename__ = "recording_comment"
    __scoped__ = Scoped(module=Module.RECORDINGS, through="recording_id", at="at")

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), index=True)
    at_seconds: Mapped[float]
    text: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Transcript(Table):
    """What was said in a recording as a machine understood it; the recording is what counts. Goes with it."""

    __tablename__ = "transcript"
    __scoped__ = Scoped(module=Module.RECORDINGS, through="recording_id")
    __table_args__ = (
        Index("ix_transcript_state", "state", "due_at"),
        Index("ix_transcript_search_pairs", "search_pairs", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10))  # TranscriptState of app.recordings.rules
    due_at: Mapped[datetime | None]  # when the sweeper looks at it next; nothing when it is made or has failed
    claimed_until: Mapped[datetime | None]  # while a worker makes it; the claim of a dead worker runs out
    attempts: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(20))  # TranscriptFailure of app.recordings.rules
    engine: Mapped[str | None] = mapped_column(String(60))
    model: Mapped[str | None] = mapped_column(String(120))
    language: Mapped[str | None] = mapped_column(String(20))
    made_at: Mapped[datetime | None]
    speech_seconds: Mapped[float | None]  # of both sides together, without the silence
    work_seconds: Mapped[float | None]  # what making it took
    # Its words folded as names are, a space between them; and what app/recordings/service/word_index.py makes of them.
    search_text: Mapped[str] = mapped_column(Text, default="", deferred=True)
    search_pairs: Mapped[list[Any] | None] = mapped_column(
        ARRAY(String(4)).with_variant(JSON(), "sqlite"), deferred=True
    )


class TranscriptSegment(Table):
    """What one side said without a longer pause, in seconds from the recording's beginning."""

    __tablename__ = "transcript_segment"
    __scoped__ = Scoped(module=Module.RECORDINGS, through="recording_id")

    recording_id: Mapped[str] = mapped_column(ForeignKey("transcript.recording_id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(String(8))  # Side of app.recordings.rules
    start: Mapped[float]
    end: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
