"""When the texts of a made-up hospital must leave, told without our rows, services or rules.

For each record it says what somebody who looks at a moment must find: that its text leaves then, waits, or never goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
Timing = tuple[int, time, int, str]
# Days after the record's own day, time, days of use after its own, and the message's kind.
TIMINGS: dict[str, Timing] = {
    "course": (-1, time(10), 0, "care"),
    "operation": (2, time(9, 30), 1, "care"),
    "discharge": (1, time(11), 0, "care"),
    "birthday": (0, time(9), 0, "care"),
    "womens_day": (0, time(9), 0, "marketing"),
    "mid_autumn": (0, time(9), 1, "marketing"),
}


@dataclass(slots=True)
class Person:
    """One patient as the test knows them."""

    number: int
    sex: str
    has_mobile: bool
    patient_id: int = 0
    is_dead: bool = False
    is_wrong: bool = False
    wants_marketing: bool = False
    refuses_care: bool = False

    def may_get(self, kind: str) -> bool:
        if self.is_dead or self.is_wrong:
            return False
        return self.wants_marketing if kind == "marketing" else not self.refuses_care


@dataclass(slots=True)
class Record:
    """A course, an operation, a visit, a birthday or a holiday of one person, with what has become of its text."""

    person: Person
    kind: str  # course, operation, discharge, birthday or a holiday's code
    key: int  # the record's, or the year
    on: date | None
    left: list[datetime] = field(default_factory=list)
    waits_from: datetime | None = None  # in the outbox, and may leave from then on
    waits_for: tuple[date, Timing] | None = None
    closed_for: date | None = None  # decided for this date: nothing goes
    is_taken_back: bool = False  # by hand


def local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=SHANGHAI)


def expect(record: Record, now: datetime, timing: Timing, *, is_paused: bool) -> None:
    """The independent calculation: what somebody who looks now must find, for one record."""
    days, at, late, kind = timing
    opens = 8 if kind == "marketing" else 7
    is_open = opens <= now.astimezone(SHANGHAI).hour < 21
    if record.left or record.person.is_dead or record.on is None or record.is_taken_back:
        return
    if record.waits_for != (record.on, timing) or is_paused:
        record.waits_from = None
    due = local(record.on + timedelta(days=days), at)
    over = local(record.on + timedelta(days=days + late + 1), time())
    if days < 0:
        over = min(over, local(record.on, time()))
    if now < due or record.closed_for == record.on or (record.waits_from is not None and now < record.waits_from):
        return
    if is_paused and now < over:
        return
    if now >= over or not record.person.has_mobile or not record.person.may_get(kind):
        record.closed_for = record.on
    elif is_open:
        record.left.append(now)
    else:
        tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=now.astimezone(SHANGHAI).hour >= 21)
        record.waits_from, record.waits_for = local(tomorrow, time(opens)), (record.on, timing)
