"""How characters become octets in a short message: GSM 7-bit (3GPP TS 23.038, section 6.2.1), Latin-1 and UCS2.

GSM-7 is unpacked here, one septet per octet, as SMPP carries it.
"""

from __future__ import annotations

from enum import IntEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENDED = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
_SEPTETS = {char: bytes([code]) for code, char in enumerate(_BASIC) if code != _ESCAPE} | {
    char: bytes([_ESCAPE, code]) for char, code in _EXTENDED.items()
}
_EXTENDED_BACK = {code: char for char, code in _EXTENDED.items()}


class DataCoding(IntEnum):
    """The values of SMPP's data_coding (SMPP 3.4, section 5.2.19) that we write."""

    GSM7 = 0x00
    LATIN1 = 0x03
    UCS2 = 0x08


def gsm7_length(char: str) -> int:
    """How many septets the character takes: 1, 2 with the escape, 0 when GSM-7 does not have it."""
    return len(_SEPTETS.get(char, b""))


def is_gsm7(text: str) -> bool:
    """Whether every character of the text is in the GSM default alphabet or its extension."""
    return all(char in _SEPTETS for char in text)


def is_latin1(text: str) -> bool:
    """Whether every character of the text is in Latin-1."""
    return all(ord(char) < 0x100 for char in text)


def utf16_units(text: str) -> int:
    """The length by which operators count and charge a Chinese text: an emoji counts two."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def encode(text: str, coding: DataCoding) -> bytes:
    """The octets of the text. Raises UnicodeEncodeError when the coding cannot carry it."""
    if coding is DataCoding.UCS2:
        return text.encode("utf-16-be")
    if coding is DataCoding.LATIN1:
        return text.encode("latin-1")
    for at, char in enumerate(text):
        if char not in _SEPTETS:
            raise UnicodeEncodeError("gsm7", text, at, at + 1, "not in the GSM default alphabet")
    return b"".join(_SEPTETS[char] for char in text)


def decode(body: bytes, data_coding: int) -> str:
    """The text of foreign octets. Never fails: what cannot be read becomes U+FFFD.

    Any data_coding is accepted; the message class forms of 3GPP TS 23.038 (0xF0, 0x10 and so on) say the alphabet in
    bits 2 and 3. An alphabet we do not know is read as Latin-1, which at least shows the digits and letters.
    """
    alphabet = data_coding
    if data_coding >= 0xF0:
        alphabet = DataCoding.LATIN1 if data_coding & 0x04 else DataCoding.GSM7
    elif data_coding >= 0x10:
        alphabet = {0x00: 0x00, 0x04: 0x03, 0x08: 0x08}.get(data_coding & 0x0C, 0x03)
    if alphabet == DataCoding.UCS2:
        return body.decode("utf-16-be", "replace")
    if alphabet == DataCoding.GSM7:
        return _decode_gsm7(body)
    return body.decode("latin-1")


def _decode_gsm7(body: bytes) -> str:
    text: list[str] = []
    is_escaped = False
    for code in body:
        if is_escaped:
            # 3GPP TS 23.038: an unknown code after the escape is shown as the basic character.
            text.append(_EXTENDED_BACK.get(code, _BASIC[code] if code < 0x80 else "\ufffd"))
            is_escaped = False
        elif code == _ESCAPE:
            is_escaped = True
        else:
            text.append(_BASIC[code] if code < 0x80 else "\ufffd")
    return "".join(text)
