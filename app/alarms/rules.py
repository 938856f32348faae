"""The kinds of alarm."""

from enum import StrEnum


class AlarmKind(StrEnum):
    RECORDING_MISSING = "recording_missing"
    RECORDING_DOUBTFUL = "recording_doubtful"
    RECORDINGS_UNSTORED = "recordings_unstored"  # the disk is full; recordings wait in the spool directory
    RECORDING_STALLED = "recording_stalled"  # the call lasts and its file does not grow
    RECORDING_ALTERED = "recording_altered"  # a stored file is not what was written
    MANIFEST_BROKEN = "manifest_broken"
    FORGED_EVENTS = "forged_events"
    TELEPHONY_DOWN = "telephony_down"
    SMSC_DOWN = "smsc_down"
