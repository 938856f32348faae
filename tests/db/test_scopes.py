"""The scope of a viewer cuts every statement of the session, whatever the statement looks like (U-01 to U-05, P-37)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.access import service as access
from app.access.models import RoleGrant, UserGrant
from app.access.rules import DEFAULT_GRANTS, Grant, Module, Reach, Viewer
from app.accounts.models import User
from app.accounts.rules import Role
from app.calls.models import Call
from app.db import Table
from app.errors import NotAllowed
from app.messages.models import Message
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient, PatientDepartment, PatientPhone
from app.recordings.models import Recording
from app.visits.models import Diagnosis, Visit

HEART, WARD, EYES = 1, 2, 3
OWN, OWNED, HEART_S, WARD_S, EYES_S, OLD = 1, 2, 3, 4, 5, 6
"""The patients: made by bob, owned by bob, of the heart department, of its ward, of the eye department, long ago."""
ALL = {OWN, OWNED, HEART_S, WARD_S, EYES_S, OLD}


@pytest.fixture
def hospital(parts: Parts) -> Parts:
    """Six patients with a phone, a visit with a diagnosis, a call with a recording and a text each."""
    now = parts.now()
    with parts.database.writing() as session:
        for id, name, parent, path in (
            (HEART, "Heart", None, "/1/"),
            (WARD, "Heart ward", HEART, "/1/2/"),
            (EYES, "Eyes", None, "/3/"),
        ):
            session.add(Department(id=id, code=f"D{id}", name=name, parent_id=parent, path=path, created_at=now))
            session.flush()
        for username, department in (("bob", HEART), ("carol", EYES)):
            session.add(
                User(
                    username=username, display_name=username, role="agent", password_hash="-", created_at=now,
                    department_id=department,
                )
            )  # fmt: skip
        session.flush()
        for id in sorted(ALL):
            _add_patient(session, id, now - timedelta(days=30) if id == OLD else now)
    return parts


def _add_patient(session: Session, id: int, at: datetime) -> None:
    session.add(
        Patient(
            id=id, name=f"Patient {id}", created_at=at, updated_at=at,
            created_by="bob" if id == OWN else "carol", owner="bob" if id == OWNED else None,
        )
    )  # fmt: skip
    session.flush()
    department = {HEART_S: HEART, WARD_S: WARD, EYES_S: EYES}.get(id)
    session.add_all([PatientDepartment(patient_id=id, department_id=each) for each in (department,) if each])
    session.add(PatientPhone(patient_id=id, number=f"+861380000000{id}", kind="mobile", as_entered="-"))
    session.add(Visit(id=id, patient_id=id, kind="outpatient", started_at=at, source_system="HIS", source_key=f"v{id}"))
    session.flush()
    session.add(Diagnosis(patient_id=id, visit_id=id, text="Cold", at=at, source_system="HIS", source_key=f"d{id}"))
    session.add(
        Call(
            id=f"call-{id}", linkedid=f"l{id}", direction="inbound", state="wrapped_up", number=f"+861380000000{id}",
            number_signalled="-", dialled="4000", patient_id=id, started_at=at,
            agent="bob" if id == EYES_S else "carol",
        )
    )  # fmt: skip
    session.flush()
    session.add(Recording(id=f"rec-{id}", call_id=f"call-{id}", state="ready", source_name="-", started_at=at))
    session.add(
        Message(
            direction="in",
            kind="care",
            state="new",
            number=f"+861380000000{id}",
            patient_id=id,
            text="-",
            created_at=at,
        )
    )


def _viewer(**grants: Grant) -> Viewer:
    default = grants.pop("default", Grant())
    return Viewer(
        user_id=1,
        username="bob",
        role=Role.AGENT,
        grants={**dict.fromkeys(Module, default), **{Module(name): grant for name, grant in grants.items()}},
        department=HEART,
        departments=frozenset({HEART, WARD}),
    )


@contextmanager
def _looking(parts: Parts, viewer: Viewer, *, at: datetime | None = None) -> Iterator[Session]:
    with parts.database.writing() as session:
        access.bind(session, viewer, now=at or parts.now(), zone=parts.settings.timezone)
        yield session


def _patients_of(session: Session, table: type[Table]) -> set[int]:
    column: Any = {Call: Call.patient_id, Message: Message.patient_id}.get(table)
    if table is Patient:
        return set(session.scalars(select(Patient.id)))
    if table is Recording:
        return {int(id.removeprefix("rec-")) for id in session.scalars(select(Recording.id))}
    column = table.__mapper__.attrs["patient_id"].class_attribute if column is None else column
    return set(session.scalars(select(column)))


OF_PATIENTS = (Patient, PatientPhone, Visit, Diagnosis)


@pytest.mark.parametrize(
    ("grant", "shown"),
    [(Grant(), ALL), (Grant(can_view=False), set()), (Grant(days=7), ALL - {OLD}), (Grant(days=40), ALL)],
)
def test_a_grant_for_everybodys_records_is_cut_by_view_and_days(hospital: Parts, grant: Grant, shown: set[int]) -> None:
    with _looking(hospital, _viewer(default=grant)) as session:
        for table in (*OF_PATIENTS, Call, Recording, Message):
            assert _patients_of(session, table) == shown, table


@pytest.mark.parametrize(
    ("grant", "shown"),
    [(Grant(reach=Reach.OWN), {OWN, OWNED}), (Grant(reach=Reach.DEPARTMENT), {HEART_S, WARD_S})],
)
def test_a_row_of_a_patient_is_shown_with_its_patient(hospital: Parts, grant: Grant, shown: set[int]) -> None:
    with _looking(hospital, _viewer(default=grant)) as session:
        for table in OF_PATIENTS:
            assert _patients_of(session, table) == shown, table


def test_own_calls_are_those_one_took_and_their_recordings_go_along(hospital: Parts) -> None:
    with _looking(hospital, _viewer(default=Grant(reach=Reach.OWN))) as session:
        assert _patients_of(session, Call) == {EYES_S}
        assert _patients_of(session, Recording) == {EYES_S}


def test_a_departments_calls_are_those_of_its_patients_and_of_its_people(hospital: Parts) -> None:
    with _looking(hospital, _viewer(default=Grant(reach=Reach.DEPARTMENT))) as session:
        assert _patients_of(session, Call) == {HEART_S, WARD_S, EYES_S}


def test_own_department_thirty_days_read_only_is_the_cut_of_the_three(hospital: Parts) -> None:
    viewer = _viewer(default=Grant(reach=Reach.DEPARTMENT, days=30, can_write=False))
    with pytest.raises(NotAllowed), _looking(hospital, viewer) as session:
        assert _patients_of(session, Patient) == {HEART_S, WARD_S}
        patient = session.get(Patient, HEART_S)
        assert patient is not None
        patient.name = "Another"
        session.flush()


def test_no_form_of_a_statement_escapes_the_cut(hospital: Parts) -> None:
    visits = select(Visit.id).union_all(select(Visit.id).where(Visit.id < 0))
    statements = (
        select(func.count()).select_from(Patient),
        select(func.count(Patient.id)),
        select(func.count()).select_from(select(Patient.id).subquery()),
        select(func.count(aliased(Patient).id)),
        select(func.count(PatientPhone.id)).join(Patient, Patient.id == PatientPhone.patient_id),
        select(func.count(PatientPhone.id)).where(PatientPhone.patient_id.in_(select(Patient.id))),
        select(func.count()).select_from(visits.subquery()),
    )
    with _looking(hospital, _viewer(default=Grant(reach=Reach.OWN))) as session:
        for statement in statements:
            assert session.scalar(statement) == 2, statement


def test_a_record_outside_the_scope_is_not_found_by_its_id(hospital: Parts) -> None:
    with _looking(hospital, _viewer(default=Grant(reach=Reach.OWN))) as session:
        assert session.get(Patient, EYES_S) is None
        assert session.get(Visit, EYES_S) is None


def test_what_a_record_loads_is_cut_too(hospital: Parts) -> None:
    viewer = _viewer(clinical=Grant(can_view=False))
    with _looking(hospital, viewer) as session:
        assert session.scalars(select(Visit).options(selectinload(Visit.diagnoses))).all() == []
    with _looking(hospital, _viewer(contact=Grant(reach=Reach.OWN))) as session:
        phones = session.scalars(select(PatientPhone).options(joinedload(PatientPhone.patient))).unique().all()
        assert {phone.patient.id for phone in phones} == {OWN, OWNED}


def test_without_the_clinical_grant_contact_data_is_there_and_nothing_clinical(hospital: Parts) -> None:
    with _looking(hospital, _viewer(clinical=Grant(can_view=False))) as session:
        assert _patients_of(session, PatientPhone) == ALL
        assert _patients_of(session, Visit) == _patients_of(session, Diagnosis) == set()
        hidden = select(func.count(Patient.id)).where(Patient.id.in_(select(Diagnosis.patient_id)))
        assert session.scalar(hidden) == 0


def test_clinical_data_of_the_own_department_needs_the_contact_grant_as_well(hospital: Parts) -> None:
    viewer = _viewer(contact=Grant(reach=Reach.OWN), clinical=Grant(reach=Reach.DEPARTMENT))
    with _looking(hospital, viewer) as session:
        assert _patients_of(session, Visit) == set()


def test_a_scope_of_days_moves_on_at_the_hospitals_midnight(hospital: Parts) -> None:
    viewer, zone = _viewer(default=Grant(days=7)), hospital.settings.timezone
    with hospital.database.reading() as session:
        patient = session.get(Patient, EYES_S)
        assert patient is not None
        midnight = datetime.combine(patient.active_at.astimezone(zone).date() + timedelta(days=8), time.min, zone)
    with _looking(hospital, viewer, at=midnight - timedelta(seconds=1)) as session:
        assert session.get(Patient, EYES_S) is not None
    with _looking(hospital, viewer, at=midnight) as session:
        assert session.get(Patient, EYES_S) is None


def test_a_record_opened_in_an_emergency_is_shown_with_all_it_has(hospital: Parts) -> None:
    viewer = Viewer(
        user_id=1, username="bob", role=Role.AGENT, grants=dict.fromkeys(Module, Grant(reach=Reach.OWN, days=7)),
        departments=frozenset(), opened=frozenset({OLD}),
    )  # fmt: skip
    with _looking(hospital, viewer) as session:
        assert session.get(Patient, OLD) is not None
        assert OLD in _patients_of(session, Visit)
        assert OLD in _patients_of(session, PatientPhone)


def test_a_change_in_bulk_reaches_no_row_outside_the_scope(hospital: Parts) -> None:
    with _looking(hospital, _viewer(default=Grant(reach=Reach.OWN))) as session:
        session.execute(update(Patient).values(remark="seen"))
        session.execute(delete(PatientPhone))
    with hospital.database.reading() as session:
        assert set(session.scalars(select(Patient.id).where(Patient.remark == "seen"))) == {OWN, OWNED}
        assert set(session.scalars(select(PatientPhone.patient_id))) == ALL - {OWN, OWNED}


def test_a_reader_cannot_change_in_bulk(hospital: Parts) -> None:
    for statement in (update(Patient).values(remark="-"), delete(PatientPhone)):
        with pytest.raises(NotAllowed), _looking(hospital, _viewer(default=Grant(can_write=False))) as session:
            session.execute(statement)


def test_a_statement_that_cannot_be_cut_is_refused(hospital: Parts) -> None:
    for statement in (text("SELECT * FROM patient"), Patient.__table__.select()):
        with pytest.raises(RuntimeError), _looking(hospital, _viewer()) as session:
            session.execute(statement)


def test_a_process_that_works_for_nobody_sees_everything(hospital: Parts) -> None:
    with hospital.database.reading() as session:
        assert _patients_of(session, Visit) == ALL


def test_a_user_sees_the_own_department_with_those_below_it(hospital: Parts) -> None:
    with hospital.database.reading() as session:
        viewer = access.viewer_for(session, "bob", hospital.now())
    assert viewer.departments == {HEART}
    assert viewer.grants == DEFAULT_GRANTS[Role.AGENT]
    with hospital.database.writing() as session:
        session.add(RoleGrant(role="agent", module="contact", reach="department"))
        session.add(UserGrant(user_id=viewer.user_id, module="clinical", can_view=False))
    with hospital.database.reading() as session:
        viewer = access.viewer_for(session, "bob", hospital.now())
    assert viewer.departments == {HEART, WARD}
    assert viewer.grant(Module.CONTACT).reach is Reach.DEPARTMENT
    assert not viewer.grant(Module.CLINICAL).can_view


def test_every_table_with_a_patient_says_what_it_is_scoped_by(hospital: Parts) -> None:
    bookkeeping = {"patient_department", "emergency_opening"}
    patient = Patient.__table__
    forgotten = {
        mapper.class_.__tablename__
        for mapper in Table.registry.mappers
        if any(key.column.table is patient for key in mapper.local_table.foreign_keys)
        and not hasattr(mapper.class_, "__scoped__")
    }
    assert forgotten - bookkeeping == set()


def test_no_relationship_joins_a_scoped_table_unasked(hospital: Parts) -> None:
    """The cut looks at the tables that a statement names: one that comes by itself would escape it."""
    joined = {
        str(relationship)
        for mapper in Table.registry.mappers
        for relationship in mapper.relationships
        if relationship.lazy in ("joined", False) and hasattr(relationship.mapper.class_, "__scoped__")
    }
    assert joined == set()
