"""A database filled with a synthetic hospital says what the generator said."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from app.calls.models import Call
from app.messages.models import Message
from app.parts import Parts
from app.patients import service
from app.patients.models import Identifier, Patient, PatientDepartment, PatientPhone
from app.synthetic.rules import UNTIL, SyntheticPatient, generate, history_of
from app.synthetic.service import fill, fill_histories
from app.visits.models import Charge, ExamResult, Visit

SEED, SIZE = 11, 120
RECORDS = list(generate(SEED, SIZE))
HISTORIES = {record.number: history_of(record, SEED) for record in RECORDS}


@pytest.fixture
def filled(parts: Parts) -> Parts:
    """Somebody was there before, so that record n is not patient n."""
    with parts.database.writing() as session:
        session.add(Patient(name="王秀兰", sex="F", created_at=UNTIL, updated_at=UNTIL))
    offset = fill(parts.database, SEED, SIZE)
    fill_histories(parts.database, SEED, SIZE, offset=offset)
    assert offset == 1
    return parts


def test_people_have_the_numbers_identifiers_and_sums_that_were_generated(filled: Parts) -> None:
    with filled.database.reading() as session:
        numbers = Counter(row[0] for row in session.execute(select(PatientPhone.number)))
        values = set(session.scalars(select(Identifier.value)))
        totals = session.execute(
            select(Charge.patient_id - 1, func.sum(Charge.amount_cents)).group_by(Charge.patient_id)
        )
        sums = {number: int(total) for number, total in totals}
        visits = session.scalar(select(func.count()).select_from(Visit))
    assert numbers == Counter(phone.number for record in RECORDS for phone in all_phones(record))
    assert values == {each.value for record in RECORDS for each in record.identifiers}
    assert sums == {number: history.net_cents for number, history in HISTORIES.items() if history.visits}
    assert visits == sum(len(history.visits) for history in HISTORIES.values())


def test_scopes_see_when_people_were_last_there_and_where(filled: Parts) -> None:
    with filled.database.reading() as session:
        active = dict(session.execute(select(Patient.id - 1, Patient.active_at)).all())
        memberships = session.scalar(select(func.count()).select_from(PatientDepartment))
        results = session.scalar(select(func.count()).select_from(ExamResult))
    for record in RECORDS:
        assert active[record.number] == max(record.created_at, HISTORIES[record.number].last_at or record.created_at)
    assert memberships == sum(len({visit.department for visit in history.visits}) for history in HISTORIES.values())
    assert results == sum(len(exam.results) for history in HISTORIES.values() for exam in history.exams)


def test_people_of_a_filled_database_are_found_and_new_ones_can_be_added(filled: Parts) -> None:
    record = RECORDS[-1]
    with filled.database.writing() as session:
        page = service.search_patients(session, settings=filled.settings, query=record.full_name.simplified, limit=50)
        assert record.number + 1 in {patient.id for patient in page.items}
        session.add(Patient(name="新患者", sex="U", created_at=UNTIL, updated_at=UNTIL))
        session.flush()
        assert session.scalar(select(func.max(Patient.id))) == SIZE + 2


def test_past_contacts_are_marked_as_made_up(filled: Parts) -> None:
    with filled.database.reading() as session:
        assert session.scalar(select(func.count()).where(~Call.linkedid.startswith("synthetic-"))) == 0
        assert session.scalar(select(func.count()).where(~Message.dedup_key.startswith("synthetic-"))) == 0
        assert session.scalar(select(func.count()).select_from(Message)) > 0


def all_phones(record: SyntheticPatient) -> list[object]:
    return [*record.phones, *(phone for contact in record.contacts for phone in contact.phones)]
