"""A scorecard as plain values: sections with weights, items, and what speaks against one. JSON in, JSON out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.texts import N_

LANGUAGES = ("zh_Hans", "zh_Hant", "en")
MOST_SECTIONS, MOST_ITEMS = 12, 60
HIGHEST_WEIGHT = 100
HIGHEST_VALUE = 100
LONGEST_TEXT, LONGEST_GUIDANCE = 200, 1_000
_KEY = re.compile(r"[a-z0-9_]{1,20}")


class ItemKind(StrEnum):
    """How an item is answered, and so how agreement about it is measured."""

    YES_NO = "yes_no"  # 1 or 0
    SCALE = "scale"  # a step from `low` to `high`
    POINTS = "points"  # points from 0 to `high`


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is judged. A fatal item is failed by No or by its lowest value."""

    key: str
    kind: ItemKind
    weight: int
    texts: Mapping[str, str]
    guidance: Mapping[str, str] = field(default_factory=dict)
    is_fatal: bool = False
    allows_na: bool = False
    low: int = 0
    high: int = 1

    def share(self, value: int) -> float:
        """What a value reaches of the best one, 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def takes(self, value: int) -> bool:
        """Whether this value can be given."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    key: str
    weight: int
    titles: Mapping[str, str]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`fatal_cap` is the most that a call reaches in which a fatal item was failed, 0 to 100."""

    sections: tuple[Section, ...]
    fatal_cap: int = 0

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in the order of the form."""
        return tuple(item for section in self.sections for item in section.items)

    def item(self, key: str) -> Item | None:
        return next((each for each in self.items if each.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """Which calls a card is for. What is empty lets every call pass."""

    direction: str = ""
    queues: tuple[str, ...] = ()
    followup_kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What is asked of a call to find its card. `followup_kind` is that of the follow-up it was dialled for."""

    direction: str
    queue: str | None = None
    followup_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a card: a sentence, the field, and the key of its section or item."""

    sentence: str
    field: str
    key: str = ""


def fit(applies: Applies, call: CallFacts) -> int | None:
    """How closely a card is meant for a call: 0 for every call, more for each condition; nothing when it is not."""
    closeness = 0
    for wanted, found in (
        ((applies.direction,) if applies.direction else (), call.direction),
        (applies.queues, call.queue),
        (applies.followup_kinds, call.followup_kind),
    ):
        if wanted and found not in wanted:
            return None
        closeness += bool(wanted)
    return closeness


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in that language, else the first that there is."""
    return texts.get(language) or next((text for text in texts.values() if text), "")


def check_card(card: Card) -> list[Fault]:
    """Everything that keeps a draft from being saved."""
    found: list[Fault] = []
    if not 0 <= card.fatal_cap <= 100:
        found.append(Fault(sentence=N_("The cap lies between 0 and 100."), field="fatal_cap"))
    if not card.items:
        found.append(Fault(sentence=N_("A scorecard needs at least one item."), field="sections"))
    elif not any(section.weight * item.weight for section in card.sections for item in section.items):
        found.append(Fault(sentence=N_("At least one item must have a weight."), field="sections"))
    if len(card.sections) > MOST_SECTIONS or len(card.items) > MOST_ITEMS:
        found.append(Fault(sentence=N_("A scorecard has at most 12 sections and 60 items."), field="sections"))
    seen: set[str] = set()
    for section in card.sections:
        found += _check_section(section)
        for item in section.items:
            found += [Fault(sentence=sentence, field=name, key=item.key) for name, sentence in _faults_of(item, seen)]
            seen.add(item.key)
    return found


def _check_section(section: Section) -> list[Fault]:
    found = []
    if not any(title.strip() for title in section.titles.values()):
        found.append(Fault(sentence=N_("Give the section a title."), field="title", key=section.key))
    if not 0 <= section.weight <= HIGHEST_WEIGHT:
        found.append(Fault(sentence=N_("A weight lies between 0 and 100."), field="weight", key=section.key))
    if any(len(title) > LONGEST_TEXT or "\x00" in title for title in section.titles.values()):
        found.append(Fault(sentence=N_("This text is too long."), field="title", key=section.key))
    return found


def _faults_of(item: Item, seen: set[str]) -> list[tuple[str, str]]:
    found = []
    if not _KEY.fullmatch(item.key):
        found.append(("key", N_("The code of an item has at most 20 small letters, digits and underscores.")))
    if item.key in seen:
        found.append(("key", N_("Two items have the same code.")))
    if not any(text.strip() for text in item.texts.values()):
        found.append(("text", N_("Say what is judged.")))
    if not 0 <= item.weight <= HIGHEST_WEIGHT:
        found.append(("weight", N_("A weight lies between 0 and 100.")))
    if item.weight == 0 and not item.is_fatal:
        found.append(("weight", N_("Only a fatal item may have no weight.")))
    if not 0 <= item.low < item.high <= HIGHEST_VALUE:
        found.append(("high", N_("The values lie between 0 and 100, and the highest is above the lowest.")))
    long = [len(text) > LONGEST_TEXT for text in item.texts.values()]
    long += [len(text) > LONGEST_GUIDANCE for text in item.guidance.values()]
    if any(long) or any("\x00" in text for text in (*item.texts.values(), *item.guidance.values())):
        found.append(("text", N_("This text is too long.")))
    return found


def read_sections(sections: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    """The sections as a version stores them."""
    return tuple(
        Section(
            key=section["key"],
            weight=int(section["weight"]),
            titles=dict(section["titles"]),
            items=tuple(_read_item(item) for item in section["items"]),
        )
        for section in sections
    )


def write_sections(card: Card) -> list[dict[str, Any]]:
    """The JSON form of the sections."""
    return [
        {
            "key": section.key,
            "weight": section.weight,
            "titles": dict(section.titles),
            "items": [_write_item(item) for item in section.items],
        }
        for section in card.sections
    ]


def _read_item(item: Mapping[str, Any]) -> Item:
    kind = ItemKind(item["kind"])
    low, high = (0, 1) if kind is ItemKind.YES_NO else (int(item.get("low", 0)), int(item["high"]))
    return Item(
        key=item["key"],
        kind=kind,
        weight=int(item["weight"]),
        texts=dict(item["texts"]),
        guidance=dict(item.get("guidance", {})),
        is_fatal=bool(item.get("is_fatal")),
        allows_na=bool(item.get("allows_na")),
        low=low,
        high=high,
    )


def _write_item(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "kind": item.kind.value,
        "weight": item.weight,
        "texts": dict(item.texts),
        "guidance": dict(item.guidance),
        "is_fatal": item.is_fatal,
        "allows_na": item.allows_na,
        "low": item.low,
        "high": item.high,
    }


def read_applies(applies: Mapping[str, Any]) -> Applies:
    return Applies(
        direction=applies.get("direction", ""),
        queues=tuple(applies.get("queues", ())),
        followup_kinds=tuple(applies.get("followup_kinds", ())),
    )


def write_applies(applies: Applies) -> dict[str, Any]:
    return {
        "direction": applies.direction,
        "queues": list(applies.queues),
        "followup_kinds": list(applies.followup_kinds),
    }
