"""What somebody typed into the search box: which ranges of which indexes it asks for. No database here.

One box takes everything at once, separated by spaces: "王秀兰 8000", "wxl 1972". What stands side by side and is of one
kind may also be one thing that was typed in groups ("138 0013 8000", "wang xiu lan"), so a query has several readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from app.patients.names import LONGEST_TERM, TermKind, fold_name, is_han
from app.patients.phones import parse_number
from app.patients.rules import clean_text

LONGEST_QUERY = 120
# A box with more words than this is a pasted text; each further word costs a look into an index for each person.
_MOST_WORDS = 5
# Fewer digits than this begin half of all numbers; they say nothing.
_FEWEST_DIGITS = 3
# People say the last four of a number; of three, a thousandth of all people has each.
_FEWEST_LAST_DIGITS = 4
_OLDEST_YEAR, _LATEST_YEAR = 1890, 2100
_DAY = re.compile(r"(?:18|19|20)?[0-9]{2}年(?:[0-9]{1,2}月(?:[0-9]{1,2}[日号號]?)?)?")
_WRITTEN_DAY = re.compile(r"((?:18|19|20)[0-9]{2})([-/.])([0-9]{1,2})(?:\2([0-9]{1,2}))?")
_NUMBER_LIKE = re.compile(r"\+?[0-9().\-]*[0-9][0-9().\-]*")
_SURNAMES = (
    "an ao ba bai ban bao bei bi bian bo bu cai cao cen chai chang che chen cheng chi chong chu cong cui dai dang "
    "deng di diao ding dong dou du duan e fan fang fei feng fu gan gao ge geng gong gou gu guan gui guo hai han "
    "hang hao he hei hong hou hu hua huang hui huo ji jia jian jiang jiao jie jin jing ju jun kan kang ke kong kou "
    "kuang lai lan lang lao lei leng li lian liang liao lin ling liu long lou lu lv luan luo lyu ma mai man mang "
    "mao mei men meng mi miao min ming mo mou mu na nan nie ning niu nong ou pan pang pei peng pi piao ping pu qi "
    "qian qiang qiao qin qing qiu qu quan que ran rao ren rong ru ruan rui sang sha shan shang shao she shen sheng "
    "shi shou shu shui si song su sui sun suo tai tan tang tao teng tian tong tu wan wang wei wen weng wo wu xi xia "
    "xian xiang xiao xie xin xing xiong xiu xu xuan xue xun yan yang yao ye yi yin ying yong you yu yuan yue yun "
    "zang zeng zha zhai zhan zhang zhao zhen zheng zhi zhong zhou zhu zhuang zhuo zi zong zou zu zuo ouyang sima "
    "shangguan zhuge xiahou huangfu murong linghu situ sikong"
)
# A surname in full, then the initials of the given name. With a vowel among them it reads as one more syllable.
_HURRIED = re.compile(f"({'|'.join(sorted(_SURNAMES.split(), key=len, reverse=True))})([b-df-hj-np-tw-z]{{2,3}})")
_TONED = re.compile(r"(?:[a-zü]+[1-5])+")


class Place(StrEnum):
    """Which index a span is a range of."""

    TERM = "term"
    NUMBER = "number"
    NUMBER_END = "number_end"
    IDENTIFIER = "identifier"
    IDENTIFIER_END = "identifier_end"
    BORN = "born"


class MatchedBy(StrEnum):
    """Why somebody was found."""

    NAME = "name"
    PINYIN = "pinyin"
    INITIALS = "initials"
    NUMBER = "number"
    NUMBER_END = "number_end"
    IDENTIFIER = "identifier"
    IDENTIFIER_END = "identifier_end"
    BIRTH_DATE = "birth_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """All values from `low` on that are below `above`. `share` is a guess at how many of all people are in it."""

    place: Place
    low: str | date
    above: str | date
    by: MatchedBy
    share: float

    @property
    def is_within(self) -> bool:
        """True for what begins within a name, such as a given name by itself."""
        return self.place is Place.TERM and str(self.low)[0].isupper()


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that was typed, as the spans in which it may be found, best match first."""

    spans: tuple[Span, ...]

    @property
    def share(self) -> float:
        return sum(span.share for span in self.spans)


def read_query(text: str, *, area_code: str, outside_prefix: str) -> list[tuple[Word, ...]]:
    """The readings of a query, the likeliest first; in each, every word must hold. Nothing when it says nothing.

    `area_code` and `outside_prefix` are those of `parse_number`.
    """
    home = _Home(area_code=area_code, outside_prefix=outside_prefix)
    pieces = _pieces(clean_text(unicodedata.normalize("NFKC", text[:LONGEST_QUERY])))
    joined = _joined(pieces)
    readings = [joined] if joined == pieces else [joined, pieces]
    if (split := _surname_and_initials(joined)) is not None:
        readings.append(split)
    return [words for each in readings if (words := _words(each, home))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    area_code: str
    outside_prefix: str


def _pieces(text: str) -> list[str]:
    """The text cut at spaces, around written days, and where the script changes."""
    pieces = []
    for rough in re.split(r"[\s,，、;；]+", text):
        place = 0
        for day in _DAY.finditer(rough):
            pieces += [*_by_script(rough[place : day.start()]), day[0]]
            place = day.end()
        pieces += _by_script(rough[place:])
    return pieces[: 2 * _MOST_WORDS]


def _by_script(text: str) -> list[str]:
    return ["".join(run) for _, run in groupby(text, is_han)]


def _joined(pieces: list[str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and _kind(joined[-1]) == _kind(piece) != "other":
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _surname_and_initials(pieces: list[str]) -> list[str] | None:
    """ "zengxm" as "zeng" and "xm", the way names are typed in a hurry; nothing when no piece is so."""
    for place, piece in enumerate(pieces):
        met = _HURRIED.fullmatch(piece.casefold())
        if met:
            return [*pieces[:place], *met.groups(), *pieces[place + 1 :]]
    return None


def _kind(piece: str) -> str:
    if _WRITTEN_DAY.fullmatch(piece) or _DAY.fullmatch(piece):
        return "other"
    if _NUMBER_LIKE.fullmatch(piece):
        return "digits"
    if is_han(piece[:1]):
        return "han"
    if _TONED.fullmatch(piece.casefold()):
        return "toned"
    return "other" if re.search("[0-9]", piece) else "letters"


def _words(pieces: list[str], home: _Home) -> tuple[Word, ...]:
    found = [Word(spans) for piece in pieces if (spans := tuple(_spans(piece, home)))]
    return tuple(found[:_MOST_WORDS])


def _spans(piece: str, home: _Home) -> Iterator[Span]:
    day = _DAY.fullmatch(piece) or _WRITTEN_DAY.fullmatch(piece)
    if day:
        yield from _written_day(piece)
    kind = _kind(piece)
    if kind == "digits":
        yield from _number_spans(piece, home)
    elif kind == "toned":
        yield from _identifier_spans(piece.upper())
        yield from _name_spans(re.sub("[1-5]", "", piece))
    elif not day:
        yield from _identifier_spans(piece.upper())
        yield from _name_spans(piece)


def _name_spans(piece: str) -> Iterator[Span]:
    folded = fold_name(piece)[: LONGEST_TERM - 1]
    if not folded:
        return
    length = len(folded)
    if not (folded.isascii() and folded.isalpha()):
        share = 0.07 * 0.05 ** (length - 1)
        kinds = [(TermKind.NAME, MatchedBy.NAME, share), (TermKind.LATER_NAME, MatchedBy.NAME, share)]
    else:
        spoken, brief = 0.1 * 0.6 ** (length - 1), 0.1**length
        kinds = [
            (TermKind.NAME, MatchedBy.NAME, brief),
            (TermKind.PINYIN, MatchedBy.PINYIN, spoken),
            (TermKind.INITIALS, MatchedBy.INITIALS, brief),
            (TermKind.LATER_NAME, MatchedBy.NAME, brief),
            (TermKind.LATER_PINYIN, MatchedBy.PINYIN, spoken),
            (TermKind.LATER_INITIALS, MatchedBy.INITIALS, brief),
        ]
    for kind, by, share in kinds:
        yield _beginning(Place.TERM, kind + folded, by, share)


def _number_spans(piece: str, home: _Home) -> Iterator[Span]:
    number = parse_number(piece, area_code=home.area_code, outside_prefix=home.outside_prefix)
    digits = re.sub(r"[^0-9]", "", piece)
    if number is not None:
        yield _beginning(Place.NUMBER, number.e164, MatchedBy.NUMBER, 1e-6)
    elif len(digits) >= _FEWEST_DIGITS:
        yield from _begun_numbers(digits, home, is_foreign=piece.startswith("+") and not digits.startswith("86"))
    yield from _days(digits)
    if number is None and len(digits) >= _FEWEST_LAST_DIGITS:
        yield _beginning(Place.NUMBER_END, digits[::-1], MatchedBy.NUMBER_END, 0.1 ** len(digits))
    if len(digits) >= _FEWEST_LAST_DIGITS:
        yield from _identifier_spans(piece)


def _begun_numbers(digits: str, home: _Home, *, is_foreign: bool) -> Iterator[Span]:
    if is_foreign:
        yield _beginning(Place.NUMBER, f"+{digits}", MatchedBy.NUMBER, 0.01)
        return
    national = re.sub(r"^(?:0086|86(?=.{3})|0)", "", digits).lstrip("0")
    if len(national) >= _FEWEST_DIGITS:
        yield _beginning(Place.NUMBER, f"+86{national}", MatchedBy.NUMBER, 0.3 * 0.1 ** (len(national) - 2))
    if _FEWEST_LAST_DIGITS <= len(digits) <= 8 and digits[0] in "2345678":
        local = f"+86{home.area_code.lstrip('0')}{digits}"
        yield _beginning(Place.NUMBER, local, MatchedBy.NUMBER, 0.1 ** (len(digits) - 1))


def _identifier_spans(piece: str) -> Iterator[Span]:
    value = "".join(piece.split())
    if len(value) < _FEWEST_DIGITS or not re.search("[0-9]", value):
        return
    # Numbers of one kind begin alike; only what follows tells people apart.
    yield _beginning(Place.IDENTIFIER, value, MatchedBy.IDENTIFIER, 0.1 ** max(2, len(value) - 3))
    if len(value) >= _FEWEST_LAST_DIGITS:
        yield _beginning(Place.IDENTIFIER_END, value[::-1], MatchedBy.IDENTIFIER_END, 0.1 ** len(value))


def _days(digits: str) -> Iterator[Span]:
    """19720301, 720301, 197203 and 1972 as days, months and years of birth."""
    if len(digits) == 8:
        yield from _born(digits[:4], digits[4:6], digits[6:])
    if len(digits) == 6:
        yield from _born(digits[:4], digits[4:], None)
        for century in ("19", "20"):
            yield from _born(century + digits[:2], digits[2:4], digits[4:])
    if len(digits) == 4:
        yield from _born(digits, None, None)


def _written_day(text: str) -> Iterator[Span]:
    parts = re.findall("[0-9]+", text)
    year, month, day = [*parts, None, None][:3]
    for century in ("19", "20") if len(year or "") == 2 else ("",):
        yield from _born(f"{century}{year}", month, day)


def _born(year: str, month: str | None, day: str | None) -> Iterator[Span]:
    try:
        low = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return
    if not _OLDEST_YEAR <= low.year <= _LATEST_YEAR:
        return
    if day is not None:
        above, share = low + timedelta(days=1), 1 / 30_000
    elif month is not None:
        above, share = (low.replace(day=28) + timedelta(days=4)).replace(day=1), 1 / 1_000
    else:
        above, share = date(low.year + 1, 1, 1), 1 / 80
    yield Span(place=Place.BORN, low=low, above=above, by=MatchedBy.BIRTH_DATE, share=share)


def _beginning(place: Place, start: str, by: MatchedBy, share: float) -> Span:
    return Span(place=place, low=start, above=_after(start), by=by, share=share)


def _after(start: str) -> str:
    """The least text that is greater than all that begin so, in the order of bytes."""
    # The character after the last one that is no half of a surrogate pair, which no database stores.
    following = ord(start[-1]) + 1
    return start[:-1] + chr(0xE000 if following == 0xD800 else following)
