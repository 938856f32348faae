"""Whose birthday it is on the days of a range (P-31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.mailings.service.calendar import Birthday, birthday_in_range
from app.patients.models import Patient
from app.texts import N_

# A quarter: longer lists of birthdays are nobody's work of one day.
LONGEST_RANGE = timedelta(days=92)
_EARLIEST_BIRTH = 1890


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthdayPerson:
    """Somebody with the birthday that falls into the range."""

    patient_id: int
    birth: date
    birthday: Birthday
    is_lunar: bool


def birthdays(session: Session, since: date, until: date) -> list[BirthdayPerson]:
    """Everybody who has a birthday from `since` to `until`, by its day; nobody who has died. Raises InvalidInput."""
    if not since <= until <= since + LONGEST_RANGE:
        raise InvalidInput(N_("Choose a range of at most 92 days, the first day first."), field="until")
    people = session.execute(
        select(Patient.id, Patient.birth_date, Patient.has_lunar_birthday).where(
            Patient.merged_into_id.is_(None),
            Patient.deceased_at.is_(None),
            Patient.birth_date.is_not(None),
            or_(Patient.has_lunar_birthday, _born_on_days(since, until)),
        )
    )
    found = [
        BirthdayPerson(patient_id=patient_id, birth=birth, birthday=kept, is_lunar=is_lunar)
        for patient_id, birth, is_lunar in people
        if birth is not None and (kept := birthday_in_range(birth, is_lunar=is_lunar, since=since, until=until))
    ]
    return sorted(found, key=lambda each: (each.birthday.day, each.patient_id))


def _born_on_days(since: date, until: date) -> ColumnElement[bool]:
    """Birth dates whose month and day may lie in the range: a span in each year, which the index on the date finds.

    A day more at both ends, for 29 February; the calendar decides exactly.
    """
    spans: list[ColumnElement[bool]] = []
    for year in range(_EARLIEST_BIRTH, until.year + 1):
        first = _in_year(since, year) - timedelta(days=1)
        last = _in_year(until, year + until.year - since.year) + timedelta(days=1)
        spans.append(and_(Patient.birth_date >= first, Patient.birth_date <= last))
    return or_(*spans)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
