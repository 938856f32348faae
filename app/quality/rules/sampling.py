"""Which calls are drawn to be graded: periods, conditions, and a draw that anybody can repeat and check.

A call's lot is the SHA-256 of the draw's seed and the recording's id; the smallest lots are drawn. The seed of a plan
is fixed before the calls happen, and ids are random, so nobody can steer what is drawn; with seed and ids at hand
everybody gets the same calls again, whatever the order they are listed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.texts import N_

MOST_PER_AGENT = 50
# A peak is the loudest sample of its step. A line at rest stays below 0.005; quiet speech reaches 0.02.
_SILENT_BELOW = 0.02
# Recordings of the last minutes of a period are still being prepared when it ends.
_DRAWN_AT = time(1, 0)


class PeriodKind(StrEnum):
    WEEK = "week"  # Monday to Sunday
    MONTH = "month"


PERIOD_TEXT: Mapping[PeriodKind, str] = {
    PeriodKind.WEEK: N_("Week"),
    PeriodKind.MONTH: N_("Calendar month"),
}


class LeftOut(StrEnum):
    """Why a call that fits a plan is not among those that it draws from."""

    GRADED = "graded"  # somebody has graded it by the same scorecard already
    DRAWN_BEFORE = "drawn_before"  # by this plan


LEFT_OUT_TEXT: Mapping[LeftOut, str] = {
    LeftOut.GRADED: N_("graded already by the same scorecard"),
    LeftOut.DRAWN_BEFORE: N_("drawn before by this plan"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The days of one period, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Which calls a plan draws from. What is empty lets every call pass.

    `silence` is the least length, in seconds, of the longest time in which neither side is heard. `low_satisfaction`
    means that the patient answered a questionnaire after the call, and was not satisfied.
    """

    agents: tuple[str, ...] = ()
    department_id: int | None = None
    direction: str = ""
    queues: tuple[str, ...] = ()
    dispositions: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    silence: int | None = None
    low_satisfaction: bool = False


def read_conditions(stored: Mapping[str, Any]) -> Conditions:
    return Conditions(
        agents=tuple(stored.get("agents", ())),
        department_id=stored.get("department_id"),
        direction=stored.get("direction", ""),
        queues=tuple(stored.get("queues", ())),
        dispositions=tuple(stored.get("dispositions", ())),
        shortest=stored.get("shortest"),
        longest=stored.get("longest"),
        silence=stored.get("silence"),
        low_satisfaction=bool(stored.get("low_satisfaction")),
    )


def write_conditions(conditions: Conditions) -> dict[str, Any]:
    return {
        "agents": list(conditions.agents),
        "department_id": conditions.department_id,
        "direction": conditions.direction,
        "queues": list(conditions.queues),
        "dispositions": list(conditions.dispositions),
        "shortest": conditions.shortest,
        "longest": conditions.longest,
        "silence": conditions.silence,
        "low_satisfaction": conditions.low_satisfaction,
    }


def span_of(kind: PeriodKind, day: date) -> Span:
    """The period that a day lies in."""
    if kind is PeriodKind.WEEK:
        first = day - timedelta(days=day.weekday())
        return Span(first, first + timedelta(days=6))
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def span_before(kind: PeriodKind, span: Span) -> Span:
    return span_of(kind, span.first - timedelta(days=1))


def span_after(kind: PeriodKind, span: Span) -> Span:
    return span_of(kind, span.last + timedelta(days=1))


def drawn_at(span: Span, zone: ZoneInfo) -> datetime:
    """When a period is drawn: in the first night after it."""
    return datetime.combine(span.last + timedelta(days=1), _DRAWN_AT, zone)


def seed_of(plan_seed: str, span: Span) -> str:
    """The seed of one draw of a plan; it follows from the plan's, so that nobody chooses it afterwards."""
    return hashlib.sha256(f"{plan_seed} {span.first.isoformat()}".encode()).hexdigest()[:32]


def lot(seed: str, recording_id: str) -> str:
    return hashlib.sha256(f"{seed} {recording_id}".encode()).hexdigest()


def draw(seed: str, candidates: Iterable[str], count: int, *, drawn_before: Collection[str] = ()) -> list[str]:
    """At most `count` of the candidates, those with the smallest lots; none that the plan drew before."""
    left = {each for each in candidates if each not in drawn_before}
    return sorted(left, key=lambda each: lot(seed, each))[: max(0, count)]


def longest_silence(peaks: Mapping[str, Any] | None) -> float:
    """The longest time in seconds in which neither side is heard, from the peaks of a recording."""
    if not peaks or not peaks.get("per_second"):
        return 0.0
    sides: list[Sequence[float]] = [peaks.get("patient", ()), peaks.get("agent", ())]
    longest = run = 0
    for step in range(max(map(len, sides))):
        is_silent = all(step >= len(side) or side[step] < _SILENT_BELOW for side in sides)
        run = run + 1 if is_silent else 0
        longest = max(longest, run)
    return float(longest / peaks["per_second"])
