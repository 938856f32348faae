"""Names as agents hear them: one folded spelling for 简体 and 繁體, and every spelling by which a name is looked for.

Traditional characters fold through OpenCC's table, readings come from pypinyin; both are read on the first use, because
most processes never need them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from itertools import product

# Nobody types more of a name, and the rest would only make the index larger.
LONGEST_TERM = 60
# Later syllables and words than these begin nothing that anybody looks for.
_MOST_STARTS = 8
# A name of four characters with two readings each has sixteen spellings; its first four are what people say.
_MOST_READINGS = 4
_SEPARATORS = frozenset("·•‧・.,-'’_/()（）")
_COMPOUND_SURNAMES = frozenset((
    "欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "长孙", "单于", "慕容", "令狐", "宇文", "公孙", "司徒",
    "司空", "端木", "东方", "独孤", "南宫", "万俟", "澹台", "轩辕", "钟离", "闻人", "赫连", "呼延", "鲜于", "申屠",
    "太史", "公羊", "淳于", "濮阳", "公冶", "宗政", "百里", "东郭", "南门", "羊舌", "微生", "梁丘", "左丘", "西门",
    "第五",
))  # fmt: skip
_COMPOUND_READINGS = {
    "尉迟": ("yu", "chi"),
    "长孙": ("zhang", "sun"),
    "单于": ("chan", "yu"),
    "万俟": ("mo", "qi"),
    "澹台": ("tan", "tai"),
}
# How the character is read as a surname, where that differs from its common reading.
_SURNAME_READINGS = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "覃": "qin", "洗": "xian", "乐": "yue", "缪": "miao", "宓": "fu", "折": "she", "黑": "he", "秘": "bi",
    "员": "yun", "种": "chong", "繁": "po", "召": "shao", "翟": "zhai", "柏": "bai", "祭": "zhai", "郇": "xun",
    "长": "chang", "佴": "nai", "隗": "wei", "句": "gou", "能": "nai", "牟": "mu",
}  # fmt: skip
# Characters of given names that are read in two ways as often as in one, the likelier first.
_GIVEN_READINGS = {
    "乐": ("le", "yue"), "晟": ("sheng", "cheng"), "茜": ("qian", "xi"), "朝": ("zhao", "chao"), "行": ("xing", "hang"),
    "长": ("chang", "zhang"), "重": ("zhong", "chong"), "曾": ("zeng", "ceng"), "传": ("chuan", "zhuan"),
    "盛": ("sheng", "cheng"), "莘": ("xin", "shen"), "藏": ("zang", "cang"), "还": ("huan", "hai"),
    "单": ("dan", "shan"), "解": ("jie", "xie"), "觉": ("jue", "jiao"), "溧": ("li",), "柏": ("bai", "bo"),
}  # fmt: skip


class TermKind(StrEnum):
    """What a search term is; the letter is its first character in the index. Capitals begin within the name."""

    NAME = "n"
    PINYIN = "p"
    INITIALS = "i"
    LATER_NAME = "N"
    LATER_PINYIN = "P"
    LATER_INITIALS = "I"


def fold_name(text: str) -> str:
    """The text in Simplified characters and small letters, without accents, spaces and punctuation."""
    return "".join(folded for char in text if (folded := _folded(char)) and folded != " ")


def initials_of(text: str) -> str:
    """The first letters of a text's syllables and words, as people type them: `cg` for 彩超."""
    from pypinyin import Style, lazy_pinyin

    letters = lazy_pinyin([char for char in map(_folded, text) if char], style=Style.FIRST_LETTER)
    return "".join(letter[:1] for letter in letters if letter.strip())


def name_units(text: str) -> list[list[str]]:
    """The words of a folded name, each as its units: one for each Chinese character, one for each run of letters."""
    words: list[list[str]] = [[]]
    joins = False
    for char in text:
        folded = _folded(char)
        if folded == " ":
            words.append([])
            joins = False
        elif is_han(folded):
            words[-1].append(folded)
            joins = False
        elif folded:
            if joins:
                words[-1][-1] += folded
            else:
                words[-1].append(folded)
            joins = True
    return [word for word in words if word]


def is_han(char: str) -> bool:
    """True for one Chinese character."""
    return len(char) == 1 and ("\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char >= "\U00020000")


def terms_of(name: str) -> frozenset[str]:
    """Every term by which the name is found, at least one. Each begins with the letter of its TermKind (`SearchTerm`).

    The name whole and from each later character or word on; its pinyin and initials whole and from the given name on.
    Characters that are read in two ways bring both readings.
    """
    words = name_units(name)
    units = [unit for word in words for unit in word]
    if not units:
        return frozenset((TermKind.NAME.value,))
    found = {_term("n", start, units) for start in range(min(len(units), _MOST_STARTS))}
    starts = _spoken_starts(words, units)
    if starts:
        for readings in _readings(units):
            initials = [reading[0] for reading in readings]
            for start in starts:
                found.add(_term("p", start, readings))
                if len(initials) > start + 1:
                    found.add(_term("i", start, initials))
    return frozenset(found)


def _term(kind: str, start: int, parts: Sequence[str]) -> str:
    return ((kind.upper() if start else kind) + "".join(parts[start:]))[:LONGEST_TERM]


def _spoken_starts(words: list[list[str]], units: list[str]) -> list[int]:
    """Where somebody may begin to spell the name in pinyin; nowhere when it has no Chinese character."""
    if not any(map(is_han, units)):
        return []
    starts = [0]
    if len(units) > 2 and units[0] + units[1] in _COMPOUND_SURNAMES:
        starts.append(2)
    elif len(units) > 1:
        starts.append(1)
    place = 0
    for word in words[:-1]:
        place += len(word)
        if place not in starts and len(starts) < _MOST_STARTS:
            starts.append(place)
    return starts


def _readings(units: list[str]) -> Iterator[tuple[str, ...]]:
    if len(units) > 2 and (compound := units[0] + units[1]) in _COMPOUND_READINGS:
        head: list[tuple[str, ...]] = [(each,) for each in _COMPOUND_READINGS[compound]]
    else:
        head = [_as_surname(units[0])]
    choices = head + [_as_given(unit) for unit in units[len(head) :]]
    if all(len(each) == 1 for each in choices):
        return iter([tuple([each[0] for each in choices])])
    return _first(product(*choices))


def _first(spellings: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    return (spelling for spelling, _ in zip(spellings, range(_MOST_READINGS), strict=False))


@cache
def _as_surname(unit: str) -> tuple[str, ...]:
    common = _as_given(unit)
    special = _SURNAME_READINGS.get(unit)
    return common if special is None else tuple(dict.fromkeys((special, *common)))


@lru_cache(maxsize=50_000)
def _as_given(unit: str) -> tuple[str, ...]:
    if unit in _GIVEN_READINGS:
        return _GIVEN_READINGS[unit]
    if not is_han(unit):
        return (unit,)
    from pypinyin import Style, pinyin  # a fifth of a second and 45 MB, which only this needs

    [[reading]] = pinyin(unit, style=Style.NORMAL)
    # 吕 is typed lv or lu.
    return (reading, reading.replace("v", "u")) if "v" in reading else (reading,)


@lru_cache(maxsize=100_000)
def _folded(char: str) -> str:
    """What stands for one character in a folded name: a space for all that separates words, nothing for marks."""
    if char.isspace() or char in _SEPARATORS:
        return " "
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if unicodedata.category(part) != "Mn")
    folded = unicodedata.normalize("NFKC", plain).casefold().translate(_to_simplified())
    return "".join(part for part in folded if part.isalnum())


@cache
def _to_simplified() -> dict[int, str]:
    table = resources.files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if line)
    return {ord(traditional): simplified.split(" ")[0] for traditional, simplified in pairs}
