"""Making, changing and finding patient records."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.access import service as access
from app.access.models import UserGrant
from app.accounts.models import User
from app.accounts.rules import Role
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.models import JournalEntry
from app.organisation.models import Department
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient
from app.patients.service import ContactData, IdentifierData, ListFilters, PatientData, PhoneData

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MOTHER = PatientData(name="王秀兰", sex="F", birth_date=date(1972, 3, 1), phones=(PhoneData(number="138 0013 8000"),))


def create(parts: Parts, data: PatientData) -> Patient:
    with parts.database.writing() as session:
        made = service.create_patient(session, parts.bus, data, settings=parts.settings, by="agent1", now=NOW)
        return service.get_patient(session, made.id)


def change(parts: Parts, patient_id: int, row_version: int | None = None, **changes: Any) -> Patient:
    with parts.database.writing() as session:
        before = service.data_of(service.get_patient(session, patient_id))
        return service.update_patient(
            session,
            parts.bus,
            patient_id,
            replace(before, **changes),
            row_version=row_version,
            settings=parts.settings,
            by="agent2",
            now=NOW,
        )


def test_record_belongs_to_the_department_of_whoever_makes_it(parts: Parts) -> None:
    with parts.database.writing() as session:
        ward = Department(code="W", name="Ward", path="/1/", created_at=NOW)
        session.add(ward)
        session.flush()
        account = {"username": "bob", "display_name": "Bob", "role": Role.AGENT.value, "password_hash": "-"}
        session.add(bob := User(**account, department_id=ward.id, created_at=NOW))
        session.flush()
        session.add(UserGrant(user_id=bob.id, module="contact", reach="department"))
    with parts.database.writing() as session:
        access.bind(session, access.viewer_for(session, "bob", NOW), now=NOW, zone=parts.settings.timezone)
        made = service.create_patient(session, parts.bus, MOTHER, settings=parts.settings, by="bob", now=NOW)
        session.expire_all()
        assert service.get_patient(session, made.id).department_id == ward.id


def test_record_made_for_nobody_in_particular_belongs_to_no_department(parts: Parts) -> None:
    assert create(parts, MOTHER).department_id is None


def found(parts: Parts, **conditions: Any) -> list[str]:
    with parts.database.reading() as session:
        page = service.search_patients(session, settings=parts.settings, limit=50, **conditions)
        return [patient.name for patient in page.items]


def test_a_number_that_ends_in_nines_is_found_by_its_beginning(parts: Parts) -> None:
    create(parts, replace(MOTHER, phones=(PhoneData(number="13999999999"),)))
    assert found(parts, query="1399999") == ["王秀兰"]
    assert found(parts, query="1389999") == []


def test_key_patients_and_unfinished_records_can_be_picked_out(parts: Parts) -> None:
    create(parts, MOTHER)
    create(parts, replace(MOTHER, name="key", is_key_patient=True))
    create(parts, PatientData(name="first contact", is_provisional=True))
    assert found(parts, filters=ListFilters(key_only=True)) == ["key"]
    assert found(parts, filters=ListFilters(provisional_only=True)) == ["first contact"]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "WyJ4Il0", "W10", "WzEsMl0", "Wy0xXQ", "WzFlOTld", "é"])
def test_a_damaged_cursor_is_refused(parts: Parts, cursor: str) -> None:
    with parts.database.reading() as session, pytest.raises(InvalidInput) as refusal:
        service.search_patients(session, settings=parts.settings, limit=3, cursor=cursor)
    assert refusal.value.fields["field"] == "cursor"


def test_all_faults_are_named_at_once(parts: Parts) -> None:
    data = PatientData(
        name=" \n",
        sex="X",
        birth_date=date(2030, 1, 1),
        phones=(PhoneData(number="13800138000"), PhoneData(number="95588")),
        identifiers=(IdentifierData(type="id_card", value="110105194912310021"),),
        contacts=(ContactData(name="", relation="boss", phones=(PhoneData(number="abc"),)),),
    )
    with pytest.raises(InvalidInput) as refusal:
        create(parts, data)
    errors = refusal.value.fields["errors"]
    assert isinstance(errors, dict)
    assert set(errors) == {
        "name",
        "sex",
        "birth_date",
        "phones.1",
        "identifiers.0.value",
        "contacts.0.name",
        "contacts.0.relation",
        "contacts.0.phones.0",
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "王" * 121}, "name"),
        ({"remark": "x" * 2001}, "remark"),
        ({"language": "Putonghua!"}, "language"),
        ({"phones": (PhoneData(number="13800138000"),) * 21}, "phones"),
        ({"phones": ()}, "phones"),
        ({"identifiers": (IdentifierData(type="out patient", value="1"),)}, "identifiers.0.type"),
        ({"identifiers": (IdentifierData(type="card", value=" "),)}, "identifiers.0.value"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_field(
    parts: Parts, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create(parts, replace(MOTHER, **changes))
    assert refusal.value.fields["field"] == field


def test_a_first_contact_needs_only_a_name(parts: Parts) -> None:
    assert create(parts, PatientData(name="吴女士", is_provisional=True)).is_provisional


def test_hostile_names_lose_what_cannot_be_seen_and_keep_the_rest(parts: Parts) -> None:
    patient = create(parts, replace(MOTHER, name="<script>\u202ealert(1)\n</script>\x00"))
    assert patient.name == "<script>alert(1) </script>"


def test_an_id_card_fills_sex_and_birth_date(parts: Parts) -> None:
    card = (IdentifierData(type="id_card", value="11010519491231002x"),)
    patient = create(parts, PatientData(name="李", identifiers=card))
    assert (patient.sex, patient.birth_date) == ("F", date(1949, 12, 31))
    assert patient.identifiers[0].value == "11010519491231002X"


def test_an_identifier_belongs_to_one_person_and_the_refusal_names_the_holder(parts: Parts) -> None:
    card = (IdentifierData(type="card", value="K77"),)
    holder = create(parts, replace(MOTHER, identifiers=card))
    with pytest.raises(Conflict) as refusal:
        create(parts, replace(MOTHER, identifiers=card))
    assert refusal.value.fields["patient_id"] == holder.id
    create(parts, replace(MOTHER, identifiers=(replace(card[0], system="HIS"),)))


def test_a_number_may_belong_to_a_whole_family(parts: Parts) -> None:
    create(parts, MOTHER)
    create(parts, replace(MOTHER, name="child"))
    assert found(parts, phone="13800138000") == ["child", "王秀兰"]


def test_a_contact_person_cannot_have_the_patients_own_number(parts: Parts) -> None:
    contact = ContactData(name="李", relation="child", phones=(PhoneData(number="+8613800138000"),))
    with pytest.raises(InvalidInput) as refusal:
        create(parts, replace(MOTHER, contacts=(contact,)))
    assert refusal.value.fields["field"] == "contacts.0.phones"


def test_changing_a_record_keeps_what_stays_and_removes_what_goes(parts: Parts) -> None:
    contact = ContactData(name="李敏", relation="child", phones=(PhoneData(number="13700137000"),))
    first = create(parts, replace(MOTHER, contacts=(contact,), identifiers=(IdentifierData(type="card", value="K1"),)))
    kept = [phone.id for phone in first.phones]
    contact = replace(contact, id=first.contacts[0].id, may_be_told=True)
    second = change(
        parts,
        first.id,
        phones=(PhoneData(number="13800138000", is_valid=False), PhoneData(number="0571-88886666-801")),
        contacts=(contact,),
        identifiers=(),
    )
    assert [second.phones[0].id, second.phones[2].id] == kept
    assert [(phone.number, phone.extension, phone.is_valid) for phone in second.phones] == [
        ("+8613800138000", "", False),
        ("+8657188886666", "801", True),
        ("+8613700137000", "", True),
    ]
    assert (second.contacts[0].id, second.contacts[0].may_be_told) == (first.contacts[0].id, True)
    assert second.identifiers == []
    assert second.row_version == first.row_version + 1
    assert change(parts, first.id, contacts=()).contacts == []
    assert found(parts, phone="13700137000") == []


def test_saving_an_unchanged_record_changes_no_list(parts: Parts) -> None:
    contact = ContactData(name="李敏", relation="child", phones=(PhoneData(number="0571-88886666-801"),))
    first = create(parts, replace(MOTHER, contacts=(contact,)))
    second = change(parts, first.id)
    assert service.data_of(second) == service.data_of(first)
    assert [phone.id for phone in second.phones] == [phone.id for phone in first.phones]


def test_a_contact_persons_number_can_become_the_patients_own(parts: Parts) -> None:
    contact = ContactData(name="李敏", relation="child", phones=(PhoneData(number="13700137000"),))
    first = create(parts, replace(MOTHER, contacts=(contact,)))
    second = change(parts, first.id, contacts=(), phones=(PhoneData(number="13700137000"),))
    assert [(phone.number, phone.contact_person_id) for phone in second.phones] == [("+8613700137000", None)]


def test_who_saw_an_older_version_changes_nothing(parts: Parts) -> None:
    patient = create(parts, MOTHER)
    change(parts, patient.id, row_version=1, name="first")
    with pytest.raises(Conflict):
        change(parts, patient.id, row_version=1, name="second")
    assert found(parts) == ["first"]


def test_two_people_who_save_at_once_never_overwrite_each_other(parts: Parts) -> None:
    patient = create(parts, MOTHER)
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def save(name: str) -> None:
        start.wait()
        try:
            change(parts, patient.id, row_version=1, name=name)
            outcomes.append("saved")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=save, args=(f"n{place}",)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["refused", "refused", "refused", "saved"]


@pytest.mark.parametrize("patient_id", [0, 77, 2**31, 2**70])
def test_nobody_has_that_id(parts: Parts, patient_id: int) -> None:
    with parts.database.reading() as session, pytest.raises(NotFound):
        service.get_patient(session, patient_id)


def test_the_journal_tells_what_happened_by_ids_only(parts: Parts) -> None:
    patient = create(parts, MOTHER)
    change(parts, patient.id, name="changed")
    with parts.database.reading() as session:
        entries = list(session.scalars(select(JournalEntry).order_by(JournalEntry.seq)))
    assert [(entry.kind, entry.agent, entry.payload) for entry in entries] == [
        ("patient.created", "agent1", {"patient_id": patient.id}),
        ("patient.changed", "agent2", {"patient_id": patient.id}),
    ]
