"""Exports on both databases: what is refused, what a worker makes, and what is left of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

import app.exports.lists  # noqa: F401 (the lists that are exported)
from app.access import service as access
from app.access.models import UserGrant
from app.accounts import service as accounts
from app.accounts.rules import Role
from app.audit.models import AuditEvent
from app.audit.rules import Action
from app.errors import NotAllowed, NotFound, Refused
from app.exports import service
from app.exports.models import Export
from app.exports.rules import ExportState, cell_text
from app.parts import Parts
from app.patients.models import Identifier, Patient, PatientPhone
from tests.web.browser import PASSWORD

PEOPLE = 3


@pytest.fixture
def hospital(parts: Parts) -> Parts:
    """alice supervises, bob is an agent; three people with a number and an id card."""
    now = parts.now()
    with parts.database.writing() as session:
        for username, role in (("alice", Role.SUPERVISOR), ("bob", Role.AGENT)):
            accounts.create_user(
                session, username=username, display_name=username, role=role, password=PASSWORD, now=now
            )
        for n in range(PEOPLE):
            patient = Patient(name=f"Person {n}", created_at=now, updated_at=now)
            patient.phones = [PatientPhone(number=f"+861380013800{n}", kind="mobile", as_entered="–")]
            patient.identifiers = [Identifier(type="id_card", value=f"33010619720301122{n}")]
            session.add(patient)
    return parts


def _ask(parts: Parts, username: str = "alice") -> str:
    with parts.database.writing() as session:
        viewer = access.viewer_for(session, username, parts.now())
        asker = service.Asker(viewer=viewer, now=parts.now(), settings=parts.settings)
        access.bind(session, viewer, now=parts.now(), zone=parts.settings.timezone)
        wish = service.Wish(
            list=service.find_list("patients", viewer),
            arguments={},
            columns=["name", "phone", "id_card"],
            reason="Yearly letter",
        )
        return service.request_export(session, wish, asker, locale="en", translate=str, address="127.0.0.1").id


def _grant(parts: Parts, username: str, module: str, **changes: object) -> None:
    with parts.database.writing() as session:
        user_id = access.viewer_for(session, username, parts.now()).user_id
        session.add(UserGrant(user_id=user_id, module=module, **changes))


def _state(parts: Parts, export_id: str) -> str:
    with parts.database.reading() as session:
        return session.get_one(Export, export_id).state


def test_worker_makes_what_was_asked_for_once(hospital: Parts) -> None:
    export_id = _ask(hospital)
    assert service.due_exports(hospital) == [export_id]
    service.run_export(hospital, export_id)
    service.run_export(hospital, export_id)
    assert service.due_exports(hospital) == []
    sheet = load_workbook(service.file_of(hospital, export_id)).worksheets[0]
    assert sheet.max_row == PEOPLE + 1


def test_export_of_a_worker_that_died_is_made_again(hospital: Parts) -> None:
    export_id = _ask(hospital)
    with hospital.database.writing() as session:
        export = session.get_one(Export, export_id)
        export.state, export.claimed_until = ExportState.RUNNING, hospital.now() - timedelta(seconds=1)
    assert service.due_exports(hospital) == [export_id]


def test_list_above_the_row_limit_is_refused(hospital: Parts) -> None:
    _grant(hospital, "alice", "export", row_limit=PEOPLE - 1)
    with pytest.raises(Refused):
        _ask(hospital)


def test_who_may_not_export_asks_in_vain(hospital: Parts) -> None:
    with pytest.raises(NotAllowed):
        _ask(hospital, "bob")


def test_right_that_was_taken_away_meanwhile_ends_in_a_failure(hospital: Parts) -> None:
    export_id = _ask(hospital)
    _grant(hospital, "alice", "export", can_view=False)
    service.run_export(hospital, export_id)
    assert _state(hospital, export_id) == ExportState.FAILED
    assert not service.file_of(hospital, export_id).exists()


def test_masked_user_exports_masked_numbers(hospital: Parts) -> None:
    _grant(hospital, "bob", "export", can_view=True, row_limit=100)
    export_id = _ask(hospital, "bob")
    service.run_export(hospital, export_id)
    rows = list(
        load_workbook(service.file_of(hospital, export_id)).worksheets[0].iter_rows(min_row=2, values_only=True)
    )
    assert rows[0] == ("Person 0", "138****8000", "330***********1220")


def test_scope_cuts_the_export(hospital: Parts) -> None:
    _grant(hospital, "alice", "contact", reach="own")
    export_id = _ask(hospital)
    service.run_export(hospital, export_id)
    assert load_workbook(service.file_of(hospital, export_id)).worksheets[0].max_row == 1


def test_file_is_removed_after_seven_days(hospital: Parts) -> None:
    export_id = _ask(hospital)
    service.run_export(hospital, export_id)
    with hospital.database.writing() as session:
        session.get_one(Export, export_id).finished_at = hospital.now() - timedelta(days=8)
    assert service.remove_expired(hospital) == 1
    assert _state(hospital, export_id) == ExportState.EXPIRED
    assert not service.file_of(hospital, export_id).exists()


def test_list_of_clinical_data_is_not_there_without_the_right(hospital: Parts) -> None:
    _grant(hospital, "alice", "clinical", can_view=False)
    with hospital.database.reading() as session, pytest.raises(NotFound):
        service.find_list("charges", access.viewer_for(session, "alice", hospital.now()))


def test_export_stands_in_the_log_of_everybody_in_it(hospital: Parts) -> None:
    export_id = _ask(hospital)
    service.run_export(hospital, export_id)
    with hospital.database.reading() as session:
        people = list(session.scalars(select(Patient.id).order_by(Patient.id)))
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == Action.EXPORT).order_by(AuditEvent.id))
        told = [(each.patient_id, each.subject, each.reason, each.actor) for each in events]
    assert told == [(of, f"export:{export_id}", "Yearly letter", "alice") for of in (None, *people)]


def test_cells_hold_no_control_characters_and_no_endless_text() -> None:
    assert cell_text("a\x00b\x1bc\ud800\nd") == "abc\nd"
    assert len(cell_text("x" * 40_000)) == 32_767


def test_every_export_has_a_reason_on_record(hospital: Parts) -> None:
    _ask(hospital)
    with hospital.database.reading() as session:
        assert session.scalars(select(Export.reason)).all() == ["Yearly letter"]
