"""What HIS, LIS, PEIS and EMR tell arrives once, in its latest state, whatever the order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import NotFound
from app.journal.models import JournalEntry
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient, PatientDepartment
from app.patients.service import PatientData, create_patient
from app.visits import service
from app.visits.models import Charge, Exam, Visit
from app.visits.rules import charges_by_year
from app.visits.service import ChargeData, ExamData, ExamResultData, VisitData

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=400)


@pytest.fixture
def add_patient(parts: Parts) -> Callable[[], int]:
    def add() -> int:
        with parts.database.writing() as session:
            data = PatientData(name="王秀兰", is_provisional=True)
            return create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=BEFORE).id

    return add


@pytest.fixture
def departments(parts: Parts) -> list[int]:
    with parts.database.writing() as session:
        rows = [Department(code=code, name=code, created_at=NOW) for code in ("heart", "bones")]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def a_visit(patient_id: int, **changes: Any) -> VisitData:
    data = VisitData(
        patient_id=patient_id,
        source_system="HIS",
        source_key="v1",
        kind="outpatient",
        started_at=NOW - timedelta(days=3),
        source_at=NOW - timedelta(days=2),
    )
    return replace(data, **changes)


def receive(parts: Parts, *rows: VisitData) -> service.Receipt:
    with parts.database.writing() as session:
        return service.receive_visits(session, parts.bus, rows, now=NOW)


def doctors(parts: Parts) -> list[str | None]:
    with parts.database.reading() as session:
        return list(session.scalars(select(Visit.doctor).order_by(Visit.source_key)))


def test_what_arrives_twice_changes_nothing(parts: Parts, add_patient: Callable[[], int]) -> None:
    visit = a_visit(add_patient())
    first, again = receive(parts, visit), receive(parts, visit)
    assert (first.created, first.updated, first.unchanged) == (1, 0, 0)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert first.ids == again.ids
    with parts.database.reading() as session:
        kinds = [entry.payload for entry in session.scalars(select(JournalEntry)) if entry.kind == "visit.received"]
    assert kinds == [{"patient_id": visit.patient_id, "visit_id": first.ids[0]}]


def test_a_later_state_wins_and_an_older_one_that_comes_late_does_not(
    parts: Parts, add_patient: Callable[[], int]
) -> None:
    visit = a_visit(add_patient(), doctor="Zhou")
    receive(parts, visit)
    later = replace(visit, doctor="Chen", source_at=NOW)
    assert receive(parts, later).updated == 1
    assert receive(parts, visit).unchanged == 1
    assert doctors(parts) == ["Chen"]


def test_one_batch_may_hold_the_same_visit_twice(parts: Parts, add_patient: Callable[[], int]) -> None:
    visit = a_visit(add_patient(), doctor="Zhou")
    receipt = receive(parts, replace(visit, doctor="Chen", source_at=NOW), visit, replace(visit, source_key="v2"))
    assert receipt.ids[0] == receipt.ids[1] != receipt.ids[2]
    assert doctors(parts) == ["Chen", "Zhou"]


def test_a_visit_makes_the_person_active_and_one_of_the_department(
    parts: Parts, add_patient: Callable[[], int], departments: list[int]
) -> None:
    patient_id = add_patient()
    receive(parts, a_visit(patient_id, department_id=departments[0]))
    with parts.database.reading() as session:
        patient = session.get(Patient, patient_id)
        assert patient is not None
        assert patient.active_at == NOW - timedelta(days=3)
        assert session.get(PatientDepartment, (patient_id, departments[0])) is not None


def test_a_visit_that_moves_to_another_department_or_is_withdrawn_takes_the_belonging_along(
    parts: Parts, add_patient: Callable[[], int], departments: list[int]
) -> None:
    visit = a_visit(add_patient(), department_id=departments[0])
    belonging = []
    for state in (visit, replace(visit, department_id=departments[1]), replace(visit, status="withdrawn")):
        receive(parts, state)
        with parts.database.reading() as session:
            belonging.append(list(session.scalars(select(PatientDepartment.department_id))))
    assert belonging == [[departments[0]], [departments[1]], []]


def test_a_row_of_a_merged_person_goes_to_the_record_that_holds_the_person(
    parts: Parts, add_patient: Callable[[], int]
) -> None:
    old, middle, winner = add_patient(), add_patient(), add_patient()
    with parts.database.writing() as session:
        for loser, by in ((old, middle), (middle, winner)):
            patient = session.get(Patient, loser)
            assert patient is not None
            patient.merged_into_id = by
    receive(parts, a_visit(old))
    with parts.database.reading() as session:
        assert list(session.scalars(select(Visit.patient_id))) == [winner]


def test_an_unknown_person_is_refused_and_nothing_written(parts: Parts, add_patient: Callable[[], int]) -> None:
    with pytest.raises(NotFound):
        receive(parts, a_visit(add_patient()), a_visit(999, source_key="v2"))
    assert doctors(parts) == []


def test_charges_sum_to_the_cent_net_of_refunds_by_day_year_and_visit(
    parts: Parts, add_patient: Callable[[], int]
) -> None:
    patient_id = add_patient()
    receive(parts, a_visit(patient_id))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 2)]
    rows = [
        ChargeData(
            patient_id=patient_id,
            source_system="HIS",
            source_key=f"c{place}",
            visit_key="v1",
            day=day,
            at=NOW,
            item="drug",
            kind="drug",
            amount_cents=cents,
        )
        for place, (day, cents) in enumerate(zip(days, (1001, 3333, -3333, 1), strict=True))
    ]
    with parts.database.writing() as session:
        service.receive_charges(session, rows)
        service.receive_charges(session, rows)
        lines = service.charges_of(session, patient_id)
        assert sum(line.amount_cents for line in lines) == sum(session.scalars(select(Charge.amount_cents))) == 1002
    years = charges_by_year(lines)
    assert [(year.year, year.total_cents, year.refund_cents) for year in years] == [(2026, 1, -3333), (2025, 1001, 0)]
    assert [(str(day.day), day.total_cents) for day in years[0].days] == [("2026-01-02", 1), ("2026-01-01", 0)]
    assert len({line.visit_id for line in lines}) == 1


def test_a_later_exam_replaces_all_of_its_results(parts: Parts, add_patient: Callable[[], int]) -> None:
    exam = ExamData(
        patient_id=add_patient(),
        source_system="LIS",
        source_key="e1",
        kind="laboratory",
        name="blood fats",
        at=NOW,
        results=(ExamResultData(item="a", value="1"), ExamResultData(item="b", value="2", flag="high")),
    )
    corrected = replace(exam, results=(ExamResultData(item="b", value="3"),))
    with parts.database.writing() as session:
        service.receive_exam(session, parts.bus, exam, now=NOW)
        service.receive_exam(session, parts.bus, corrected, now=NOW)
    with parts.database.reading() as session:
        [row] = session.scalars(select(Exam))
        assert [(result.item, result.value, result.flag) for result in row.results] == [("b", "3", None)]


def test_a_charge_that_came_before_its_visit_finds_it_when_it_is_told_again(
    parts: Parts, add_patient: Callable[[], int]
) -> None:
    patient_id = add_patient()
    charge = ChargeData(
        patient_id=patient_id,
        source_system="HIS",
        source_key="c1",
        visit_key="v1",
        day=NOW.date(),
        at=NOW,
        item="x",
        kind="other",
        amount_cents=1,
    )
    with parts.database.writing() as session:
        service.receive_charge(session, charge)
    [visit_id] = receive(parts, a_visit(patient_id)).ids
    with parts.database.writing() as session:
        assert service.receive_charge(session, charge).updated == 1
        assert list(session.scalars(select(Charge.visit_id))) == [visit_id]
