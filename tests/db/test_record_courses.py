"""Courses of treatment, health entries, and the timeline with visits and their phases."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidInput, NotFound
from app.journal.models import JournalEntry
from app.messages.models import Message
from app.parts import Parts
from app.patients import service as patients
from app.patients.service import PatientData
from app.visits import service
from app.visits.service import CourseData, CourseEntry, ExamData, OperationData, VisitData

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)


@pytest.fixture
def patient_id(parts: Parts) -> int:
    with parts.database.writing() as session:
        data = PatientData(name="王秀兰", is_provisional=True)
        return patients.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=NOW).id


def test_a_course_is_ended_extended_and_reopened_and_each_step_is_told(parts: Parts, patient_id: int) -> None:
    with parts.database.writing() as session:
        entry = CourseEntry(title="blood pressure")
        course = service.create_course(session, parts.bus, patient_id, entry, by="dora", now=NOW, today=TODAY)
        assert [row.id for row, *_ in service.courses_without_end(session, limit=5).items] == [course.id]
        later = TODAY + timedelta(days=90)
        service.extend_course(session, parts.bus, course.id, planned_end_on=later, by="dora", now=NOW)
        assert service.courses_without_end(session, limit=5).items == []
        service.end_course(session, parts.bus, course.id, on=TODAY, row_version=course.row_version, by="dora", now=NOW)
        with pytest.raises(Conflict):
            service.extend_course(session, parts.bus, course.id, planned_end_on=later, by="dora", now=NOW)
        service.reopen_course(session, parts.bus, course.id, by="dora", now=NOW)
        assert (course.starts_on, course.planned_end_on, course.ended_on) == (TODAY, later, None)
    with parts.database.reading() as session:
        kinds = list(session.scalars(select(JournalEntry.kind)))
    assert kinds.count("course.changed") == 4


def test_a_course_cannot_end_before_it_begins_nor_be_changed_on_an_old_view(parts: Parts, patient_id: int) -> None:
    with parts.database.writing() as session:
        entry = CourseEntry(title="x", starts_on=TODAY)
        course = service.create_course(session, parts.bus, patient_id, entry, by="dora", now=NOW, today=TODAY)
        with pytest.raises(InvalidInput):
            service.end_course(session, parts.bus, course.id, on=TODAY - timedelta(days=1), by="dora", now=NOW)
        with pytest.raises(Conflict):
            service.end_course(session, parts.bus, course.id, on=TODAY, row_version=99, by="dora", now=NOW)
        with pytest.raises(NotFound):
            service.reopen_course(session, parts.bus, 2**40, by="dora", now=NOW)


def test_a_course_of_the_hospital_system_is_only_read_here(parts: Parts, patient_id: int) -> None:
    course = CourseData(
        patient_id=patient_id, source_system="HIS", source_key="k1", title="chemotherapy", starts_on=TODAY
    )
    with parts.database.writing() as session:
        [course_id] = service.receive_courses(session, parts.bus, [course], now=NOW).ids
        with pytest.raises(Conflict):
            service.end_course(session, parts.bus, course_id, on=TODAY, by="dora", now=NOW)


def test_the_latest_health_entry_of_a_kind_comes_first_and_old_ones_stay(parts: Parts, patient_id: int) -> None:
    with parts.database.writing() as session:
        for day, text in enumerate(("old", "new")):
            at = NOW + timedelta(days=day)
            service.add_health_entry(session, patient_id, kind="condition", text=text, by="dora", now=at)
        found = service.health_of(session, patient_id)
        assert [entry.text for entry in found["condition"]] == ["new", "old"]
        with pytest.raises(InvalidInput):
            service.add_health_entry(session, patient_id, kind="mood", text=" ", by="dora", now=NOW)


@pytest.fixture
def history(parts: Parts, patient_id: int) -> int:
    """A text ten days before a stay of four days with an operation, one in it, one after; an exam much later."""
    stay = NOW - timedelta(days=100)
    texts = {"before": -10, "within": 2, "after": 8}
    with parts.database.writing() as session:
        visit = VisitData(
            patient_id=patient_id,
            source_system="HIS",
            source_key="v",
            kind="inpatient",
            started_at=stay,
            ended_at=stay + timedelta(days=4),
        )
        service.receive_visit(session, parts.bus, visit, now=NOW)
        operation = OperationData(
            patient_id=patient_id, source_system="HIS", source_key="o", name="stent", at=stay + timedelta(days=1)
        )
        service.receive_operations(session, parts.bus, [operation], now=NOW)
        exam = ExamData(
            patient_id=patient_id, source_system="LIS", source_key="e", kind="laboratory", name="fats", at=NOW
        )
        service.receive_exam(session, parts.bus, exam, now=NOW)
        for text, days in texts.items():
            session.add(
                Message(
                    direction="in",
                    kind="care",
                    state="new",
                    number="",
                    patient_id=patient_id,
                    text=text,
                    created_at=stay + timedelta(days=days),
                )
            )
    return patient_id


def kinds(parts: Parts, patient_id: int, limit: int = 50, **filters: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    cursor: str | None = None
    with parts.database.reading() as session:
        while True:
            page = patients.timeline(session, patient_id, limit=limit, cursor=cursor, **filters)
            found += [(item.text or item.kind, item.phase) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found


def test_every_entry_of_the_timeline_carries_its_phase(parts: Parts, history: int) -> None:
    assert kinds(parts, history) == [
        ("exam", "post"), ("after", "post"), ("within", "in"), ("operation", "in"), ("visit", "in"), ("before", "pre"),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_timeline_is_narrowed_to_a_phase_and_a_channel_page_by_page(parts: Parts, history: int, limit: int) -> None:
    assert [text for text, _ in kinds(parts, history, limit, phase="in")] == ["within", "operation", "visit"]
    assert [text for text, _ in kinds(parts, history, limit, channel="message")] == ["after", "within", "before"]
    assert [text for text, _ in kinds(parts, history, limit, channel="message", phase="pre")] == ["before"]
    with pytest.raises(InvalidInput):
        kinds(parts, history, channel="pigeon")
    with pytest.raises(InvalidInput):
        kinds(parts, history, phase="never")
