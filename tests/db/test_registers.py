"""Registers on both databases: filled by rule when data arrives, left with a reason, and the flags they give."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput
from app.journal import service as journal
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients.models import Patient, PatientFlag
from app.registers import service
from app.registers.models import Register
from app.registers.rules import KEY_PATIENT
from app.registers.tasks import fill_registers
from app.segments.rules import Condition, ConditionKind, Group, Joint, SegmentRule
from app.visits.models import Diagnosis

DIABETES = SegmentRule(
    root=Group(joint=Joint.ALL, parts=(Condition(kind=ConditionKind.DISEASE, codes=("E11",)),)),
)


@pytest.fixture
def three(parts: Parts) -> list[int]:
    """Three people, the first two with diabetes."""
    now = parts.now()
    with parts.database.writing() as session:
        people = [Patient(name=f"Person {n}", created_at=now, updated_at=now) for n in range(3)]
        session.add_all(people)
        session.flush()
        for person in people[:2]:
            _diagnose(session, parts, person.id)
        return [person.id for person in people]


def _diagnose(session: Session, parts: Parts, patient_id: int) -> None:
    row = {"disease": "E11", "text": "E11", "at": parts.now(), "source_system": "HIS", "source_key": f"{patient_id}"}
    session.add(Diagnosis(patient_id=patient_id, **row))


def _register(session: Session, parts: Parts, name: str = "Diabetes", *, flag: str | None = None) -> Register:
    data = service.RegisterData(name=name, rule=DIABETES, flag=flag)
    return service.save_register(session, None, data, by="alice", now=parts.now())


def _fill(session: Session, parts: Parts, register: Register) -> int:
    return service.fill(session, parts.bus, register, now=parts.now(), zone=parts.settings.timezone)


def _leave(session: Session, parts: Parts, register: Register, reason: str = "Died of age") -> None:
    [(member, _patient), *_rest] = service.list_people(session, register.id, before_id=None, limit=5)
    service.leave(session, parts.bus, register.id, member.id, reason=reason, by="alice", now=parts.now())


def _on(session: Session, register: Register) -> list[int]:
    return sorted(session.scalars(service.people_on(register.id)))


def _kinds(session: Session) -> Sequence[str]:
    return session.scalars(select(JournalEntry.kind).order_by(JournalEntry.seq)).all()


def test_full_run_puts_on_whom_the_preview_told(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        register = _register(session, parts)
        told = service.preview(session, register.id, DIABETES, now=parts.now(), zone=parts.settings.timezone)
        assert (told.held, told.joining) == (2, 2)
        assert _fill(session, parts, register) == 2
        assert _on(session, register) == three[:2]
        assert _fill(session, parts, register) == 0


def test_joining_is_journalled_for_the_follow_up(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        _fill(session, parts, _register(session, parts))
        assert _kinds(session) == ["register.joined"] * 2


@pytest.mark.parametrize("payload", ["patient_id", "patient_ids"])
def test_data_that_arrives_puts_its_patient_on_the_register(parts: Parts, three: list[int], payload: str) -> None:
    fill_registers(parts)
    with parts.database.writing() as session:
        journal.append(session, parts.bus, [journal.Entry(kind="note.changed", at=parts.now())])
    fill_registers(parts)
    with parts.database.writing() as session:
        register = _register(session, parts)
        _diagnose(session, parts, three[2])
        told = {"patient_id": three[2]} if payload == "patient_id" else {"patient_ids": [three[2]]}
        journal.append(session, parts.bus, [journal.Entry(kind="visit.received", at=parts.now(), payload=told)])
    fill_registers(parts)
    fill_registers(parts)
    with parts.database.reading() as session:
        assert _on(session, register) == [three[2]]


def test_who_left_is_not_brought_back_by_the_rule(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        register = _register(session, parts)
        _fill(session, parts, register)
        _leave(session, parts, register)
        assert _fill(session, parts, register) == 0
        assert len(_on(session, register)) == 1


def test_who_left_can_be_put_on_again_by_hand(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        register = _register(session, parts)
        _fill(session, parts, register)
        _leave(session, parts, register)
        again = ({*three[:2]} - {*_on(session, register)}).pop()
        hand = {"reason": "Relapse", "by": "alice", "now": parts.now()}
        service.join_by_hand(session, parts.bus, register.id, again, **hand)
        assert _on(session, register) == three[:2]
        with pytest.raises(Conflict):
            service.join_by_hand(session, parts.bus, register.id, again, **hand)


def test_leaving_needs_a_reason(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        register = _register(session, parts)
        _fill(session, parts, register)
        with pytest.raises(InvalidInput):
            _leave(session, parts, register, reason="  ")


def test_key_patients_come_and_go_with_the_register(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        register = _register(session, parts, flag=KEY_PATIENT)
        _fill(session, parts, register)
        keys = select(Patient.id).where(Patient.is_key_patient).order_by(Patient.id)
        assert session.scalars(keys).all() == three[:2]
        assert set(session.scalars(select(PatientFlag.reason))) == {"Diabetes"}
        _leave(session, parts, register)
        assert session.scalars(keys).all() == _on(session, register)


def test_flag_stays_while_another_register_gives_it(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        first, second = (_register(session, parts, name, flag=KEY_PATIENT) for name in ("One", "Two"))
        _fill(session, parts, first)
        _fill(session, parts, second)
        _leave(session, parts, first)
        assert len(session.scalars(select(Patient.id).where(Patient.is_key_patient)).all()) == 2


def test_flag_set_by_hand_is_never_taken_away_by_a_rule(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session:
        for patient_id in three[:2]:
            service.set_key_patient(session, patient_id, is_key=True, reason="Donor", by="alice", now=parts.now())
        register = _register(session, parts, flag=KEY_PATIENT)
        _fill(session, parts, register)
        _leave(session, parts, register)
        assert len(session.scalars(select(Patient.id).where(Patient.is_key_patient)).all()) == 2


def test_key_patient_by_hand_needs_a_reason(parts: Parts, three: list[int]) -> None:
    with parts.database.writing() as session, pytest.raises(InvalidInput):
        service.set_key_patient(session, three[0], is_key=True, reason="", by="alice", now=parts.now())


def test_rule_that_would_hold_everybody_is_refused(parts: Parts) -> None:
    empty = SegmentRule(root=Group(joint=Joint.ALL, parts=()))
    with parts.database.writing() as session, pytest.raises(InvalidInput):
        service.save_register(session, None, service.RegisterData(name="All", rule=empty), by="alice", now=parts.now())
