"""What a visit and its parts may be, the phase of care at a moment, and sums of money. Plain values and the time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby


class VisitKind(StrEnum):
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    EXAM = "exam"


class VisitStatus(StrEnum):
    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class ChargeKind(StrEnum):
    REGISTRATION = "registration"
    DRUG = "drug"
    EXAM = "exam"
    OPERATION = "operation"
    BED = "bed"
    MATERIAL = "material"
    OTHER = "other"


class ExamKind(StrEnum):
    CHECKUP = "checkup"
    LABORATORY = "laboratory"
    IMAGING = "imaging"


class ResultFlag(StrEnum):
    HIGH = "high"
    LOW = "low"
    ABNORMAL = "abnormal"


class DocumentKind(StrEnum):
    DISCHARGE_SUMMARY = "discharge_summary"
    REPORT = "report"
    IMAGE = "image"


class HealthKind(StrEnum):
    """What a health entry is about (P-14)."""

    CONDITION = "condition"
    TREATMENT = "treatment"
    CHANGE = "change"
    HISTORY = "history"


class Phase(StrEnum):
    """Where in the care of a person a moment lies (G-07)."""

    PRE = "pre"
    IN = "in"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when a person was at the hospital; no end while the person still is."""

    start: datetime
    end: datetime | None


# A visit that HIS never closed would otherwise make all later contacts part of it; no outpatient stays longer.
_LONGEST_OPEN_OUTPATIENT = timedelta(hours=24)


def span_of(kind: str, started_at: datetime, ended_at: datetime | None) -> Span:
    """The time at the hospital for a visit of that kind; only an inpatient stays until the discharge is known."""
    if ended_at is None and kind != VisitKind.INPATIENT:
        ended_at = started_at + _LONGEST_OPEN_OUTPATIENT
    return Span(start=started_at, end=None if ended_at is None else max(started_at, ended_at))


class Phases:
    """Tells the phase of any moment from a person's visits, each answer in logarithmic time.

    During a visit it is `in`. Between two visits a moment belongs to the nearer one: `post` of the last or `pre` of
    the next. Before the first visit, and for somebody without any, it is `pre`; after the last one `post`.
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = _joined(spans)
        self._starts = [span.start for span in self._spans]

    def at(self, moment: datetime) -> Phase:
        place = bisect_right(self._starts, moment)
        if place == 0:
            return Phase.PRE
        end = self._spans[place - 1].end
        if end is None or moment <= end:
            return Phase.IN
        if place == len(self._spans):
            return Phase.POST
        return Phase.POST if moment - end <= self._starts[place] - moment else Phase.PRE


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = joined[-1] if joined else None
        if last is None or (last.end is not None and span.start > last.end):
            joined.append(span)
        elif last.end is not None:
            end = None if span.end is None else max(last.end, span.end)
            joined[-1] = Span(start=last.start, end=end)
    return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One charge as it is shown; a refund has a negative amount."""

    id: int
    day: date
    visit_id: int | None
    item: str
    kind: str
    amount_cents: int
    doctor: str | None
    department_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDay:
    day: date
    total_cents: int
    lines: tuple[ChargeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeYear:
    year: int
    total_cents: int
    refund_cents: int  # what was given back, as a negative amount; already within the total
    days: tuple[ChargeDay, ...]


def charges_by_year(lines: Sequence[ChargeLine]) -> list[ChargeYear]:
    """The lines by year and day, newest first, with totals net of refunds (P-18)."""
    ordered = sorted(lines, key=lambda line: (line.day, line.id), reverse=True)
    years = []
    for year, of_year in groupby(ordered, key=lambda line: line.day.year):
        days = []
        for day, of_day in groupby(of_year, key=lambda line: line.day):
            rows = tuple(of_day)
            days.append(ChargeDay(day=day, total_cents=sum(row.amount_cents for row in rows), lines=rows))
        amounts = [line.amount_cents for day in days for line in day.lines]
        refunds = sum(amount for amount in amounts if amount < 0)
        years.append(ChargeYear(year=year, total_cents=sum(amounts), refund_cents=refunds, days=tuple(days)))
    return years


def total_by_visit(lines: Iterable[ChargeLine]) -> dict[int | None, int]:
    """The net sum of each visit; under None what belongs to no visit."""
    totals: dict[int | None, int] = {}
    for line in lines:
        totals[line.visit_id] = totals.get(line.visit_id, 0) + line.amount_cents
    return totals
