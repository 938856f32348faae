"""How long a recording is kept, what keeps it longer, and what a day's manifest says (T-07, guard 12)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.recordings.rules.states import Store
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where one recording's audio lies."""

    id: str
    store: Store
    path: str
    is_sealed: bool


class KeepingClass(StrEnum):
    """The kinds of call whose recordings are kept for different times."""

    CONSULTATION = "consultation"  # they called us
    FOLLOWUP = "followup"  # we called for a follow-up
    OUTBOUND = "outbound"  # we called for another reason
    VOICEMAIL = "voicemail"


KEEPING_TEXT: Mapping[KeepingClass, str] = {
    KeepingClass.CONSULTATION: N_("Incoming calls"),
    KeepingClass.FOLLOWUP: N_("Follow-up calls"),
    KeepingClass.OUTBOUND: N_("Other outgoing calls"),
    KeepingClass.VOICEMAIL: N_("Messages that callers left"),
}


def keeping_class(*, direction: str, is_followup: bool, is_voicemail: bool) -> KeepingClass:
    """Of which kind a call is. Nobody chooses it by hand, so nobody chooses the shorter one."""
    if is_voicemail:
        return KeepingClass.VOICEMAIL
    if direction == "inbound":
        return KeepingClass.CONSULTATION
    return KeepingClass.FOLLOWUP if is_followup else KeepingClass.OUTBOUND


def kept_until(started_at: datetime, years: int) -> datetime:
    """Before this moment nothing removes the recording. A 29 February ends on 1 March."""
    try:
        return started_at.replace(year=started_at.year + years)
    except ValueError:
        return started_at.replace(year=started_at.year + years, month=3, day=1)


def past_before(now: datetime, years: int) -> datetime:
    """What began before this moment is past its time at `now`; never anything whose `kept_until` is still to come."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, month=2, day=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestLine:
    """One recording as it was stored, or as it was deleted."""

    id: str
    sha256: str  # of the audio
    stored_sha256: str  # of the file as it lies in the store
    bytes: int
    seconds: float
    at: datetime
    transcript_segments: int | None = None  # of a deleted one: how many went with it, if it had a transcript


def manifest_text(
    day: date, stored: Sequence[ManifestLine], deleted: Sequence[ManifestLine], *, previous: str | None
) -> bytes:
    """The manifest of a day in the one way it can be written. `previous` is the SHA-256 of the manifest before it.

    The same recordings in another order give the same bytes, so that a signature over them can be checked anew.
    """
    document = {
        "day": day.isoformat(),
        "previous": previous,
        "stored": [_line(each) for each in sorted(stored, key=lambda each: each.id)],
        "deleted": [_line(each) for each in sorted(deleted, key=lambda each: each.id)],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _line(line: ManifestLine) -> dict[str, object]:
    of_transcript = {} if line.transcript_segments is None else {"transcript_segments": line.transcript_segments}
    return {
        **of_transcript,
        "id": line.id,
        "sha256": line.sha256,
        "stored_sha256": line.stored_sha256,
        "bytes": line.bytes,
        "seconds": line.seconds,
        "at": line.at.isoformat(timespec="seconds"),
    }


class ManifestFault(StrEnum):
    """Why a day's manifest does not hold."""

    MISSING = "missing"
    SIGNATURE = "signature"
    CHAIN = "chain"
    ROWS = "rows"


FAULT_TEXT: Mapping[ManifestFault, str] = {
    ManifestFault.MISSING: N_("The file of this manifest is gone."),
    ManifestFault.SIGNATURE: N_("The signature does not fit: the manifest was changed."),
    ManifestFault.CHAIN: N_("It does not follow the manifest of the day before."),
    ManifestFault.ROWS: N_("It names other recordings or other checksums than the database."),
}
