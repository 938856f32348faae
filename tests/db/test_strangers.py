"""The first contact of somebody unknown makes a record, and completing it keeps what came before (P-05)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access import service as access
from app.access.models import UserGrant
from app.access.rules import Module, Reach
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import CallChanged, CallerConfirmed, CallEvent, CallOutcome, CallRecord, CallState
from app.messages import service as messages
from app.messages.models import Message
from app.organisation.models import Department
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient

STRANGER = "+8613987654321"


def call_in(parts: Parts, id: str, number: str = STRANGER, **changes: Any) -> None:
    """A call that comes, is confirmed and ends unanswered."""
    now = parts.now()
    plain: dict[str, Any] = {"direction": "inbound", "number": number, "number_signalled": number, "dialled": "4000"}
    begun = CallRecord(id=id, linkedid=id, state=CallState.RINGING, started_at=now, **plain | changes)
    ended = CallRecord(
        id=id, linkedid=id, state=CallState.ABANDONED, outcome=CallOutcome.ABANDONED, started_at=now, ended_at=now,
        **plain | changes,
    )  # fmt: skip
    facts = [
        CallChanged(event=CallEvent.STARTED, at=now, call=begun),
        CallerConfirmed(at=now, call=begun),
        CallChanged(event=CallEvent.ENDED, at=now, call=ended),
    ]
    with parts.database.writing() as session:
        calls.record_facts(session, parts.bus, facts, now, settings=parts.settings)


def text_in(parts: Parts, number: str = STRANGER) -> int:
    with parts.database.writing() as session:
        return messages.receive_message(
            session, parts.bus, number=number, service_number="1069001", text="请问几点开门",
            settings=parts.settings, now=parts.now(),
        ).id  # fmt: skip


def records(parts: Parts) -> list[tuple[str, bool, list[str]]]:
    with parts.database.reading() as session:
        found = session.scalars(select(Patient).where(Patient.merged_into_id.is_(None)).order_by(Patient.id))
        return [(each.name, each.is_provisional, [phone.number for phone in each.phones]) for each in found]


def owners(parts: Parts) -> tuple[set[int | None], set[int | None]]:
    """Whose the calls are, and whose the texts."""
    with parts.database.reading() as session:
        return set(session.scalars(select(Call.patient_id))), set(session.scalars(select(Message.patient_id)))


def test_calls_and_texts_of_an_unknown_number_make_one_record_to_complete(parts: Parts) -> None:
    call_in(parts, "c1")
    text_in(parts)
    call_in(parts, "c2")
    assert records(parts) == [("…4321", True, [STRANGER])]
    [patient_id], texts = owners(parts)
    assert texts == {patient_id}


def test_a_text_may_be_the_first_contact(parts: Parts) -> None:
    text_in(parts)
    call_in(parts, "c1")
    assert records(parts) == [("…4321", True, [STRANGER])]


def test_until_somebody_is_named_the_number_is_still_unknown(parts: Parts) -> None:
    call_in(parts, "c1")
    with parts.database.reading() as session:
        assert patients.match_number(session, STRANGER, now=parts.now()) == []
    call_in(parts, "c2")
    with parts.database.reading() as session:
        assert session.get_one(Call, "c2").match_state == "none"


@pytest.mark.parametrize(
    ("number", "changes"), [("", {}), ("anonymous", {}), ("+86120", {}), (STRANGER, {"direction": "outbound"})]
)
def test_what_is_nobody_s_number_makes_no_record(parts: Parts, number: str, changes: dict[str, Any]) -> None:
    call_in(parts, "c1", number, **changes)
    assert records(parts) == []


def test_a_number_of_people_on_record_makes_none(parts: Parts) -> None:
    with parts.database.writing() as session:
        for name in ("Ada", "Grace"):
            data = patients.PatientData(name=name, phones=(patients.PhoneData(number=STRANGER),))
            patients.create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=parts.now())
    call_in(parts, "c1")
    text_in(parts)
    assert [name for name, _, _ in records(parts)] == ["Ada", "Grace"]


def test_naming_the_stranger_keeps_the_first_contact_and_makes_the_next_one_a_match(parts: Parts) -> None:
    call_in(parts, "c1")
    text_in(parts)
    [patient_id] = owners(parts)[0]
    assert patient_id is not None
    with parts.database.writing() as session:
        data = patients.PatientData(name="Grace", sex="F", is_provisional=True)
        named = patients.name_stranger(
            session, parts.bus, patient_id, data, settings=parts.settings, by="bob", now=parts.now()
        )
        assert named is not None
        assert (named.id, named.created_by) == (patient_id, "bob")
    assert records(parts) == [("Grace", True, [STRANGER])]
    call_in(parts, "c2")
    assert owners(parts) == ({patient_id}, {patient_id})
    with parts.database.reading() as session:
        assert session.get_one(Call, "c2").match_state == "single"


def test_a_record_is_named_once(parts: Parts) -> None:
    call_in(parts, "c1")
    [patient_id] = owners(parts)[0]
    assert patient_id is not None
    for name, is_first in (("Grace", True), ("Ada", False)):
        with parts.database.writing() as session:
            data = patients.PatientData(name=name, is_provisional=True)
            named = patients.name_stranger(
                session, parts.bus, patient_id, data, settings=parts.settings, by="bob", now=parts.now()
            )
            assert (named is not None) == is_first
    assert records(parts)[0][0] == "Grace"


@pytest.mark.parametrize("reach", [Reach.OWN, Reach.DEPARTMENT])
def test_whoever_names_a_stranger_keeps_sight_of_the_record(parts: Parts, reach: Reach) -> None:
    call_in(parts, "c1")
    [patient_id] = owners(parts)[0]
    assert patient_id is not None
    now = parts.now()
    with parts.database.writing() as session:
        department = Department(code="GYN", name="Gynaecology", path="/1/", created_at=now)
        session.add(department)
        session.flush()
        department.path = f"/{department.id}/"
        bob = create_user(
            session, username="bob", display_name="Bob", role=Role.AGENT, password="a shift of eight hours", now=now,
            department_id=department.id,
        )  # fmt: skip
        session.flush()
        session.add(UserGrant(user_id=bob.id, module=Module.CONTACT, reach=reach))
    with parts.database.writing() as session:
        viewer = access.viewer_for(session, "bob", now)
        access.bind(session, viewer, now=now, zone=parts.settings.timezone)
        assert session.get(Patient, patient_id) is None
        data = patients.PatientData(name="Grace", is_provisional=True)
        named = patients.name_stranger(
            session, parts.bus, patient_id, data, settings=parts.settings, by="bob", now=now + timedelta(seconds=1)
        )
        assert named is not None
        assert patients.get_patient(session, patient_id).name == "Grace"
