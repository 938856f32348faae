"""The editor's form: the tree as fields named after the path of each part ("0-2"), and the buttons that change it.

A draft is the JSON form of a rule, complete or not; whether it holds is asked from `read_rule`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from app.segments.rules import KINDS, LARGEST_TREE, ConditionKind, Slot, Unit

Draft = dict[str, Any]
Resolve = Callable[[str, str], str | None]
"""Which code was typed into the box of a condition of that kind."""
_DEEPEST = 5
_MOST_DIGITS = 15
_LONGEST = 200


def empty_draft() -> Draft:
    """One group without conditions: everybody."""
    return {"root": {"op": "and", "not": False, "parts": []}, "with_deceased": False}


def read_draft(form: MultiDict[str, str], resolve: Resolve) -> Draft:
    """The draft in a form, with what its pressed button asks for done to it."""
    root = _group(form, "0", 1, resolve)
    action, _separator, path = form.get("act", "").partition(":")
    if re.fullmatch(r"0(-[0-9]{1,2})*", path):
        _act(root, action, [int(step) for step in path.split("-")[1:]])
    return {"root": root, "with_deceased": form.get("with_deceased") == "1"}


def in_yuan(cents: float | None) -> str:
    """What stands in a field for an amount: `1234.5` yuan for 123450 cents."""
    return "" if cents is None else f"{Decimal(str(cents)) / 100:f}"


def _act(root: Draft, action: str, steps: list[int]) -> None:
    if action == "remove" and steps:
        parent = _at(root, steps[:-1])
        if parent is not None and steps[-1] < len(parent["parts"]):
            del parent["parts"][steps[-1]]
        return
    group = _at(root, steps)
    if group is None:
        return
    if action == "add":
        group["parts"].append({"kind": ConditionKind.AGE.value, "not": False, "is_new": True})
    elif action == "group" and len(steps) + 1 < _DEEPEST:
        group["parts"].append({"op": "or" if group["op"] == "and" else "and", "not": False, "parts": []})


def _at(root: Draft, steps: list[int]) -> Draft | None:
    """The group at that place."""
    found = root
    for step in steps:
        if "parts" not in found or step >= len(found["parts"]):
            return None
        found = found["parts"][step]
    return found if "parts" in found else None


def _group(form: MultiDict[str, str], path: str, depth: int, resolve: Resolve) -> Draft:
    written = form.get(f"parts-{path}", "0")
    parts = int(written) if re.fullmatch(r"[0-9]{1,2}", written) else 0
    read: list[Draft] = []
    for position in range(min(parts, LARGEST_TREE) if depth < _DEEPEST + 1 else 0):
        inner = f"{path}-{position}"
        if f"parts-{inner}" in form:
            read.append(_group(form, inner, depth + 1, resolve))
        elif f"kind-{inner}" in form:
            read.append(_condition(form, inner, resolve))
    return {"op": "or" if form.get(f"op-{path}") == "or" else "and", "not": _is_not(form, path), "parts": read}


def _is_not(form: MultiDict[str, str], path: str) -> bool:
    return form.get(f"not-{path}") == "1"


def _condition(form: MultiDict[str, str], path: str, resolve: Resolve) -> Draft:
    name = form.get(f"kind-{path}", "")
    kind = ConditionKind(name) if name in set(ConditionKind) else ConditionKind.AGE
    spec = KINDS[kind]
    read: Draft = {"kind": kind.value, "not": _is_not(form, path)}
    if form.get(f"was-{path}", kind.value) != kind.value:
        return read  # Another kind was chosen: what the earlier one held says nothing.
    if Slot.CODES in spec.slots:
        codes = [code[:40] for code in form.getlist(f"codes-{path}")][:_LONGEST]
        typed = form.get(f"add-{path}", "")[:_LONGEST]
        found = resolve(kind.value, typed) if typed else None
        read["codes"] = list(dict.fromkeys([*codes, *([found] if found else [])]))
    if Slot.RANGE in spec.slots:
        read |= {limit: _number(form.get(f"{limit}-{path}", ""), spec.unit) for limit in ("low", "high")}
    if Slot.PERIOD in spec.slots:
        read["period"] = _period(form, path)
    if Slot.TEXT in spec.slots:
        read["text"] = form.get(f"text-{path}", "")[:_LONGEST].strip()
    if Slot.KEY in spec.slots:
        read["key"] = form.get(f"key-{path}", "")[:_LONGEST]
    return read


def _number(text: str, unit: Unit) -> float | str | None:
    text = text.strip()[:30]
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text  # No number: the rule refuses it and the reader sees what was typed.
    # A number with a million digits would be worked on for minutes.
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        return text
    if unit is Unit.CENTS:
        number *= 100
    return int(number) if number == number.to_integral_value() else float(number)


def _period(form: MultiDict[str, str], path: str) -> Draft | None:
    days = form.get(f"days-{path}", "").strip()
    if days:
        return {"days": int(days) if re.fullmatch(r"[0-9]{1,6}", days) else days[:10]}
    period = {name: form.get(f"{name}-{path}", "")[:10] for name in ("since", "until")}
    return period if any(period.values()) else None
