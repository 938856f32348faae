"""May a flow go live? Every path through it must end with a queue or a message, and everything said must have words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.call_flows.rules.document import CODE, KEYS, LANGUAGES, WEEKDAYS, Flow, Goal, Menu, Span, Target

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_HOTLINE = re.compile(r"[0-9]{1,20}")


class FaultKind(StrEnum):
    """Why a flow cannot go live."""

    NO_HOTLINE = "no_hotline"
    BAD_HOTLINE = "bad_hotline"
    HOTLINE_TAKEN = "hotline_taken"  # another live flow answers it
    NO_TEXT = "no_text"
    NO_SOUND = "no_sound"  # a recording is not there, not converted yet, or cannot be heard
    NO_TARGET = "no_target"
    NO_QUEUE = "no_queue"
    NO_MENU = "no_menu"
    NO_MESSAGE = "no_message"
    NO_KEYS = "no_keys"
    BAD_KEY = "bad_key"
    LOOP = "loop"
    BAD_HOURS = "bad_hours"
    BAD_DATE = "bad_date"
    BAD_CODE = "bad_code"
    TWICE = "twice"  # two menus or two messages of one name


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`where`: `greeting`, `hours`, `opened`, `closed`, `menu:m1`, `message:closed`; `what` is the name in question."""

    kind: FaultKind
    where: str
    what: str = ""


def check(
    flow: Flow, *, queues: Collection[str], taken: Collection[str] = (), sounds: Collection[int] = ()
) -> list[Fault]:
    """Everything that keeps this flow from going live, nothing when it may. `taken` are other flows' hotlines, `sounds`
    the recordings that can be heard.

    Only what a caller can reach counts: a menu that nothing leads to is never heard.
    """
    faults = _names(flow, taken) + _hours(flow)
    faults += _said(flow.greeting, flow.greeting_sounds, flow.language, "greeting")
    starts = [("opened", flow.opened)]
    if not flow.hours.always:
        starts.append(("closed", flow.closed))
    if flow.for_key is not None:
        starts.append(("for_key", flow.for_key))
    seen: dict[str, bool] = {}
    for where, target in starts:
        faults += _walk(flow, where, target, queues, seen)
    for where, used in _sounds_in(flow):
        faults += [Fault(kind=FaultKind.NO_SOUND, where=where) for each in used.values() if each not in sounds]
    return list(dict.fromkeys(faults))


def reachable(flow: Flow) -> list[Target]:
    """Every step that a caller can come to, each once, in the order in which a reader meets them."""
    found: dict[str, Target] = {}
    waiting = [flow.opened, *([] if flow.hours.always else [flow.closed]), flow.for_key]
    while waiting:
        target = waiting.pop(0)
        if target is None or str(target) in found:
            continue
        found[str(target)] = target
        menu = flow.menu(target.name) if target.goal is Goal.MENU else None
        if menu is not None:
            waiting += [*(menu.keys[key] for key in sorted(menu.keys)), menu.otherwise]
    return list(found.values())


def _walk(flow: Flow, where: str, target: Target | None, queues: Collection[str], seen: dict[str, bool]) -> list[Fault]:
    """`seen` is true for a menu on the present path, false for one that was looked at on another."""
    if target is None:
        return [Fault(kind=FaultKind.NO_TARGET, where=where)]
    match target.goal:
        case Goal.QUEUE | Goal.URGENT:
            is_there = target.name in queues
            return [] if is_there else [Fault(kind=FaultKind.NO_QUEUE, where=where, what=target.name)]
        case Goal.MESSAGE:
            message = flow.message(target.name)
            if message is None:
                return [Fault(kind=FaultKind.NO_MESSAGE, where=where, what=target.name)]
            return _said(message.texts, message.sounds, flow.language, f"message:{message.code}")
        case Goal.MENU:
            menu = flow.menu(target.name)
            if menu is None:
                return [Fault(kind=FaultKind.NO_MENU, where=where, what=target.name)]
            return _walk_menu(flow, where, menu, queues, seen)


def _walk_menu(flow: Flow, where: str, menu: Menu, queues: Collection[str], seen: dict[str, bool]) -> list[Fault]:
    if menu.code in seen:
        return [Fault(kind=FaultKind.LOOP, where=where, what=menu.code)] if seen[menu.code] else []
    seen[menu.code] = True
    here = f"menu:{menu.code}"
    faults = _said(menu.texts, menu.sounds, flow.language, here)
    if not menu.keys:
        faults.append(Fault(kind=FaultKind.NO_KEYS, where=here))
    for key, target in sorted(menu.keys.items()):
        if len(key) != 1 or key not in KEYS:
            faults.append(Fault(kind=FaultKind.BAD_KEY, where=here, what=key))
        faults += _walk(flow, here, target, queues, seen)
    faults += _walk(flow, here, menu.otherwise, queues, seen)
    seen[menu.code] = False
    return faults


def _said(texts: Mapping[str, str], sounds: Mapping[str, int], language: str, where: str) -> list[Fault]:
    is_heard = texts.get(language) or sounds.get(language)
    return [] if is_heard else [Fault(kind=FaultKind.NO_TEXT, where=where)]


def _sounds_in(flow: Flow) -> list[tuple[str, Mapping[str, int]]]:
    found = [("greeting", flow.greeting_sounds)]
    for target in reachable(flow):
        menu = flow.menu(target.name) if target.goal is Goal.MENU else None
        message = flow.message(target.name) if target.goal is Goal.MESSAGE else None
        if step := menu or message:
            found.append((str(target), step.sounds))
    return found


def _names(flow: Flow, taken: Collection[str]) -> list[Fault]:
    faults = [] if flow.hotlines else [Fault(kind=FaultKind.NO_HOTLINE, where="hotlines")]
    for number in flow.hotlines:
        if not _HOTLINE.fullmatch(number):
            faults.append(Fault(kind=FaultKind.BAD_HOTLINE, where="hotlines", what=number))
        elif number in taken:
            faults.append(Fault(kind=FaultKind.HOTLINE_TAKEN, where="hotlines", what=number))
    if flow.language not in LANGUAGES:
        faults.append(Fault(kind=FaultKind.NO_TEXT, where="greeting"))
    for kind, codes in (
        ("menu", [menu.code for menu in flow.menus]),
        ("message", [message.code for message in flow.messages]),
    ):
        faults += [Fault(kind=FaultKind.BAD_CODE, where=f"{kind}:{code}") for code in codes if not CODE.fullmatch(code)]
        faults += [
            Fault(kind=FaultKind.TWICE, where=f"{kind}:{code}")
            for code in dict.fromkeys(codes)
            if codes.count(code) > 1
        ]
    return faults


def _hours(flow: Flow) -> list[Fault]:
    if flow.hours.always:
        return []
    faults = [
        Fault(kind=FaultKind.BAD_HOURS, where="hours", what=str(day))
        for day, span in flow.hours.days.items()
        if day not in WEEKDAYS or not _is_span(span)
    ]
    for day, span in flow.hours.dates.items():
        if not _is_date(day):
            faults.append(Fault(kind=FaultKind.BAD_DATE, where="hours", what=day))
        elif span != ("", "") and not _is_span(span):
            faults.append(Fault(kind=FaultKind.BAD_HOURS, where="hours", what=day))
    return faults


def _is_span(span: Span) -> bool:
    first, last = span
    return bool(_CLOCK.fullmatch(first) and _CLOCK.fullmatch(last)) and first < last


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
