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
    past_before,
)
from app.recordings.rules.markers import (
    KINDS_MARKED,
    MARKER_TEXT,
    Happened,
    Marker,
    MarkerKind,
    markers_of,
)
from app.recordings.rules.ranges import part_asked
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
    "KINDS_MARKED",
    "MARKER_TEXT",
    "STATE_TEXT",
    "AudioFacts",
    "Finding",
    "Happened",
    "KeepingClass",
    "Kept",
    "ManifestFault",
    "ManifestLine",
    "Marker",
    "MarkerKind",
    "RecordingState",
    "Store",
    "is_doubtful",
    "judge_audio",
    "keeping_class",
    "kept_until",
    "manifest_text",
    "markers_of",
    "part_asked",
    "past_before",
    "wait_before_next_look",
]
