"""The fields of a text, such as {name}, and what fills them (S-19)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.texts import N_

LANGUAGES = ("zh_Hans", "zh_Hant", "en")
"""The languages in which a template may have a text."""
FIELD_TITLES: Mapping[str, str] = {
    "name": N_("Name"),
    "honorific": N_("Form of address"),
    "doctor": N_("Doctor"),
    "department": N_("Department"),
    "date": N_("Date"),
    "time": N_("Time"),
    "place": N_("Place"),
    "phone": N_("Telephone of the hospital"),
    "hospital": N_("Name of the hospital"),
}
"""The fields that every template may use. A list that is sent to may bring others: each of its columns is one."""
_ALIASES = {
    "姓名": "name", "称呼": "honorific", "稱呼": "honorific", "医生": "doctor", "醫師": "doctor", "醫生": "doctor",
    "科室": "department", "科別": "department", "日期": "date", "时间": "time", "時間": "time", "地点": "place",
    "地點": "place", "电话": "phone", "電話": "phone", "医院": "hospital", "醫院": "hospital",
}  # fmt: skip
LONGEST_NAME = 40
_LONGEST_VALUE = 100
_FIELD = re.compile(r"\{([^{}\n]{1,60})\}")
_CHILD_UNTIL = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text with its fields filled, and the names of those that nothing filled: with any of them it must not go."""

    text: str
    missing: tuple[str, ...] = ()


def field_key(name: str) -> str:
    """The name by which a field is known: `{姓名}` and `{name}` are the same one."""
    plain = " ".join(name.split()).casefold()[:LONGEST_NAME]
    return _ALIASES.get(plain, plain)


def fields_in(text: str) -> tuple[str, ...]:
    """The keys of the fields in a text, each once, in their order."""
    return tuple(dict.fromkeys(field_key(found) for found in _FIELD.findall(text) if found.strip()))


def fill_text(text: str, values: Mapping[str, str]) -> Filled:
    """Put the values, by key, into the fields. What a value says is never taken for a field itself.

    A field without a value, or with an empty one, is left as it stands and named as missing.
    """
    missing: dict[str, None] = {}

    def fill(found: re.Match[str]) -> str:
        key = field_key(found[1])
        value = " ".join(values.get(key, "").split())[:_LONGEST_VALUE]
        if not value:
            missing[key] = None
            return found[0]
        return value

    filled = _FIELD.sub(fill, text)
    return Filled(text=filled, missing=tuple(missing))


def has_stray_brace(text: str) -> bool:
    """Whether a brace stands outside a field: somebody mistyped one, and it would reach the patient."""
    return any(char in "{}" for char in _FIELD.sub("", text))


def honorific(sex: str, age: int | None, language: str) -> str:
    """How somebody is addressed: 女士, 先生, 小朋友; both forms for who has told no sex, never nothing."""
    if language == "en":
        return {"F": "Ms", "M": "Mr"}.get(sex, "Mr/Ms")
    if age is not None and age < _CHILD_UNTIL:
        return "小朋友"
    return {"F": "女士", "M": "先生"}.get(sex, "先生/女士")


def language_for(spoken: str | None, number: str, default: str) -> str:
    """The language in which somebody is written to, from the language on record and the telephone's country.

    Whoever speaks another Chinese language, or any other one, gets the hospital's own written language.
    """
    if spoken == "en":
        return "en"
    if number.startswith(("+852", "+853", "+886")):
        return "zh_Hant"
    return default
