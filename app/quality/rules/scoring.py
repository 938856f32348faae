"""What a grader answered, and the score that follows from it (T-09).

Law: an item counts by its weight within its section, a section by its weight among the sections; what does not apply
leaves numerator and denominator alike; weights are relative. A failed fatal item lowers the total to the card's cap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.quality.rules.cards import Card, Item, Section

LONGEST_NOTE, LONGEST_SUMMARY, LONGEST_COMMENT = 1_000, 4_000, 500
MOST_MOMENTS = 200
_LONGEST_RECORDING = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one item; without a value it does not apply, or nobody has answered it yet."""

    value: int | None = None
    is_na: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A place in the recording, in seconds: what was said of it, and the item that it is evidence for, if any."""

    at: float
    item: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that a grader filled in."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    moments: tuple[Moment, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`total` is 0 to 100, nothing where every weighted item is without an answer or does not apply.

    `items` and `sections` hold what was reached of the best, 0 to 1; `missing` the items nobody has answered yet.
    """

    total: float | None
    is_fatal: bool
    items: Mapping[str, float | None]
    sections: Mapping[str, float | None]
    missing: tuple[str, ...]


def score(card: Card, answers: Mapping[str, Answer]) -> Score:
    """The score of these answers. Answers to items that the card has not, and values it does not take, are ignored."""
    items = {item.key: _share(item, answers.get(item.key)) for item in card.items}
    sections = {section.key: _of_section(section, items) for section in card.sections}
    total = _mean([(section.weight, sections[section.key]) for section in card.sections])
    is_fatal = any(item.is_fatal and items[item.key] == 0 for item in card.items)
    points = None if total is None else 100 * total
    if is_fatal and points is not None:
        points = min(points, float(card.fatal_cap))
    return Score(
        total=None if points is None else round(points, 2),
        is_fatal=is_fatal,
        items=items,
        sections=sections,
        missing=tuple(item.key for item in card.items if not _is_answered(item, answers.get(item.key))),
    )


def clean_sheet(card: Card, sheet: Sheet) -> Sheet:
    """The sheet with what the card has no place for left out, and texts cut to what is kept."""
    answers = {}
    for item in card.items:
        given = sheet.answers.get(item.key)
        if given is None:
            continue
        value = given.value if given.value is not None and item.takes(given.value) else None
        is_na = given.is_na and item.allows_na and value is None
        note = _text(given.note, LONGEST_NOTE)
        if value is not None or is_na or note:
            answers[item.key] = Answer(value=value, is_na=is_na, note=note)
    moments = [
        Moment(
            at=round(each.at, 1),
            item=each.item if card.item(each.item) else "",
            text=_text(each.text, LONGEST_COMMENT),
        )
        for each in sheet.moments[:MOST_MOMENTS]
        if math.isfinite(each.at) and 0 <= each.at <= _LONGEST_RECORDING
    ]
    return Sheet(
        answers=answers,
        moments=tuple(sorted(moments, key=lambda each: (each.at, each.item))),
        summary=_text(sheet.summary, LONGEST_SUMMARY),
    )


def read_sheet(stored: Mapping[str, Any] | None) -> Sheet:
    """A sheet as it is stored; an empty one for nothing."""
    if not stored:
        return Sheet()
    return Sheet(
        answers={
            key: Answer(value=each.get("value"), is_na=bool(each.get("na")), note=each.get("note", ""))
            for key, each in stored.get("answers", {}).items()
        },
        moments=tuple(read_moments(stored.get("moments", ()))),
        summary=stored.get("summary", ""),
    )


def write_sheet(sheet: Sheet) -> dict[str, Any]:
    """The JSON form of a sheet."""
    return {
        "answers": {
            key: {"value": each.value, "na": each.is_na, "note": each.note} for key, each in sheet.answers.items()
        },
        "moments": [{"at": each.at, "item": each.item, "text": each.text} for each in sheet.moments],
        "summary": sheet.summary,
    }


def read_moments(given: Any) -> list[Moment]:
    """Moments from JSON that a page or the database sent; what is none is left out."""
    found = []
    for each in given if isinstance(given, Sequence) and not isinstance(given, str) else ():
        if not isinstance(each, Mapping):
            continue
        at, item, text = each.get("at"), each.get("item", ""), each.get("text", "")
        if isinstance(at, int | float) and not isinstance(at, bool) and isinstance(item, str) and isinstance(text, str):
            found.append(Moment(at=float(at), item=item, text=text))
    return found


def _share(item: Item, answer: Answer | None) -> float | None:
    if answer is None or answer.value is None or not item.takes(answer.value):
        return None
    return item.share(answer.value)


def _is_answered(item: Item, answer: Answer | None) -> bool:
    return _share(item, answer) is not None or (answer is not None and answer.is_na and item.allows_na)


def _of_section(section: Section, shares: Mapping[str, float | None]) -> float | None:
    return _mean([(item.weight, shares[item.key]) for item in section.items])


def _mean(weighted: Sequence[tuple[int, float | None]]) -> float | None:
    counted = [(weight, share) for weight, share in weighted if share is not None and weight > 0]
    whole = sum(weight for weight, _share in counted)
    # Rounding may leave the mean of ones a hair above one.
    return min(1.0, math.fsum(weight * share for weight, share in counted) / whole) if whole else None


def _text(text: str, longest: int) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").strip()[:longest]
