"""The kinds of field that a hospital may add to a record, and how a value of one is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.errors import InvalidInput
from app.texts import N_

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class FieldKind(StrEnum):
    """What a field of the hospital's own holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


KIND_TITLES: Mapping[FieldKind, str] = {
    FieldKind.TEXT: N_("Text"),
    FieldKind.NUMBER: N_("Number"),
    FieldKind.DATE: N_("Date"),
    FieldKind.CHOICE: N_("Choice"),
    FieldKind.YES_NO: N_("Yes or no"),
}
ENTITIES: Mapping[str, str] = {"patient": N_("Patient")}
"""What may have fields of the hospital's own, with its title."""
LONGEST_TEXT = 500
MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that the hospital added. Values live in the record under `key`, as `read_field` returns them."""

    key: str
    label: str
    kind: FieldKind
    options: tuple[str, ...] = ()
    help: str = ""
    is_required: bool = False
    is_offered: bool = True


def read_field(field: Field, text: str) -> str | int | float | bool | None:
    """The value that somebody typed into this field; None for nothing. A date is kept as `2026-11-21`.

    Raises InvalidInput, which names the field as `custom-<key>`.
    """
    text = text.strip()
    if not text:
        if field.is_required:
            raise _wrong(field, N_("This field must be filled in."))
        return None
    match field.kind:
        case FieldKind.TEXT:
            return _read_text(field, text)
        case FieldKind.NUMBER:
            return _read_number(field, text)
        case FieldKind.DATE:
            return _read_date(field, text)
        case FieldKind.CHOICE:
            if text not in field.options:
                raise _wrong(field, N_("Choose one of the list."))
            return text
        case FieldKind.YES_NO:
            if text not in ("1", "0"):
                raise _wrong(field, N_("Say yes or no."))
            return text == "1"


def _read_text(field: Field, text: str) -> str:
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise _wrong(field, N_("This text is too long."))
    return text


def _read_number(field: Field, text: str) -> int | float:
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if re.fullmatch(r"-?[0-9]{1,12}\.[0-9]{1,6}", text):
        return float(text)
    raise _wrong(field, N_("Write a number such as 12 or 3.5."))


def _read_date(field: Field, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1850 <= day.year <= 2999:
        raise _wrong(field, N_("Write a date such as 2026-11-21."))
    return day.isoformat()


def _wrong(field: Field, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=f"custom-{field.key}")
