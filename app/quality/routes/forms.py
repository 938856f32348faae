"""The scorecard editor's form: what is in it as plain texts, and the card that they say."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from app.quality.models import Scorecard, ScorecardVersion
from app.quality.rules import (
    LANGUAGES,
    MOST_ITEMS,
    MOST_SECTIONS,
    Applies,
    Card,
    Fault,
    Item,
    ItemKind,
    Section,
    read_applies,
)
from app.quality.service import CardData, FaultyCard, card_of
from app.texts import N_

Draft = dict[str, Any]
_LIMITS = {ItemKind.YES_NO: ("0", "1"), ItemKind.SCALE: ("1", "5"), ItemKind.POINTS: ("0", "10")}


def empty_draft() -> Draft:
    """A new card with one section and one item."""
    draft: Draft = {"name": "", "direction": "", "queues": [], "followup_kinds": [], "fatal_cap": "0", "sections": []}
    _act(draft, "section")
    return draft


def draft_of(card: Scorecard, version: ScorecardVersion, name: str) -> Draft:
    """A version as the editor shows it."""
    applies, said = read_applies(card.applies), card_of(version)
    return {
        "name": name,
        "direction": applies.direction,
        "queues": list(applies.queues),
        "followup_kinds": list(applies.followup_kinds),
        "fatal_cap": str(said.fatal_cap),
        "sections": [
            {
                "weight": str(section.weight),
                "titles": _words(section.titles),
                "items": [_item_draft(item) for item in section.items],
            }
            for section in said.sections
        ],
    }


def draft_in(form: MultiDict[str, str]) -> Draft:
    """What was typed, complete or not, after the button that was pressed.

    Buttons are `section`, `item:1`, `remove:1`, `remove:1:2`, `up:1:2` and `down:1:2`, counted from 0.
    """
    sections = []
    for place in range(min(form.get("sections", 0, type=int), MOST_SECTIONS)):
        count = min(form.get(f"s{place}-items", 0, type=int), MOST_ITEMS)
        sections.append(
            {
                "weight": form.get(f"s{place}-weight", "").strip(),
                "titles": {each: form.get(f"s{place}-title-{each}", "") for each in LANGUAGES},
                "items": [_typed_item(form, f"s{place}-i{number}") for number in range(count)],
            }
        )
    draft: Draft = {
        "name": form.get("name", "").strip(),
        "direction": form.get("direction", ""),
        "queues": form.getlist("queues")[:50],
        "followup_kinds": form.getlist("followup_kinds")[:50],
        "fatal_cap": form.get("fatal_cap", "").strip(),
        "sections": sections,
    }
    _act(draft, form.get("act", ""))
    return draft


def data_in(draft: Draft) -> CardData:
    """The scorecard that the form says. Raises FaultyCard with the place of each number that is none."""
    faults: list[Fault] = []
    sections = tuple(
        Section(
            key=f"s{place}",
            weight=_number(row["weight"], "weight", f"s{place}", faults),
            titles={language: text.strip() for language, text in row["titles"].items() if text.strip()},
            items=tuple(_item(item, faults) for item in row["items"]),
        )
        for place, row in enumerate(draft["sections"])
    )
    cap = _number(draft["fatal_cap"], "fatal_cap", "", faults)
    if faults:
        raise FaultyCard(faults)
    return CardData(
        name=draft["name"],
        applies=Applies(
            direction=draft["direction"] if draft["direction"] in ("inbound", "outbound") else "",
            queues=tuple(each[:40] for each in draft["queues"]),
            followup_kinds=tuple(each[:20] for each in draft["followup_kinds"]),
        ),
        card=Card(sections=sections, fatal_cap=cap),
    )


def _act(draft: Draft, what: str) -> None:
    name, *places = what.split(":")
    if not all(place.isdecimal() for place in places):
        return
    section, item = (int(places[0]) if places else 0), (int(places[1]) if len(places) > 1 else None)
    sections = draft["sections"]
    if name == "section" and len(sections) < MOST_SECTIONS:
        sections.append({"weight": "10", "titles": _words({}), "items": [_fresh(sections)]})
        return
    if section >= len(sections):
        return
    items = sections[section]["items"]
    if name == "item":
        items.append(_fresh(sections))
    elif name == "remove" and item is None:
        del sections[section]
    elif name == "remove" and item is not None and item < len(items):
        del items[item]
    elif name in ("up", "down") and item is not None and item < len(items):
        other = item + (1 if name == "down" else -1)
        if 0 <= other < len(items):
            items[item], items[other] = items[other], items[item]


def _fresh(sections: list[dict[str, Any]]) -> dict[str, Any]:
    taken = {item["key"] for section in sections for item in section["items"]}
    number = next(number for number in range(1, 1_000) if f"i{number}" not in taken)
    return {
        "key": f"i{number}", "kind": ItemKind.YES_NO.value, "weight": "1", "low": "0", "high": "1", "fatal": "",
        "na": "", "texts": _words({}), "guidance": _words({}),
    }  # fmt: skip


def _item_draft(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "kind": item.kind.value,
        "weight": str(item.weight),
        "low": str(item.low),
        "high": str(item.high),
        "fatal": "1" if item.is_fatal else "",
        "na": "1" if item.allows_na else "",
        "texts": _words(item.texts),
        "guidance": _words(item.guidance),
    }


def _typed_item(form: MultiDict[str, str], name: str) -> dict[str, Any]:
    plain = {key: form.get(f"{name}-{key}", "").strip() for key in ("key", "kind", "weight", "low", "high")}
    return {
        **plain,
        "fatal": form.get(f"{name}-fatal", ""),
        "na": form.get(f"{name}-na", ""),
        "texts": {each: form.get(f"{name}-text-{each}", "") for each in LANGUAGES},
        "guidance": {each: form.get(f"{name}-guidance-{each}", "") for each in LANGUAGES},
    }


def _item(row: dict[str, Any], faults: list[Fault]) -> Item:
    kind = ItemKind(row["kind"]) if row["kind"] in set(ItemKind) else ItemKind.YES_NO
    usual_low, usual_high = _LIMITS[kind]
    low = usual_low if kind is not ItemKind.SCALE else row["low"] or usual_low
    high = usual_high if kind is ItemKind.YES_NO else row["high"] or usual_high
    return Item(
        key=row["key"],
        kind=kind,
        weight=_number(row["weight"], "weight", row["key"], faults),
        texts={language: text.strip() for language, text in row["texts"].items() if text.strip()},
        guidance={language: text.strip() for language, text in row["guidance"].items() if text.strip()},
        is_fatal=row["fatal"] == "1",
        allows_na=row["na"] == "1",
        low=_number(low, "high", row["key"], faults),
        high=_number(high, "high", row["key"], faults),
    )


def _number(text: str, field: str, key: str, faults: list[Fault]) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6:
        return int(text)
    faults.append(Fault(sentence=N_("Write a number."), field=field, key=key))
    return 0


def _words(texts: Any) -> dict[str, str]:
    return {language: texts.get(language, "") for language in LANGUAGES}
