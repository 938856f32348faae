"""A segment as a tree of and, or and not over conditions, and its JSON form.

What comes from outside is read once, here; whoever holds a SegmentRule holds a tree that is whole, bounded and can be
turned into a query.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from app.errors import InvalidInput
from app.segments.rules.kinds import KINDS, ConditionKind, KindSpec, Slot
from app.segments.rules.periods import Period
from app.texts import N_

# A person reads twenty conditions at most. PostgreSQL and SQLite plan sixty sub-selects in milliseconds; SQLite stops
# at an expression depth of 1,000, which five levels of sixty parts never reach.
LARGEST_TREE = 60
DEEPEST_TREE = 5
_MOST_CODES = 200
_LONGEST_TEXT = 100
_LARGEST_NUMBER = 1e12
_MOST_DAYS = 36_600
_YEARS = range(1900, 2200)


class Joint(StrEnum):
    """How the parts of a group are joined."""

    ALL = "and"
    ANY = "or"


class SegmentPurpose(StrEnum):
    """What a segment was used for."""

    EXPORT = "export"
    ENVELOPES = "envelopes"
    MESSAGES = "messages"
    FOLLOWUP = "followup"
    REGISTER = "register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One statement about a person. Only the slots that its kind names are filled (`KINDS`)."""

    kind: ConditionKind
    codes: tuple[str, ...] = ()
    period: Period | None = None
    low: float | None = None
    high: float | None = None
    text: str = ""
    key: str = ""
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parts joined by and, or by or. A group without parts says nothing, and everybody satisfies it."""

    joint: Joint
    parts: tuple[Node, ...]
    is_negated: bool = False


Node = Condition | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """Whom a segment holds. People who have died are in it only where it says so (guard 11)."""

    root: Group
    with_deceased: bool = False

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the tree, in reading order."""
        yield from _conditions(self.root)


def read_rule(data: object) -> SegmentRule:
    """The rule in this JSON value. Raises InvalidInput, whose `field` is the path of the part that is wrong ("0-2")."""
    if not isinstance(data, Mapping):
        raise InvalidInput(N_("This is no segment rule."), field="0")
    root = _Reader().node(data.get("root"), "0", 1)
    if not isinstance(root, Group):
        raise InvalidInput(N_("A segment begins with a group of conditions."), field="0")
    return SegmentRule(root=root, with_deceased=data.get("with_deceased") is True)


def write_rule(rule: SegmentRule) -> dict[str, Any]:
    """The JSON form of a rule; `read_rule` gives the same rule back."""
    return {"root": _written(rule.root), "with_deceased": rule.with_deceased}


def _conditions(node: Node) -> Iterator[Condition]:
    if isinstance(node, Condition):
        yield node
        return
    for part in node.parts:
        yield from _conditions(part)


class _Reader:
    """Reads one tree and counts its parts."""

    def __init__(self) -> None:
        self._parts = 0

    def node(self, data: object, path: str, depth: int) -> Node:
        self._parts += 1
        if self._parts > LARGEST_TREE or depth > DEEPEST_TREE:
            raise InvalidInput(N_("This segment has too many conditions, or groups within groups."), field=path)
        if not isinstance(data, Mapping):
            raise InvalidInput(N_("This is no segment rule."), field=path)
        if "kind" in data:
            return _condition(data, path)
        parts = data.get("parts")
        if data.get("op") not in list(Joint) or not isinstance(parts, list):
            raise InvalidInput(N_("This is no segment rule."), field=path)
        read = tuple(self.node(part, f"{path}-{position}", depth + 1) for position, part in enumerate(parts))
        return Group(joint=Joint(data["op"]), parts=read, is_negated=data.get("not") is True)


def _condition(data: Mapping[str, Any], path: str) -> Condition:
    if data["kind"] not in list(ConditionKind):
        raise InvalidInput(N_("This kind of condition is not known."), field=path)
    kind = ConditionKind(data["kind"])
    spec = KINDS[kind]
    low, high = (_number(data.get(name), spec, path) for name in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise InvalidInput(N_("The lower limit is above the upper one."), field=path)
    condition = Condition(
        kind=kind,
        codes=_codes(data.get("codes"), spec, path),
        period=_period(data.get("period"), spec, path),
        low=low,
        high=high,
        text=_text(data.get("text"), spec, Slot.TEXT, path),
        key=_text(data.get("key"), spec, Slot.KEY, path),
        is_negated=data.get("not") is True,
    )
    missing = [slot for slot in spec.needed if not _is_filled(condition, slot)]
    if missing or (spec.needs_any and not any(_is_filled(condition, slot) for slot in spec.slots)):
        raise InvalidInput(N_("This condition is not complete yet."), field=path)
    return condition


def _is_filled(condition: Condition, slot: Slot) -> bool:
    match slot:
        case Slot.CODES:
            return bool(condition.codes)
        case Slot.PERIOD:
            return condition.period is not None
        case Slot.RANGE:
            return condition.low is not None or condition.high is not None
        case Slot.TEXT:
            return bool(condition.text)
        case Slot.KEY:
            return bool(condition.key)


def _codes(value: object, spec: KindSpec, path: str) -> tuple[str, ...]:
    if not value or Slot.CODES not in spec.slots:
        return ()
    if not isinstance(value, list) or len(value) > _MOST_CODES:
        raise InvalidInput(N_("A condition takes at most 200 choices."), field=path)
    codes = tuple(dict.fromkeys(code for code in value if isinstance(code, str)))
    if len(codes) != len(value) or not all(0 < len(code) <= 40 and code.isprintable() for code in codes):
        raise InvalidInput(N_("One of the choices is not known."), field=path)
    if spec.refers_to_rows and not all(code.isascii() and code.isdecimal() and int(code) < 2**31 for code in codes):
        raise InvalidInput(N_("One of the choices is not known."), field=path)
    if spec.choices and not set(codes) <= set(spec.choices):
        raise InvalidInput(N_("One of the choices is not known."), field=path)
    return codes


def _number(value: object, spec: KindSpec, path: str) -> float | None:
    if value is None or value == "" or Slot.RANGE not in spec.slots:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(N_("A limit is a number."), field=path)
    if not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
        raise InvalidInput(N_("This number is too large."), field=path)
    if spec.unit.is_whole and value != int(value):
        raise InvalidInput(N_("This limit is a whole number."), field=path)
    if spec.unit.largest is not None and not 0 <= value <= spec.unit.largest:
        raise InvalidInput(N_("This number is too large."), field=path)
    return int(value) if value == int(value) else value


def _text(value: object, spec: KindSpec, slot: Slot, path: str) -> str:
    if not value or slot not in spec.slots:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise InvalidInput(N_("This text is too long, or holds characters that nobody can see."), field=path)
    if slot is Slot.KEY and spec.keys and value not in spec.keys:
        raise InvalidInput(N_("One of the choices is not known."), field=path)
    return value.strip()


def _period(value: object, spec: KindSpec, path: str) -> Period | None:
    if not value or Slot.PERIOD not in spec.slots:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInput(N_("A period has a first and a last day."), field=path)
    days = value.get("days")
    if days is not None:
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= _MOST_DAYS:
            raise InvalidInput(N_("A period of the last days has between 1 and 36,600 of them."), field=path)
        return Period(days=days)
    since, until = (_day(value.get(name), path) for name in ("since", "until"))
    if since is not None and until is not None and since > until:
        raise InvalidInput(N_("The period ends before it begins."), field=path)
    return Period(since=since, until=until) if since or until else None


def _day(value: object, path: str) -> date | None:
    if not value:
        return None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=path) from None
    if day.year not in _YEARS:
        raise InvalidInput(N_("This is no date."), field=path)
    return day


def _written(node: Node) -> dict[str, Any]:
    if isinstance(node, Group):
        return {"op": node.joint.value, "not": node.is_negated, "parts": [_written(part) for part in node.parts]}
    written: dict[str, Any] = {"kind": node.kind.value, "not": node.is_negated}
    for name in ("low", "high", "text", "key"):
        if getattr(node, name) not in (None, ""):
            written[name] = getattr(node, name)
    if node.codes:
        written["codes"] = list(node.codes)
    if node.period is not None:
        days = {name: day.isoformat() for name in ("since", "until") if (day := getattr(node.period, name))}
        written["period"] = {"days": node.period.days} if node.period.days is not None else days
    return written
