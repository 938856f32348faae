"""What a setting is: its name, its limits, its heading, and how a value is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from app.errors import InvalidInput
from app.texts import N_

Value = TypeVar("Value", int, bool, str)


class Group(StrEnum):
    """Under which heading a setting is shown."""

    HOSPITAL = "hospital"
    SIGN_IN = "sign_in"
    PRIVACY = "privacy"
    IMPORTS = "imports"
    MESSAGES = "messages"
    CALLS = "calls"
    QUESTIONNAIRES = "questionnaires"
    FOLLOWUPS = "followups"
    FLOOR = "floor"
    RECORDINGS = "recordings"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKey(Generic[Value]):
    """One setting: its name in the database and in exported files, its default, its limits, and what it does.

    A number lies between `low` and `high`; a text has at most `high` characters. Title, unit and help are sentences of
    the catalogues.
    """

    name: str
    default: Value
    group: Group
    title: str
    help: str
    unit: str = ""
    low: int = 0
    high: int = 200


GROUP_TITLES: Mapping[Group, str] = {
    Group.HOSPITAL: N_("The hospital"),
    Group.SIGN_IN: N_("Signing in"),
    Group.PRIVACY: N_("Privacy"),
    Group.IMPORTS: N_("Imports"),
    Group.MESSAGES: N_("Messages and contact"),
    Group.CALLS: N_("Calls that we place"),
    Group.QUESTIONNAIRES: N_("Questionnaires"),
    Group.FOLLOWUPS: N_("Follow-ups"),
    Group.FLOOR: N_("The floor"),
    Group.RECORDINGS: N_("Recordings"),
    Group.QUALITY: N_("Quality"),
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_value(key: SettingKey[Value], value: object) -> Value:
    """The value when this setting takes it. Raises InvalidInput that says what is allowed."""
    if isinstance(key.default, str):
        if isinstance(value, str) and len(value) <= key.high and not _CONTROL.search(value):
            return value.strip()
        raise InvalidInput(N_("At most %(high)s characters on one line."), field=key.name, high=key.high)
    if isinstance(key.default, bool):
        if isinstance(value, bool):
            return value
        raise InvalidInput(N_("Say yes or no."), field=key.name)
    if isinstance(value, int) and not isinstance(value, bool) and key.low <= value <= key.high:
        return value
    raise InvalidInput(N_("A whole number from %(low)s to %(high)s."), field=key.name, low=key.low, high=key.high)


def read_value(key: SettingKey[Value], text: str) -> Value:
    """The value that a form sends. Raises InvalidInput."""
    if isinstance(key.default, bool):
        return check_value(key, text == "1")
    if isinstance(key.default, str):
        return check_value(key, text)
    return check_value(key, int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else text)
