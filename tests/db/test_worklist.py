"""What waits for somebody is counted right, and within what the user may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import DEFAULT_GRANTS, Grant, Module, Reach, Viewer
from app.accounts.rules import Role
from app.calls.models import Call
from app.messages.models import Message
from app.missed_callers.models import CallbackRequest
from app.organisation.models import Department, StaffRequest
from app.parts import Parts
from app.patients.models import Patient, PatientNote
from app.visits.models import Course
from app.worklist import service

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
EVERYWHERE = [
    "messages.show_box", "missed_callers.show_callers", "worklist.show_wishes", "visits.show_open_courses",
    "organisation.show_requests", "emergency.show_review",
]  # fmt: skip
BOB = Viewer(user_id=2, username="bob", role=Role.AGENT, grants=DEFAULT_GRANTS[Role.AGENT], department=1)


def counts(parts: Parts, viewer: Viewer = BOB) -> dict[str, int]:
    with parts.database.reading() as session:
        access.bind(session, viewer, now=NOW, zone=parts.settings.timezone)
        lines = service.lines_for(session, viewer, NOW, endpoints=EVERYWHERE)
    return {line.item.label: line.count for line in lines}


def a_call(number: str, ago: timedelta, **changes: Any) -> Call:
    given = {
        "id": f"{number}-{ago}", "linkedid": f"{number}-{ago}", "direction": "inbound", "state": "abandoned",
        "outcome": "abandoned", "number": number, "number_signalled": number, "dialled": "4000",
        "started_at": NOW - ago, "ended_at": NOW - ago + timedelta(seconds=30),
    }  # fmt: skip
    return Call(**{**given, **changes})


def a_request(call: Call, owner: str | None) -> CallbackRequest:
    at = call.ended_at or NOW
    taken_at = at if owner else None
    return CallbackRequest(
        call_id=call.id, last_call_id=call.id, number=call.number, since=at, last_at=at, owner=owner, taken_at=taken_at
    )


def add(parts: Parts, *rows: Any) -> None:
    with parts.database.writing() as session:
        session.add_all(rows)


def a_patient(session: Session, **changes: Any) -> int:
    patient = Patient(**{"name": "王秀兰", "sex": "F", "created_at": NOW, "updated_at": NOW, **changes})
    session.add(patient)
    session.flush()
    return patient.id


def test_callers_wait_for_whoever_took_them_and_else_for_all(parts: Parts) -> None:
    hours = [timedelta(hours=n) for n in range(1, 6)]
    calls = [a_call(f"+861500000000{n}", ago) for n, ago in enumerate(hours)]
    add(parts, *calls)
    owners = [None, "bob", "carol", None, "bob"]
    requests = [a_request(call, owner) for call, owner in zip(calls, owners, strict=True)]
    requests[4].closed_at = NOW
    add(parts, *requests)
    assert counts(parts)["Callers to call back"] == 3
    alice = Viewer(user_id=1, username="alice", role=Role.SUPERVISOR, grants=DEFAULT_GRANTS[Role.SUPERVISOR])
    found = counts(parts, alice)
    assert (found["Callers to call back"], found["Callers who wait too long to be called back"]) == (2, 4)


def test_texts_that_nobody_read_wait(parts: Parts) -> None:
    texts = [
        Message(direction=direction, kind="care", state=state, number="+8615000000001", text="?", created_at=NOW)
        for direction, state in (("in", "new"), ("in", "read"), ("in", "answered"), ("out", "queued"))
    ]
    add(parts, *texts)
    assert counts(parts)["Unread texts"] == 1


@pytest.mark.parametrize(("reach", "expected"), [(Reach.ALL, 1), (Reach.OWN, 0)])
def test_wishes_and_courses_wait_within_the_users_scope(parts: Parts, reach: Reach, expected: int) -> None:
    with parts.database.writing() as session:
        patient_id = a_patient(session)
        session.add(PatientNote(patient_id=patient_id, kind="wish", text="上午就诊", at=NOW))
        session.add(PatientNote(patient_id=patient_id, kind="wish", text="x", at=NOW, answered_at=NOW))
        session.add(PatientNote(patient_id=patient_id, kind="opinion", text="x", at=NOW))
        day = NOW.date()
        session.add(Course(patient_id=patient_id, title="x", starts_on=day, created_at=NOW))
        session.add(Course(patient_id=patient_id, title="x", starts_on=day, planned_end_on=day, created_at=NOW))
    grants = {**dict.fromkeys(Module, Grant()), Module.CONTACT: Grant(reach=reach), Module.CLINICAL: Grant(reach=reach)}
    found = counts(parts, replace(BOB, grants=grants))
    assert (found["Open wishes"], found["Courses without an end"]) == (expected, expected)


def test_nobody_sees_a_line_of_a_module_that_is_closed_to_them(parts: Parts) -> None:
    quinn = Viewer(user_id=3, username="quinn", role=Role.QA, grants=DEFAULT_GRANTS[Role.QA])
    assert set(counts(parts, quinn)) == {"Open wishes", "Requests from colleagues"}


def test_requests_wait_for_who_took_them_and_for_the_department_that_was_asked(parts: Parts) -> None:
    request = {"title": "x", "created_by": "alice", "created_at": NOW}
    with parts.database.writing() as session:
        for id in (1, 2):
            session.add(Department(id=id, code=f"d{id}", name=f"d{id}", path=f"/{id}/", created_at=NOW))
        session.flush()
        session.add(StaffRequest(state="open", department_id=1, **request))
        session.add(StaffRequest(state="open", department_id=2, **request))
        session.add(StaffRequest(state="taken", department_id=2, taken_by="bob", **request))
        session.add(StaffRequest(state="taken", department_id=1, taken_by="carol", **request))
        session.add(StaffRequest(state="done", department_id=1, taken_by="bob", **request))
    assert counts(parts)["Requests from colleagues"] == 2


def test_a_line_whose_list_is_not_there_is_left_out(parts: Parts) -> None:
    with parts.database.reading() as session:
        assert service.lines_for(session, BOB, NOW, endpoints=[]) == []
