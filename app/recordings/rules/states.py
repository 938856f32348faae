"""The states of a recording, and what its audio is judged by. Plain values; files and rows are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.texts import N_


class RecordingState(StrEnum):
    """recording → waiting → ready / damaged / missing; ready / damaged → deleted."""

    RECORDING = "recording"  # the call lasts
    WAITING = "waiting"  # the call has ended; the file is to be picked up
    READY = "ready"
    DAMAGED = "damaged"  # a file is there and plays only in part, or not at all
    MISSING = "missing"  # no file came; an alarm was raised
    DELETED = "deleted"  # its time was over; what it was and who decided is kept


class Store(StrEnum):
    """In which store the audio lies."""

    MAIN = "main"
    ARCHIVE = "archive"


class Finding(StrEnum):
    """What is doubtful about a recording. Each one but TORN raises an alarm."""

    SHORT = "short"  # the audio is shorter than the call
    LONG = "long"  # the audio is longer than the call
    CUT_OFF = "cut_off"  # Asterisk died in mid-call; what it had written is all there
    TORN = "torn"  # the last write stopped in the middle of a sample; those bytes were dropped
    SILENT_PATIENT = "silent_patient"
    SILENT_AGENT = "silent_agent"
    GAP = "gap"  # for a while the patient's side is not there, though the line is never quite silent
    EMPTY = "empty"  # the file holds no audio
    UNREADABLE = "unreadable"  # the converter refused the file
    ALTERED = "altered"  # the stored file is not what was written


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts:
    """What was measured while converting. Levels are the loudest sample of each side, 0 to 1.

    `patient_gap_seconds` is the longest stretch without the patient's side, by `longest_gap`.
    """

    seconds: float
    patient_level: float
    agent_level: float
    is_torn: bool
    patient_gap_seconds: float


# Asterisk flushes 32 KiB = 1.02 s of two-sided audio at a time, so a kill loses at most that; the call's own clock runs
# up to half a second apart from the recorder's (bridge against answer). More than 2 s is neither of the two.
_TOLERANCE_SECONDS = 2.0
# −46 dBFS: an idle A-law line sends its smallest step, 8 of 32768 = 0.0002; a spoken word is louder than 0.02 or so.
_SILENCE_LEVEL = 0.005
# Shorter than this, a side may rightly have said nothing.
_SILENCE_AFTER_SECONDS = 5.0
# Handing a stream on from one source to another takes a second or two.
_GAP_SECONDS = 5.0


def judge_audio(audio: AudioFacts, call_seconds: float, *, cut_off: bool) -> tuple[RecordingState, list[Finding]]:
    """What to think of a recording of a call that lasted `call_seconds` from answer to end.

    `cut_off` says that Asterisk died in this call: its end is then only known roughly, and the length proves nothing.
    """
    findings: list[Finding] = []
    if audio.is_torn:
        findings.append(Finding.TORN)
    if audio.seconds <= 0:
        return RecordingState.DAMAGED, [*findings, Finding.EMPTY]
    if cut_off:
        findings.append(Finding.CUT_OFF)
    elif audio.seconds < call_seconds - _TOLERANCE_SECONDS:
        findings.append(Finding.SHORT)
    elif audio.seconds > call_seconds + _TOLERANCE_SECONDS:
        findings.append(Finding.LONG)
    if audio.seconds >= _SILENCE_AFTER_SECONDS:
        if audio.patient_level < _SILENCE_LEVEL:
            findings.append(Finding.SILENT_PATIENT)
        if audio.agent_level < _SILENCE_LEVEL:
            findings.append(Finding.SILENT_AGENT)
        if audio.patient_gap_seconds >= _GAP_SECONDS and Finding.SILENT_PATIENT not in findings:
            findings.append(Finding.GAP)
    state = RecordingState.DAMAGED if Finding.SHORT in findings else RecordingState.READY
    return state, findings


def is_doubtful(findings: list[Finding]) -> bool:
    """Whether somebody must look at a recording with these findings."""
    return any(finding is not Finding.TORN for finding in findings)


# 1 + 2 + 4 + 8 + 15 + 30 = 60 s. Asterisk closed every file within 0.1 s of the hangup here; a minute covers a loaded
# disk and a network file system that shows new files late.
_LOOKS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30))


def wait_before_next_look(attempts: int) -> timedelta | None:
    """How long to wait after `attempts` looks that found no file; nothing when it is time to give up."""
    return _LOOKS[attempts - 1] if attempts <= len(_LOOKS) else None


STATE_TEXT = {
    RecordingState.RECORDING: N_("The call lasts"),
    RecordingState.WAITING: N_("Being prepared"),
    RecordingState.READY: N_("Ready"),
    RecordingState.DAMAGED: N_("Damaged"),
    RecordingState.MISSING: N_("Missing"),
    RecordingState.DELETED: N_("Deleted after its time"),
}
FINDING_TEXT = {
    Finding.SHORT: N_("The recording is shorter than the call."),
    Finding.LONG: N_("The recording is longer than the call."),
    Finding.CUT_OFF: N_("The telephone system stopped during this call; everything it had written is here."),
    Finding.TORN: N_("The last bytes of the recording were incomplete and were left out."),
    Finding.SILENT_PATIENT: N_("The patient's side is silent."),
    Finding.GAP: N_("For a while the recording has nothing of the patient's side."),
    Finding.SILENT_AGENT: N_("The agent's side is silent."),
    Finding.EMPTY: N_("The recording holds no sound."),
    Finding.UNREADABLE: N_("The recording cannot be read; the original file was kept."),
    Finding.ALTERED: N_("The stored file is not what was written: somebody or something has changed it."),
}
