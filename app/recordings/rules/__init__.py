"""What becomes of a recording, what its audio is judged by, and how long it is kept."""

from app.recordings.rules.keeping import (
    FAULT_TEXT,
    KEEPING_TEXT,
    KeepingClass,
    Kept,
    ManifestFault,
    ManifestLine,
    keeping_class,
    kept_until,
    manifest_text,
)
from app.recordings.rules.states import (
    FINDING_TEXT,
    STATE_TEXT,
    AudioFacts,
    Finding,
    RecordingState,
    Store,
    is_doubtful,
    judge_audio,
    wait_before_next_look,
)

__all__ = [
    "FAULT_TEXT",
    "FINDING_TEXT",
    "KEEPING_TEXT",
    "STATE_TEXT",
    "AudioFacts",
    "Finding",
    "KeepingClass",
    "Kept",
    "ManifestFault",
    "ManifestLine",
    "RecordingState",
    "Store",
    "is_doubtful",
    "judge_audio",
    "keeping_class",
    "kept_until",
    "manifest_text",
    "wait_before_next_look",
]
