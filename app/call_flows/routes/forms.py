"""The form of a way in: what the page posts, as a flow; and a draft that grows or shrinks by one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.call_flows.rules import KEYS, LANGUAGES, WEEKDAYS, Flow, Hours, Menu, Message, Span, read_target

MOST_STEPS = 9
"""Menus of one flow, and messages: nobody on a telephone finds a way through more."""
_MOST_DATES = 200
_MOST_TEXT = 600


def read_form(form: Mapping[str, str]) -> Flow:
    """The flow as it was written, whole or not."""
    menus = [place for place in range(MOST_STEPS) if form.get(f"menu-{place}-code")]
    messages = [place for place in range(MOST_STEPS) if form.get(f"message-{place}-code")]
    return Flow(
        hotlines=tuple(dict.fromkeys(form.get("hotlines", "").replace(",", " ").replace("，", " ").split()))[:20],
        language=form.get("language", "") if form.get("language") in LANGUAGES else LANGUAGES[0],
        greeting=_texts(form, "greeting"),
        greeting_sounds=_sounds(form, "greeting"),
        tells_appointment=form.get("tells_appointment") == "1",
        hours=Hours(
            always=form.get("always") == "1",
            days={day: span for day in WEEKDAYS if (span := _span(form, f"day-{day}")) != ("", "")},
            dates=dict(_date(line) for line in form.get("dates", "").splitlines()[:_MOST_DATES] if line.strip()),
        ),
        opened=read_target(form.get("opened")),
        closed=read_target(form.get("closed")),
        for_key=read_target(form.get("for_key")),
        menus=tuple(_menu(form, f"menu-{place}") for place in menus),
        messages=tuple(_message(form, f"message-{place}") for place in messages),
    )


def written_dates(hours: Hours) -> str:
    """The special days as they are typed: one on each line, with its hours where it has some."""
    return "\n".join(
        day if span == ("", "") else f"{day} {span[0]}-{span[1]}" for day, span in sorted(hours.dates.items())
    )


def change_steps(flow: Flow, act: str) -> Flow:
    """`add-menu`, `add-message`, `drop-menu:m1` and `drop-message:s1`; anything else changes nothing."""
    what, _colon, code = act.partition(":")
    match what:
        case "add-menu" if len(flow.menus) < MOST_STEPS:
            return replace(flow, menus=(*flow.menus, Menu(code=_free("m", [each.code for each in flow.menus]))))
        case "add-message" if len(flow.messages) < MOST_STEPS:
            free = _free("s", [each.code for each in flow.messages])
            return replace(flow, messages=(*flow.messages, Message(code=free)))
        case "drop-menu":
            return replace(flow, menus=tuple(each for each in flow.menus if each.code != code))
        case "drop-message":
            return replace(flow, messages=tuple(each for each in flow.messages if each.code != code))
        case _:
            return flow


def _menu(form: Mapping[str, str], prefix: str) -> Menu:
    targets = {key: read_target(form.get(f"{prefix}-key-{key}")) for key in KEYS}
    return Menu(
        code=form.get(f"{prefix}-code", "")[:20],
        texts=_texts(form, prefix),
        sounds=_sounds(form, prefix),
        keys={key: target for key, target in targets.items() if target is not None},
        otherwise=read_target(form.get(f"{prefix}-otherwise")),
    )


def _message(form: Mapping[str, str], prefix: str) -> Message:
    return Message(
        code=form.get(f"{prefix}-code", "")[:20],
        texts=_texts(form, prefix),
        sounds=_sounds(form, prefix),
        records=form.get(f"{prefix}-records") == "1",
    )


def _texts(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {language: form.get(f"{prefix}-{language}", "").strip()[:_MOST_TEXT] for language in LANGUAGES}


def _sounds(form: Mapping[str, str], prefix: str) -> dict[str, int]:
    chosen = {language: form.get(f"{prefix}-sound-{language}", "") for language in LANGUAGES}
    return {language: int(id) for language, id in chosen.items() if id.isascii() and id.isdecimal() and len(id) < 10}


def _span(form: Mapping[str, str], prefix: str) -> Span:
    return form.get(f"{prefix}-from", "")[:5], form.get(f"{prefix}-until", "")[:5]


def _date(line: str) -> tuple[str, Span]:
    day, _space, hours = line.strip().partition(" ")
    first, _dash, last = hours.replace("–", "-").partition("-")
    return day[:20], (first.strip()[:8], last.strip()[:8])


def _free(letter: str, used: list[str]) -> str:
    return next(f"{letter}{number}" for number in range(1, MOST_STEPS + 2) if f"{letter}{number}" not in used)
