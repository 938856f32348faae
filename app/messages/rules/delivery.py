"""What follows from the SMSC's answers and receipts. Plain values; sockets and rows are elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.messages.rules.alphabet import DataCoding
from app.messages.rules.segments import LongForm
from app.messages.rules.states import OutState, SegmentState

_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(minutes=10)
MOST_TRIES = 8  # 5 s doubled seven times: the last try comes a good ten minutes after the first
FEW_TRIES = 3  # an error that no table explains is seldom cured by waiting
VALIDITY = timedelta(hours=24)
"""How long a message is worth sending when nobody said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedSegment:
    """One segment that is ours to submit."""

    segment_id: int
    message_id: int
    number: str
    service_number: str
    text: str
    coding: DataCoding
    position: int
    total: int
    reference: int
    expires_at: datetime | None
    form: LongForm = LongForm.UDH8


class Verdict(StrEnum):
    """What became of one submit."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"  # it never left us, or was refused for the pace: try again, nothing is counted
    TEMPORARY = "temporary"  # try again later, a bounded number of times
    UNEXPLAINED = "unexplained"  # the error is in no table: temporary, with few tries
    PERMANENT = "permanent"
    UNANSWERED = "unanswered"  # submitted, and no answer was read


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOutcome:
    """The verdict on one claimed segment. `smsc_message_id` is set when it was accepted."""

    segment_id: int
    verdict: Verdict
    smsc_message_id: str = ""
    error_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A delivery receipt. `state` is delivered, undelivered or expired, or sent for one that is not final."""

    smsc_message_id: str
    addresses: tuple[str, ...]
    state: SegmentState
    error_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPart:
    """One short message from outside. `total` is 1 when it stands alone."""

    source: str
    destination: str
    data_coding: int
    body: bytes
    reference: int = 0
    total: int = 1
    position: int = 1


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many temporary failures: 5 s, doubled each time, at most 10 minutes."""
    doublings = min(max(attempts - 1, 0), 16)
    return min(_FIRST_RETRY * (1 << doublings), _LONGEST_RETRY)


def fold_segments(states: Collection[SegmentState]) -> OutState:
    """The state of a message whose segments are in these states. A text is delivered when all of it is."""
    for segment_state, state in (
        (SegmentState.FAILED, OutState.FAILED),
        (SegmentState.UNDELIVERED, OutState.UNDELIVERED),
        (SegmentState.EXPIRED, OutState.EXPIRED),
    ):
        if segment_state in states:
            return state
    if any(state in (SegmentState.WAITING, SegmentState.SENDING, SegmentState.UNCERTAIN) for state in states):
        return OutState.QUEUED
    return OutState.DELIVERED if set(states) == {SegmentState.DELIVERED} else OutState.SENT


def id_key(smsc_message_id: str) -> str:
    """The form under which two spellings of one id meet: no leading zeros, lower case."""
    text = smsc_message_id.strip().lower()
    return text.lstrip("0") or text[:1]


def id_keys(smsc_message_id: str) -> tuple[str, ...]:
    """Every key under which a receipt's id may have been kept, best first: as it is, then hex and decimal swapped.

    Some SMSCs answer a submit with a hexadecimal id and send the receipt with the same number in decimal, or the
    other way round.
    """
    key = id_key(smsc_message_id)
    keys = [key]
    if key.isascii() and key.isdigit():
        keys.append(format(int(key), "x"))
    if re.fullmatch(r"[0-9a-f]+", key):
        keys.append(str(int(key, 16)))
    return tuple(dict.fromkeys(keys))


def is_same_number(one: str, other: str) -> bool:
    """Whether two spellings mean one telephone: SMSCs drop or add the plus and the country code."""
    first, second = one.lstrip("+0"), other.lstrip("+0")
    shorter, longer = sorted((first, second), key=len)
    return len(shorter) >= 7 and longer.endswith(shorter)
