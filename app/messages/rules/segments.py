"""How a text is cut into segments. No segment can be misread alone: no cut inside a surrogate or escape pair."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.messages.rules.alphabet import DataCoding, gsm7_length, is_gsm7, is_latin1, utf16_units


class LongForm(StrEnum):
    """How the segments of a long text say that they belong together."""

    UDH8 = "udh8"  # a header of 6 octets with an 8-bit reference (3GPP TS 23.040, section 9.2.3.24.1)
    UDH16 = "udh16"  # a header of 7 octets with a 16-bit reference (section 9.2.3.24.8)
    SAR = "sar"  # three optional parameters (SMPP 3.4, section 5.3.2.22); the SMSC writes the header
    PAYLOAD = "payload"  # one submit with message_payload; the SMSC cuts the text


# 140 octets of user data hold 160 septets, 140 octets or 70 UTF-16 units.
_WHOLE = {DataCoding.GSM7: 160, DataCoding.LATIN1: 140, DataCoding.UCS2: 70}
# What the header leaves of them: 6 octets 134, 7 octets 133. An SMSC that gets SAR writes the header of 6 itself.
_PART = {DataCoding.GSM7: 153, DataCoding.LATIN1: 134, DataCoding.UCS2: 67}
_PART_WIDE = {DataCoding.GSM7: 152, DataCoding.LATIN1: 133, DataCoding.UCS2: 66}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text cut for sending: one coding for all, and what each segment carries, in order."""

    coding: DataCoding
    pieces: tuple[str, ...]


def cut_text(text: str, *, form: LongForm = LongForm.UDH8, takes_latin1: bool = False) -> Cut:
    """Cut the text into as few segments as it needs in this form. Joining the pieces gives the text back.

    `takes_latin1`: the account carries Latin-1, which holds twice as many accented letters as UCS2.
    """
    coding = _coding(text, takes_latin1=takes_latin1)
    # Counted as a whole first: most texts are one segment, and a mass send counts a million of them.
    length = utf16_units(text) if coding is DataCoding.UCS2 else sum(_width(char, coding) for char in text)
    if form is LongForm.PAYLOAD or length <= _WHOLE[coding]:
        return Cut(coding=coding, pieces=(text,))
    most = (_PART_WIDE if form is LongForm.UDH16 else _PART)[coding]
    pieces: list[str] = []
    start, used = 0, 0
    for at, char in enumerate(text):
        width = _width(char, coding)
        if used + width > most:
            pieces.append(text[start:at])
            start, used = at, 0
        used += width
    pieces.append(text[start:])
    return Cut(coding=coding, pieces=tuple(pieces))


def _coding(text: str, *, takes_latin1: bool) -> DataCoding:
    if is_gsm7(text):
        return DataCoding.GSM7
    return DataCoding.LATIN1 if takes_latin1 and is_latin1(text) else DataCoding.UCS2


def _width(char: str, coding: DataCoding) -> int:
    if coding is DataCoding.GSM7:
        return gsm7_length(char)
    return utf16_units(char) if coding is DataCoding.UCS2 else 1
