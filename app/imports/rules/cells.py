"""What a cell of a hospital's list means: text, identifiers, days, moments, sums of money, words for sex.

A cell that cannot be read raises CellError with the sentence to show; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from app.patients.rules import Relation, Sex, clean_text, is_plausible_birth_date
from app.texts import N_

_SPREADSHEET_FLOAT = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?E\+?([0-9]{1,2})", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(.*)", re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})((?:\d{2}){2,3})?")
_REPUBLIC = re.compile(r"(?:民国|民國)\s*(\d{1,3})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?(.*)", re.DOTALL)
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(.*)", re.DOTALL)
_SERIAL = re.compile(r"([1-9][0-9]{3,4})(\.[0-9]+)?")
_CLOCK = re.compile(r"\s*T?\s*(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?\s*", re.IGNORECASE)
# Day 1 of a spreadsheet is 1900-01-01, and its 29 February 1900 never was; no patient's date lies before March 1900.
_SERIAL_ZERO = date(1899, 12, 30)
# What systems write for a day that nobody knows.
_NO_DAY = frozenset({date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1),
                     date(1900, 1, 2), date(9999, 12, 31)})  # fmt: skip
_FILLERS = "- -- / \\ 无 無 不详 不詳 未知 暂无 null none n/a na nan nil unknown"
_NOTHING = frozenset(("", *_FILLERS.split()))
_SEXES = {
    **dict.fromkeys(("男", "男性", "m", "male", "1", "boy", "先生"), Sex.MALE),
    **dict.fromkeys(("女", "女性", "f", "female", "2", "girl", "女士"), Sex.FEMALE),
}
_RELATIONS = {
    Relation.SPOUSE: "配偶 丈夫 妻子 夫妻 夫 妻 老公 老婆 爱人 愛人 先生 太太 spouse husband wife",
    Relation.CHILD: "子女 儿子 女儿 子 女 兒子 女兒 child son daughter",
    Relation.PARENT: "父母 父亲 母亲 父 母 爸爸 妈妈 父親 母親 媽媽 parent father mother",
    Relation.SIBLING: "兄弟姐妹 哥哥 弟弟 姐姐 妹妹 兄弟 姐妹 兄 弟 姐 妹 姊妹 sibling brother sister",
    Relation.GUARDIAN: "监护人 監護人 guardian",
    Relation.FRIEND: "朋友 同事 同学 同學 friend colleague",
}
_RELATION_OF = {word: relation for relation, words in _RELATIONS.items() for word in words.split()}

_LOST_DIGITS = N_("This number lost digits in a spreadsheet. Ask for the list with this column as text.")
_BAD_DAY = N_("This date cannot be read. Write it as 1972-03-01.")
_TOO_LONG = N_("This text is longer than the record can hold.")
_BAD_AMOUNT = N_("This amount cannot be read. Write it as 1234.50.")


class CellError(ValueError):
    """A cell that cannot be read; the argument is an English sentence for the person who sent the list."""


def read_text(cell: str, longest: int) -> str:
    """One line of plain text; nothing for words such as 无 or N/A."""
    text = clean_text(cell)
    if len(text) < 8 and text.casefold() in _NOTHING:
        return ""
    if len(text) > longest:
        raise CellError(_TOO_LONG)
    return text


def undo_spreadsheet(text: str) -> str:
    """The digits of a number that a spreadsheet turned into `123.0` or `1.38001380005E+10`.

    Raises CellError when digits are gone: `1.38E+10` was eleven digits of which three are left.
    """
    whole = _SPREADSHEET_FLOAT.fullmatch(text)
    if whole:
        return whole[1]
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific is None:
        return text
    first, rest, exponent = scientific[1], scientific[2] or "", int(scientific[3])
    if len(rest) != exponent:
        raise CellError(_LOST_DIGITS)
    return first + rest


def read_identifier(cell: str) -> str:
    """An identifier in the form in which it is stored: no spaces, capital letters, leading zeros kept."""
    text = read_text("".join(unicodedata.normalize("NFKC", cell).split()), 200).lstrip("'`").upper()
    text = undo_spreadsheet(text)
    if len(text) > 60:
        raise CellError(_TOO_LONG)
    return "" if not text.strip("0-/") else text


def read_sex(cell: str) -> Sex:
    """The sex by the words and codes that lists use; unknown for anything else."""
    return _SEXES.get(unicodedata.normalize("NFKC", cell).strip().casefold(), Sex.UNKNOWN)


def read_relation(cell: str) -> Relation:
    """What a contact person is to the patient, by the words that lists use."""
    return _RELATION_OF.get(unicodedata.normalize("NFKC", cell).strip().casefold(), Relation.OTHER)


def read_birth_date(cell: str, today: date) -> date | None:
    """A birth date; nothing where the list has none, writes 1900-01-01, or names a day nobody living was born on."""
    day = read_day(cell)
    return day if day is not None and is_plausible_birth_date(day, today) else None


def read_day(cell: str) -> date | None:
    """A day in any unmistakable spelling, or as a spreadsheet counts it; nothing for a filler."""
    moment = _read(cell)
    return None if moment is None or moment[0] in _NO_DAY else moment[0]


def read_moment(cell: str, zone: ZoneInfo) -> datetime | None:
    """A day with its time, in the hospital's zone where none is written; midnight without a time."""
    found = _read(cell)
    if found is None or found[0] in _NO_DAY:
        return None
    day, clock, offset = found
    moment = datetime.combine(day, clock)
    if not 1900 <= day.year <= 2999:
        raise CellError(_BAD_DAY)
    return datetime.fromisoformat(moment.isoformat() + offset) if offset else moment.replace(tzinfo=zone)


def read_cents(cell: str) -> int:
    """A sum of money in cents; a minus, brackets or 退 make it negative. Fractions of a cent are rounded half up."""
    text = re.sub(r"[\s,¥$￥元圆]", "", unicodedata.normalize("NFKC", cell))
    is_negative = bool(re.fullmatch(r"\(.*\)|-.*|.*-|退.*", text))
    try:
        amount = Decimal(text.strip("()-退+"))
        cents = (amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise CellError(_BAD_AMOUNT) from None
    # The database keeps 32-bit integers: twenty million is far above any line of a bill.
    if not amount.is_finite() or cents >= 2**31:
        raise CellError(_BAD_AMOUNT)
    return -int(cents) if is_negative else int(cents)


def safe_cell(text: str) -> str:
    """The text as a spreadsheet shows it and never computes it."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _read(cell: str) -> tuple[date, time, str] | None:
    text = unicodedata.normalize("NFKC", cell).strip()
    # A spreadsheet's days 1 and 2 are what 1900-01-01 becomes there.
    if text.casefold() in _NOTHING or not text.strip("0-/: .") or text.removesuffix(".0") in ("1", "2"):
        return None
    if len(text) > 40:
        raise CellError(_BAD_DAY)
    try:
        return _read_serial(text) or _read_written(text)
    except (ValueError, OverflowError):
        raise CellError(_BAD_DAY) from None


def _read_serial(text: str) -> tuple[date, time, str] | None:
    serial = _SERIAL.fullmatch(text)
    if serial is None:
        return None
    if len(serial[1]) == 4 and serial[1][:2] in ("19", "20") and not serial[2]:
        raise ValueError("a year alone")
    seconds = round(float(serial[2] or 0) * 86400)
    moment = datetime.combine(_SERIAL_ZERO, time()) + timedelta(days=int(serial[1]), seconds=seconds)
    return moment.date(), moment.time(), ""


def _read_written(text: str) -> tuple[date, time, str]:
    compact = _COMPACT.fullmatch(text)
    if compact:
        clock = (compact[4] or "").ljust(6, "0")
        day = date(int(compact[1]), int(compact[2]), int(compact[3]))
        return day, time(int(clock[:2]), int(clock[2:4]), int(clock[4:6])), ""
    found = _YEAR_FIRST.fullmatch(text)
    if found:
        return (date(int(found[1]), int(found[2]), int(found[3])), *_clock(found[4]))
    republic = _REPUBLIC.fullmatch(text)
    if republic:
        return (date(1911 + int(republic[1]), int(republic[2]), int(republic[3])), *_clock(republic[4]))
    last = _YEAR_LAST.fullmatch(text)
    # 03/01/1972 is two days; 13/01/1972 and 01/01/1972 are one.
    if last and (int(last[1]) > 12 or int(last[2]) > 12 or last[1] == last[2]):
        month, day_of_month = sorted((int(last[1]), int(last[2])))
        return (date(int(last[3]), month, day_of_month), *_clock(last[4]))
    raise ValueError("not a day")


def _clock(text: str) -> tuple[time, str]:
    if not text.strip():
        return time(), ""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("not a time")
    offset = found[4] or ""
    return time(int(found[1]), int(found[2]), int(found[3] or 0)), "+00:00" if offset.upper() == "Z" else offset
