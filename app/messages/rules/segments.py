"""How a text is cut into segments. No segment can be misread alone: no cut inside a surrogate or escape pair."""

from __future__ import annotations

from dataclasses import dataclass

from app.messages.rules.alphabet import DataCoding, gsm7_length, is_gsm7, utf16_units

# 140 octets of user data hold 160 septets or 70 UTF-16 units. The 6 octets of the concatenation header with an
# 8-bit reference leave 134: 153 septets or 67 units (3GPP TS 23.040, section 9.2.3.24.1).
_WHOLE = {DataCoding.GSM7: 160, DataCoding.UCS2: 70}
_PART = {DataCoding.GSM7: 153, DataCoding.UCS2: 67}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text cut for sending: one coding for all, and what each segment carries, in order."""

    coding: DataCoding
    pieces: tuple[str, ...]


def cut_text(text: str) -> Cut:
    """Cut the text into as few segments as it needs. Joining the pieces gives the text back."""
    coding = DataCoding.GSM7 if is_gsm7(text) else DataCoding.UCS2
    # Counted as a whole first: most texts are one segment, and a mass send counts a million of them.
    length = utf16_units(text) if coding is DataCoding.UCS2 else sum(map(gsm7_length, text))
    if length <= _WHOLE[coding]:
        return Cut(coding=coding, pieces=(text,))
    pieces: list[str] = []
    start, used = 0, 0
    for at, char in enumerate(text):
        width = _width(char, coding)
        if used + width > _PART[coding]:
            pieces.append(text[start:at])
            start, used = at, 0
        used += width
    pieces.append(text[start:])
    return Cut(coding=coding, pieces=tuple(pieces))


def _width(char: str, coding: DataCoding) -> int:
    return gsm7_length(char) if coding is DataCoding.GSM7 else utf16_units(char)
