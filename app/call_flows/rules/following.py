"""A caller's way through a flow, without a telephone: what is heard, and where it ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.call_flows.rules.document import Flow, Goal, Hours, Target


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether somebody is there at this moment, which is in the hospital's zone."""
    if hours.always:
        return True
    span = hours.dates.get(at.date().isoformat(), hours.days.get(at.isoweekday(), ("", "")))
    return span != ("", "") and span[0] <= f"{at:%H:%M}" < span[1]


def follow(flow: Flow, at: datetime, pressed: Iterable[str], *, is_key: bool = False) -> list[Target]:
    """The steps of a caller who presses these keys, one for each menu; "" for none. A checked flow always ends.

    `is_key`: the caller is known as a key patient.
    """
    keys = iter(pressed)
    steps = []
    opened = flow.for_key if is_key and flow.for_key is not None else flow.opened
    target = opened if is_open(flow.hours, at) else flow.closed
    while target is not None:
        steps.append(target)
        menu = flow.menu(target.name) if target.goal is Goal.MENU else None
        if menu is None:
            break
        target = menu.keys.get(next(keys, ""), menu.otherwise)
    return steps
