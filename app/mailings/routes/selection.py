"""For whom envelopes are: named in the address of the page, and looked up the same way each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.groups import service as groups
from app.http import parts
from app.mailings import service
from app.patients.models import Patient
from app.registers import service as registers
from app.segments import service as segments
from app.texts import N_

# SQLite takes 32,766 parameters in one statement.
_MOST_PEOPLE = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The people, what the list is called, the query that names it, and the segment when it is one."""

    people: Select[int]
    title: str
    query: dict[str, str]
    segment_id: int | None = None


def selection_in(session: Session, query: Mapping[str, str]) -> Selection:
    """Who is meant by a request's query: a segment, group, register, range of birthdays, or one person.

    Raises NotFound, and InvalidInput for days that make no sense.
    """
    if "segment" in query:
        segment = segments.get_segment(session, _id(query["segment"]))
        people = segments.members(session, segment.id, now=parts().now(), zone=parts().settings.timezone)
        return Selection(people=people, title=segment.name, query={"segment": str(segment.id)}, segment_id=segment.id)
    if "group" in query:
        group = groups.get_group(session, _id(query["group"]))
        return Selection(people=groups.members_of(group.id), title=group.name, query={"group": str(group.id)})
    if "register" in query:
        register = registers.get_register(session, _id(query["register"]))
        people = registers.people_on(register.id)
        return Selection(people=people, title=register.name, query={"register": str(register.id)})
    if "since" in query:
        return _birthdays(session, query)
    return _one(session, _id(query.get("patient", "")))


def read_day(text: str, field: str) -> date:
    """A day of a form. Raises InvalidInput."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=field) from None
    if not 1900 <= day.year <= 2199:
        raise InvalidInput(N_("This is no date."), field=field)
    return day


def _birthdays(session: Session, query: Mapping[str, str]) -> Selection:
    since, until = (read_day(query.get(name, ""), name) for name in ("since", "until"))
    found = [each.patient_id for each in service.birthdays(session, since, until)]
    if len(found) > _MOST_PEOPLE:
        raise InvalidInput(N_("More than 30,000 birthdays lie in this range. Choose fewer days."), field="until")
    title = _("Birthdays from %(since)s to %(until)s", since=since.isoformat(), until=until.isoformat())
    days = {"since": since.isoformat(), "until": until.isoformat()}
    return Selection(people=select(Patient.id).where(Patient.id.in_(found)), title=title, query=days)


def _one(session: Session, patient_id: int) -> Selection:
    statement = select(Patient).where(Patient.id == patient_id, Patient.merged_into_id.is_(None))
    patient = session.scalar(statement)
    if patient is None:
        raise NotFound(N_("There is no such patient."))
    people = select(Patient.id).where(Patient.id == patient_id)
    return Selection(people=people, title=patient.name, query={"patient": str(patient_id)})


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) < 2**31):
        raise NotFound(N_("There is no such list."))
    return int(text)
