"""What a flow says, as values; its document is the JSON form that a version keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LANGUAGES = ("zh_Hans", "zh_Hant", "en")
WEEKDAYS = (1, 2, 3, 4, 5, 6, 7)
"""ISO: Monday is 1."""
KEYS = "123456789"
CODE = re.compile(r"[a-z][a-z0-9]{0,19}")

Span = tuple[str, str]
"""From when until when, `08:00` and `17:30`; both empty for a day that stays closed."""


class Goal(StrEnum):
    """Where a caller is led."""

    QUEUE = "queue"
    URGENT = "urgent"  # a queue, before those who came shortly before
    MENU = "menu"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One step: a queue, a menu or a message, by its name."""

    goal: Goal
    name: str

    def __str__(self) -> str:
        return f"{self.goal}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said, after which the call ends; with `records` the caller may leave words of their own first.

    `sounds` are uploaded recordings, by language, which are played where the text would be spoken.
    """

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    sounds: Mapping[str, int] = field(default_factory=dict)
    records: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Keys and where each leads; `otherwise` is for callers who press none of them twice."""

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    sounds: Mapping[str, int] = field(default_factory=dict)
    keys: Mapping[str, Target] = field(default_factory=dict)
    otherwise: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When somebody is there. `dates` are holidays and other days with hours of their own, by `2026-10-01`."""

    always: bool = True
    days: Mapping[int, Span] = field(default_factory=dict)
    dates: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The whole way in of some hotline numbers. What a draft does not say yet is empty; `check` tells."""

    hotlines: tuple[str, ...] = ()
    language: str = LANGUAGES[0]
    greeting: Mapping[str, str] = field(default_factory=dict)
    greeting_sounds: Mapping[str, int] = field(default_factory=dict)
    tells_appointment: bool = False
    """A known caller hears, after the greeting, when the next appointment is: the day and the time, nothing else."""
    hours: Hours = field(default_factory=Hours)
    opened: Target | None = None
    closed: Target | None = None
    for_key: Target | None = None
    """Where key patients are led while somebody is there; nothing: like everybody."""
    menus: tuple[Menu, ...] = ()
    messages: tuple[Message, ...] = ()

    def menu(self, code: str) -> Menu | None:
        return next((menu for menu in self.menus if menu.code == code), None)

    def message(self, code: str) -> Message | None:
        return next((message for message in self.messages if message.code == code), None)


def read_target(text: object) -> Target | None:
    """`queue:hotline` as a target; nothing for what is none."""
    goal, _, name = str(text or "").partition(":")
    return Target(goal=Goal(goal), name=name) if goal in set(Goal) and name else None


def from_document(document: Mapping[str, Any]) -> Flow:
    """The flow that this document says."""
    hours = document.get("hours") or {}
    return Flow(
        hotlines=tuple(str(number) for number in document.get("hotlines") or ()),
        language=str(document.get("language") or LANGUAGES[0]),
        greeting=_texts(document.get("greeting")),
        greeting_sounds=_sounds(document.get("greeting_sounds")),
        tells_appointment=bool(document.get("tells_appointment")),
        hours=Hours(
            always=bool(hours.get("always", True)),
            days={int(day): _span(span) for day, span in (hours.get("days") or {}).items()},
            dates={str(day): _span(span) for day, span in (hours.get("dates") or {}).items()},
        ),
        opened=read_target(document.get("opened")),
        closed=read_target(document.get("closed")),
        for_key=read_target(document.get("for_key")),
        menus=tuple(_menu(menu) for menu in document.get("menus") or ()),
        messages=tuple(_message(message) for message in document.get("messages") or ()),
    )


def to_document(flow: Flow) -> dict[str, Any]:
    """The JSON form of a flow."""
    return {
        "hotlines": list(flow.hotlines),
        "language": flow.language,
        "greeting": dict(flow.greeting),
        "greeting_sounds": dict(flow.greeting_sounds),
        "tells_appointment": flow.tells_appointment,
        "hours": {
            "always": flow.hours.always,
            "days": {str(day): list(span) for day, span in sorted(flow.hours.days.items())},
            "dates": {day: list(span) for day, span in sorted(flow.hours.dates.items())},
        },
        "opened": str(flow.opened or ""),
        "closed": str(flow.closed or ""),
        "for_key": str(flow.for_key or ""),
        "menus": [
            {
                "code": menu.code,
                "texts": dict(menu.texts),
                "sounds": dict(menu.sounds),
                "keys": {key: str(target) for key, target in sorted(menu.keys.items())},
                "otherwise": str(menu.otherwise or ""),
            }
            for menu in flow.menus
        ],
        "messages": [
            {
                "code": message.code,
                "texts": dict(message.texts),
                "sounds": dict(message.sounds),
                "records": message.records,
            }
            for message in flow.messages
        ],
    }


def _menu(value: Mapping[str, Any]) -> Menu:
    targets = {str(key): read_target(target) for key, target in (value.get("keys") or {}).items()}
    return Menu(
        code=str(value.get("code", "")),
        texts=_texts(value.get("texts")),
        sounds=_sounds(value.get("sounds")),
        keys={key: target for key, target in targets.items() if target is not None},
        otherwise=read_target(value.get("otherwise")),
    )


def _message(value: Mapping[str, Any]) -> Message:
    return Message(
        code=str(value.get("code", "")),
        texts=_texts(value.get("texts")),
        sounds=_sounds(value.get("sounds")),
        records=bool(value.get("records")),
    )


def _texts(value: Any) -> dict[str, str]:
    return {language: str((value or {}).get(language) or "").strip() for language in LANGUAGES}


def _sounds(value: Any) -> dict[str, int]:
    given = value or {}
    return {language: int(given[language]) for language in LANGUAGES if str(given.get(language) or "").isdecimal()}


def _span(value: Any) -> Span:
    first, last = value or ("", "")
    return str(first), str(last)
