"""What the way in may know of a caller: the language, and whether others stand back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

import app.visits.service  # noqa: F401  when somebody is expected
from app.access.service import UNSCOPED
from app.call_flows.rules.appointments import appointment_sentence
from app.call_flows.service.reading import live_flows
from app.calls import service as calls
from app.patients import service as patients
from app.patients.models import Patient
from app.patients.rules import match_state

_LANGUAGES = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "zh-TW": "zh_Hant", "zh-HK": "zh_Hant", "yue": "zh_Hant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCaller:
    """Nothing else of the patient reaches the telephone. `language` is empty when it is not known."""

    language: str = ""
    is_key: bool = False
    may_be_called_back: bool = False
    """The number is one that we dial at all."""
    is_one_person: bool = False
    appointment: str = ""
    """When the next one is, as a sentence, where a way in that is live tells it."""


def known_caller(session: Session, number: str, *, now: datetime) -> KnownCaller:
    """Of a number that is one person's alone; a shared or unknown number is never guessed. `now` is in the hospital's
    zone."""
    may_be_called_back = calls.allowed_numbers(session)(number)
    found = patients.find_caller(session, number, now=now)
    if match_state(found.candidates) != "single":
        return KnownCaller(may_be_called_back=may_be_called_back)
    row = session.execute(
        select(Patient.language, Patient.is_key_patient).where(Patient.id == found.candidates[0].patient_id),
        execution_options={UNSCOPED: True},
    ).one()
    language = (row.language or "").replace("_", "-")
    known = _LANGUAGES.get(language) or ("en" if language[:2] == "en" else "zh_Hans" if language[:2] == "zh" else "")
    return KnownCaller(
        language=known,
        is_key=row.is_key_patient,
        may_be_called_back=may_be_called_back,
        is_one_person=True,
        appointment=_appointment(session, found.candidates[0].patient_id, known, now),
    )


def _appointment(session: Session, patient_id: int, language: str, now: datetime) -> str:
    telling = next((flow for flow in live_flows(session).values() if flow.tells_appointment), None)
    planned = patients.next_planned(session, patient_id, now) if telling is not None else None
    if telling is None or planned is None:
        return ""
    return appointment_sentence(language or telling.language, planned.on, planned.at)
