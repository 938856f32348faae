"""The demo hospital: the people of the tour, whose numbers the README names, and a synthetic hospital around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import last_id
from app.duplicates.service import search_all
from app.patients.models import Identifier, Patient
from app.patients.service import IdentifierData
from app.patients.service.records import add_patient
from app.settings import Settings
from app.synthetic.rules import SyntheticPatient, generate
from app.synthetic.rules.records import SyntheticIdentifier
from app.synthetic.service.fixed import fixed_patients
from app.synthetic.service.histories import insert_histories
from app.synthetic.service.people import insert_people

DEMO_PATIENTS = 2_000
_SEED = 20260301
_SYSTEM = "DEMO"


def seed_demo_patients(session: Session, now: datetime, *, settings: Settings) -> int:
    """Make the demo patients that are not there yet, with what happened to them; returns how many. Twice changes
    nothing."""
    present = _present(session)
    if len(present) >= DEMO_PATIENTS:
        return 0
    return seed_tour_patients(session, now, settings=settings) + _seed_others(session, now, present)


def seed_tour_patients(session: Session, now: datetime, *, settings: Settings) -> int:
    """Make the people of the tour who are not there yet; returns how many."""
    present, made = _present(session), 0
    for number, data in enumerate(fixed_patients(now), start=1):
        if _code(number) in present:
            continue
        demo_number = IdentifierData(system=_SYSTEM, type="outpatient", value=_code(number))
        record = replace(data, identifiers=(*data.identifiers, demo_number))
        at = now - timedelta(days=200) + timedelta(days=number)
        add_patient(session, record, settings=settings, by=None, now=at)
        made += 1
    session.flush()
    return made


def _seed_others(session: Session, now: datetime, present: set[str]) -> int:
    """The tour finds its people by name and number, so that nobody else may bear a name of theirs."""
    until = now.replace(minute=0, second=0, microsecond=0)
    tour = {data.name for data in fixed_patients(now)}
    others = (
        record
        for record in generate(_SEED, 2 * DEMO_PATIENTS, until=until)
        if tour.isdisjoint((record.name, record.full_name.simplified))
    )
    records = [
        _with_code(record, number)
        for number, record in enumerate(islice(others, DEMO_PATIENTS - len(tour)), start=len(tour) + 1)
        if _code(number) not in present
    ]
    offset = last_id(session.connection(), Patient)
    insert_people(session, records, offset=offset)
    insert_histories(session, records, seed=_SEED, until=until, offset=offset)
    # Nobody entered these records, so nothing would compare them with each other.
    search_all(session)
    return len(records)


def _present(session: Session) -> set[str]:
    return set(session.scalars(select(Identifier.value).where(Identifier.system == _SYSTEM)))


def _with_code(record: SyntheticPatient, number: int) -> SyntheticPatient:
    return replace(record, identifiers=(*record.identifiers, SyntheticIdentifier(_SYSTEM, "outpatient", _code(number))))


def _code(number: int) -> str:
    return f"D{number:05d}"
