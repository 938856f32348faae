"""What happened to a person at the hospital and with the contact centre: plain values, money in integer cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SyntheticCharge:
    """One line of the bill. A refund is a line of its own, with a negative amount."""

    day: date
    at: datetime
    item: str
    kind: str
    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticVisit:
    """One visit with what belongs to it. `department` is a code, `key` unlike any other of the hospital."""

    key: str
    kind: str
    department: str
    ward: str | None
    doctor: str
    started_at: datetime
    ended_at: datetime
    disease: str
    disease_text: str
    operation: tuple[str, str] | None
    operated_at: datetime | None
    drugs: tuple[tuple[str, int, int], ...]  # name, days, cents
    charges: tuple[SyntheticCharge, ...]


@dataclass(frozen=True, slots=True)
class SyntheticResult:
    item: str
    value: str
    unit: str
    normal_range: str
    flag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticExam:
    key: str
    visit_key: str
    kind: str
    name: str
    package: tuple[str, ...] | None
    amount_cents: int
    payment: str
    at: datetime
    results: tuple[SyntheticResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCourse:
    """A course of treatment; `ended_on` is nothing while it lasts, `planned_end_on` where nobody planned its end."""

    key: str
    visit_key: str
    disease: str
    title: str
    starts_on: date
    planned_end_on: date | None
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticNote:
    kind: str
    text: str
    at: datetime
    response: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCall:
    """A call that is over. `number` is in E.164."""

    key: str
    direction: str
    outcome: str
    number: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticMessage:
    """A text that reached its final state."""

    key: str
    direction: str
    state: str
    number: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticHistory:
    """Everything that happened to one record of the hospital, oldest first."""

    visits: tuple[SyntheticVisit, ...] = ()
    exams: tuple[SyntheticExam, ...] = ()
    courses: tuple[SyntheticCourse, ...] = ()
    notes: tuple[SyntheticNote, ...] = ()
    calls: tuple[SyntheticCall, ...] = ()
    messages: tuple[SyntheticMessage, ...] = ()

    @property
    def net_cents(self) -> int:
        """What the person paid in all, refunds taken off."""
        return sum(charge.amount_cents for visit in self.visits for charge in visit.charges)

    @property
    def last_at(self) -> datetime | None:
        """The latest visit or contact."""
        times = [visit.started_at for visit in self.visits] + [call.started_at for call in self.calls]
        return max(times + [message.at for message in self.messages], default=None)
