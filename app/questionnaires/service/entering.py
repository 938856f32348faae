"""Paper forms: a whole form typed at once and saved in one short transaction (Q-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict, InvalidInput
from app.patients.models import Identifier, Patient
from app.patients.rules import clean_text
from app.questionnaires.models import QuestionnaireResponse
from app.questionnaires.rules import Raw, ResponseWay
from app.questionnaires.service.answering import About, complete, save_answers, start_response
from app.texts import N_

_NOON = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperForm:
    """One form as it was typed. `key` is the page's own: the same form sent twice is one response.

    `number` is what stands on the form: an inpatient, outpatient or card number; nothing for an anonymous form.
    """

    key: str
    version_id: int
    answers: Mapping[str, Raw]
    filled_on: date | None = None
    number: str = ""
    about: About = field(default_factory=About)


def enter_form(
    session: Session, bus: Bus, form: PaperForm, *, zone: ZoneInfo, by: str, now: datetime
) -> QuestionnaireResponse:
    """Keep and complete one form; the same form again is the first one.

    It counts on the day on which it was filled in. Raises InvalidInput that names the field, Conflict for a version
    that is not in use or a form that was taken back.
    """
    today = now.astimezone(zone).date()
    day = form.filled_on or today
    if day > today:
        raise InvalidInput(N_("A form cannot have been filled in on a day to come."), field="filled_on")
    if not 8 <= len(form.key) <= 36:
        raise InvalidInput(N_("This page is out of date. Load it again; what was typed is still on the paper."))
    response = start_response(
        session,
        bus,
        form.version_id,
        patient_id=patient_by_number(session, form.number),
        way=ResponseWay.PAPER,
        about=form.about,
        by=by,
        now=now,
        entry_key=form.key,
    )
    if response.completed_at is not None:
        return response
    if response.expires_at is not None:
        raise Conflict(N_("This form was taken back. Type it again."))
    save_answers(session, bus, response.id, form.answers, zone=zone, by=by, now=now)
    at = now if day == today else datetime.combine(day, _NOON, zone)
    return complete(session, bus, response.id, by=by, now=now, at=at)


def patient_by_number(session: Session, number: str) -> int | None:
    """The person with this number of the hospital's. Raises InvalidInput when there is none, or more than one."""
    number = clean_text(number)[:60]
    if not number:
        return None
    query = (
        select(Patient.id)
        .join(Identifier, Identifier.patient_id == Patient.id)
        .where(Identifier.value == number, Patient.merged_into_id.is_(None))
    )
    found = session.scalars(query.distinct().limit(2)).all()
    if not found:
        raise InvalidInput(
            N_("Nobody has this number. Check it, or leave it empty for an anonymous form."), field="number"
        )
    if len(found) > 1:
        raise InvalidInput(
            N_("More than one person has this number. Leave it empty, or use another one."), field="number"
        )
    return found[0]
