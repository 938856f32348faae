"""The form of an outbound list, read into what the service takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.exports import patient_list
from app.exports.service import Asker
from app.followups.rules import AttemptOutcome, DiallingMode, Retry
from app.http import parts, viewer
from app.outbound_lists import service
from app.outbound_lists.rules import ListPurpose
from app.outbound_lists.service import ListData
from app.texts import N_

RETRIED = (
    AttemptOutcome.BUSY,
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.REJECTED,
    AttemptOutcome.MACHINE,
    AttemptOutcome.FAILED,
)
_MOST_DAYS = 60

Kind = TypeVar("Kind", bound=StrEnum)


def read_form(session: Session, form: Mapping[str, str], agents: Sequence[str]) -> ListData:
    """What the form says. Raises InvalidInput that names the field."""
    segment = form.get("segment", "")
    return ListData(
        name=form.get("name", ""),
        purpose=_one_of(ListPurpose, form.get("purpose", ""), ListPurpose.OTHER),
        segment_id=int(segment) if _is_id(segment) else None,
        people=() if _is_id(segment) else _people(session, form),
        script=form.get("script", ""),
        questionnaire_version_id=int(form["questionnaire"]) if _is_id(form.get("questionnaire", "")) else None,
        dialling=_one_of(DiallingMode, form.get("dialling", ""), DiallingMode.PREVIEW),
        days=_days(form),
        agents=agents,
        opens=_number(form, "opens", 9),
        closes=_number(form, "closes", 20),
        most_at_once=_number(form, "most_at_once", 5),
        calls_per_minute=_number(form, "calls_per_minute", 30),
        most_attempts=_number(form, "most_attempts", 3),
        retries={outcome: _number(form, f"retry-{outcome}", Retry().minutes[outcome]) for outcome in RETRIED},
        hangs_up_on_machines=form.get("hangs_up_on_machines") == "1",
    )


def usual_form(today: date) -> dict[str, str]:
    """What stands in the form at first."""
    tomorrow = today + timedelta(days=1)
    usual = {
        "purpose": ListPurpose.SATISFACTION,
        "dialling": DiallingMode.PREVIEW,
        "first_day": tomorrow.isoformat(),
        "day_count": "1",
        "opens": "9",
        "closes": "20",
        "most_at_once": "5",
        "calls_per_minute": "30",
        "most_attempts": "3",
    }
    return usual | {f"retry-{outcome}": str(Retry().minutes[outcome]) for outcome in RETRIED}


def _days(form: Mapping[str, str]) -> list[date]:
    try:
        day = date.fromisoformat(form.get("first_day", ""))
    except ValueError:
        raise InvalidInput(N_("Write a date such as 2026-11-21."), field="first_day") from None
    count = _number(form, "day_count", 1)
    if not 1 <= count <= _MOST_DAYS or day.year > 2999:
        raise InvalidInput(N_("Choose one to 60 days."), field="day_count")
    found: list[date] = []
    while len(found) < count:
        if form.get("weekends") == "1" or day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def _people(session: Session, form: Mapping[str, str]) -> list[int]:
    """The people of a selection, or of the list of patients as it was filtered."""
    if form.get("of") == "patients":
        asker = Asker(viewer=viewer(), now=parts().now(), settings=parts().settings)
        query = {name.removeprefix("of-"): value for name, value in form.items() if name.startswith("of-")}
        found = patient_list.people(session, patient_list.read(session, query, asker), asker)
        return list(session.scalars(found.limit(service.MOST_CHOSEN + 1)))
    return [int(each) for each in form.get("people", "").split(",") if _is_id(each)]


def _number(form: Mapping[str, str], name: str, usual: int) -> int:
    text = form.get(name, "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise InvalidInput(N_("Write a whole number."), field=name)
    return int(text)


def _one_of(kinds: type[Kind], text: str, usual: Kind) -> Kind:
    return kinds(text) if text in set(kinds) else usual


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) < 2**31
