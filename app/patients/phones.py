"""Telephone numbers: from any spelling that people, spreadsheets and trunks use to E.164, and back to a readable form.

The order of attempts is the rule: a number is tried as it is before anything is added or taken away, so that a
stripped prefix never turns one good number into another.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from app.patients.rules import ParsedCell, PhoneKind, PhoneNumber

_REGION = "CN"
# The longest real spelling we know, "+86 (0571) 8888-6666 ext. 123456", has 32 characters.
_LONGEST = 32
# A cell of ten numbers with remarks has about 250 characters; more is not a list of numbers.
_LONGEST_CELL = 500
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc", "-"))
_EXTENSION = re.compile(
    r"(?P<head>.*[0-9)])\s*(?:转|轉|分机号?|分機號?|内线|內線|ext(?:ension)?\.?|x|\#)\s*[:.]?\s*(?P<ext>[0-9]{1,6})",
    re.IGNORECASE,
)
_DASH_EXTENSION = re.compile(r"(?P<head>.*[0-9])\s*-\s*(?P<ext>[0-9]{1,6})")
_EXCEL_FLOAT = re.compile(r"([0-9]{7,15})\.0{1,2}")
_BARE_LOCAL = re.compile(r"[2-9][0-9]{6,7}")
# Operators open new mobile ranges faster than the library's table learns of them.
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Nine of ten numbers in a list look so, and need none of what the other spellings need; 179 also begins the prefixes of
# long-distance carriers.
_PLAIN_MOBILE = re.compile(r"1(?!79)[3-9][0-9]{9}")
_BRACKETED = re.compile(r"[(\[{【〔<《]([^)\]}】〕>》]*)[)\]}】〕>》]")
_BETWEEN_NUMBERS = re.compile(r"[/、,;|\\\r\n\t]+|\s{2,}|\s*(?:或者?|和|&)\s*")
_WORDS_AROUND = re.compile(r"(?P<before>[^0-9+(]*)(?P<number>.*[0-9])(?P<after>[^0-9]*)")


def parse_number(text: str, *, area_code: str, outside_prefix: str) -> PhoneNumber | None:
    """One number in any spelling, as typed or as signalled by a trunk; nothing when it is none.

    `area_code` (with its 0) completes a bare local number, `outside_prefix` is the digit of the outside line that a
    PBX may have left in front. Short service numbers (95588, 120) identify nobody and give nothing.
    """
    if _PLAIN_MOBILE.fullmatch(text):
        return PhoneNumber(e164=f"+86{text}", kind=PhoneKind.MOBILE, display=_in_groups(text))
    if any(unicodedata.category(char) == "Cc" for char in text):
        return None
    cleaned = _plain(text)
    if not cleaned or len(cleaned) > _LONGEST:
        return None
    for spelled, extension in _readings(cleaned):
        digits = re.sub(r"[\s().\-]", "", spelled)
        if re.fullmatch(r"\+?[0-9]{5,20}", digits):
            found = _resolve(digits, area_code, outside_prefix)
            if found is not None:
                return _phone_number(found, extension)
    return None


def parse_numbers(cell: str, *, area_code: str, outside_prefix: str) -> ParsedCell:
    """All numbers in one cell of a list; words around them become notes, the rest is named as rejected."""
    numbers: list[PhoneNumber] = []
    notes: list[str] = []
    rejected: list[str] = []
    if len(cell) > _LONGEST_CELL:
        return ParsedCell(numbers=(), notes=(), rejected=(cell[:_LONGEST],))

    def take_bracket(match: re.Match[str]) -> str:
        if re.fullmatch(r"[+0-9\s\-]*", match[1]):
            return f" {match[1]} " if match.start() else match[1]
        notes.append(match[1].strip())
        return " "

    text = _BRACKETED.sub(take_bracket, unicodedata.normalize("NFKC", cell))
    for piece in _pieces(text.strip(), area_code, outside_prefix):
        words = _WORDS_AROUND.fullmatch(piece)
        if words is None:
            notes.append(piece)
            continue
        number = parse_number(piece, area_code=area_code, outside_prefix=outside_prefix)
        if number is None:
            number = parse_number(words["number"], area_code=area_code, outside_prefix=outside_prefix)
            remarks = (words[name].strip(" :.-") for name in ("before", "after"))
            notes += [remark for remark in remarks if remark and number is not None]
        if number is None:
            rejected.append(piece)
        else:
            numbers.append(number)
    return ParsedCell(numbers=tuple(dict.fromkeys(numbers)), notes=tuple(filter(None, notes)), rejected=tuple(rejected))


@lru_cache(maxsize=4096)
def display_number(e164: str) -> str:
    """How people read the number: "138 0013 8000" at home, "+852 9123 4567" from abroad; anything else unchanged."""
    if e164.startswith("+86") and _PLAIN_MOBILE.fullmatch(e164[3:]):
        return _in_groups(e164[3:])
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return e164
    at_home = number.country_code == 86
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )


_COSTLY = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)


@lru_cache(maxsize=4096)
def costs_extra(e164: str) -> bool:
    """Whether the numbering plan of its country knows this number as one that costs more than a call there."""
    if e164.startswith("+86") and _PLAIN_MOBILE.fullmatch(e164[3:]):
        return False
    try:
        return phonenumbers.number_type(phonenumbers.parse(e164, None)) in _COSTLY
    except NumberParseException:
        return True


def zones_of(e164: str, home: ZoneInfo) -> tuple[ZoneInfo, ...]:
    """Where it may be what time at this number: the hospital's zone at home, those of its country elsewhere."""
    if e164.startswith("+86"):
        return (home,)
    try:
        names = time_zones_for_number(phonenumbers.parse(e164, None))
    except NumberParseException:
        return (home,)
    known = []
    for name in names:
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError):  # "Etc/Unknown" where nobody knows
            known.append(ZoneInfo(name))
    return tuple(known) or (home,)


def _in_groups(mobile: str) -> str:
    return f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).translate(_DASHES)
    visible = "".join(char for char in normal if unicodedata.category(char) != "Cf").strip()
    whole = _EXCEL_FLOAT.fullmatch(visible)
    return whole[1] if whole else visible


def _readings(text: str) -> Iterator[tuple[str, str]]:
    yield text, ""
    for pattern in (_EXTENSION, _DASH_EXTENSION):
        match = pattern.fullmatch(text)
        if match:
            yield match["head"], match["ext"]


def _resolve(digits: str, area_code: str, outside_prefix: str) -> phonenumbers.PhoneNumber | None:
    for spelling in _spellings(digits, area_code, outside_prefix):
        try:
            number = phonenumbers.parse(spelling, _REGION)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) or _is_mobile_at_home(number):
            return number
    return None


def _spellings(digits: str, area_code: str, outside_prefix: str) -> Iterator[str]:
    yield re.sub(r"^\+00", "+", digits)
    if digits.startswith("+"):
        return
    if _BARE_LOCAL.fullmatch(digits):
        yield area_code + digits
    if outside_prefix and digits.startswith(outside_prefix):
        rest = digits.removeprefix(outside_prefix)
        yield rest
        if _BARE_LOCAL.fullmatch(rest):
            yield area_code + rest


def _is_mobile_at_home(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 86 and _MOBILE.fullmatch(str(number.national_number)) is not None


def _phone_number(number: phonenumbers.PhoneNumber, extension: str) -> PhoneNumber:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    kind = PhoneKind.OTHER
    if phonenumbers.number_type(number) == PhoneNumberType.MOBILE or _is_mobile_at_home(number):
        kind = PhoneKind.MOBILE
    elif phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        kind = PhoneKind.LANDLINE
    shown = display_number(e164)
    return PhoneNumber(
        e164=e164, extension=extension, kind=kind, display=f"{shown} ext. {extension}" if extension else shown
    )


def _pieces(text: str, area_code: str, outside_prefix: str) -> Iterator[str]:
    for piece in _BETWEEN_NUMBERS.split(text):
        piece = piece.strip()
        whole = parse_number(piece, area_code=area_code, outside_prefix=outside_prefix)
        parts = piece.split(" ")
        # "13800138000 13900139000": one space both groups digits and separates numbers.
        if whole is None and len(parts) > 1 and all(len(re.sub(r"\D", "", part)) >= 7 for part in parts):
            yield from parts
        elif piece:
            yield piece
