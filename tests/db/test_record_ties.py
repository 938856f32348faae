"""Ties between people and to the hospital, wishes and answers, kinds, tags and sources."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.codes import service as codes
from app.errors import Conflict, InvalidInput, NotFound, Refused
from app.messages.rules import MessageKind
from app.messages.service import send_message
from app.parts import Parts
from app.patients import service
from app.patients.kinds import LinkRelation
from app.patients.models import Patient, PatientKind, PatientSource, PatientTag
from app.patients.service import IdentifierData, PatientData, PhoneData

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MOTHER = PatientData(name="王秀兰", phones=(PhoneData(number="13800138000"),))


@pytest.fixture
def people(parts: Parts) -> list[int]:
    with parts.database.writing() as session:
        return [
            service.create_patient(
                session,
                parts.bus,
                PatientData(name=name, is_provisional=True),
                settings=parts.settings,
                by=None,
                now=NOW,
            ).id
            for name in ("A", "B", "C", "D")
        ]


def link(parts: Parts, one: int, other: int, relation: str) -> int:
    with parts.database.writing() as session:
        return service.add_link(session, parts.bus, one, other, relation, by="bob", now=NOW).id


def seen(parts: Parts, patient_id: int) -> list[tuple[int, str]]:
    with parts.database.reading() as session:
        return [(each.other_id, each.relation.value) for each in service.links_of(session, patient_id)]


@pytest.mark.parametrize("relation", list(LinkRelation))
def test_a_link_shows_on_both_sides_each_in_its_own_words(
    parts: Parts, people: list[int], relation: LinkRelation
) -> None:
    mother, child = people[:2]
    link(parts, mother, child, relation)
    [(other, told)] = seen(parts, mother)
    [(back, inverse)] = seen(parts, child)
    assert (other, told, back) == (child, relation, mother)
    with pytest.raises(Conflict):
        link(parts, child, mother, inverse)


def test_an_introduction_in_a_circle_is_refused_over_any_number_of_people(parts: Parts, people: list[int]) -> None:
    a, b, c, d = people
    for one, other in ((a, b), (b, c), (c, d)):
        link(parts, one, other, "introduced_by")
    for one, other in ((d, a), (c, a), (b, a), (a, a)):
        with pytest.raises(InvalidInput):
            link(parts, one, other, "introduced_by")
    with parts.database.reading() as session:
        tree = service.introduced_people(session, a)
    assert [(person.name, person.depth) for person in tree] == [("B", 1), ("C", 2), ("D", 3)]


def test_two_who_introduce_each_other_at_once_do_not_both_succeed(parts: Parts, people: list[int]) -> None:
    outcomes: list[str] = []

    def introduce(one: int, other: int) -> None:
        try:
            link(parts, one, other, "introduced_by")
            outcomes.append("done")
        except InvalidInput:
            outcomes.append("refused")

    threads = [threading.Thread(target=introduce, args=pair) for pair in (people[:2], people[1::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]


def test_a_link_can_be_removed_and_made_again(parts: Parts, people: list[int]) -> None:
    link_id = link(parts, people[0], people[1], "friend")
    with parts.database.writing() as session:
        removed = service.remove_link(session, parts.bus, people[1], link_id, by="bob", now=NOW)
    assert seen(parts, people[0]) == []
    link(parts, people[1], removed.other_id, removed.relation)
    assert len(seen(parts, people[0])) == 1
    with parts.database.writing() as session, pytest.raises(NotFound):
        service.remove_link(session, parts.bus, people[3], link_id, by="bob", now=NOW)


def test_both_sides_of_a_tie_list_each_other(parts: Parts, people: list[int]) -> None:
    with parts.database.writing() as session:
        for patient_id in people[:3]:
            tie = service.add_tie(session, patient_id, kind="doctor", name=" Zhou  Jianhua", by="bob", now=NOW)
        service.end_tie(session, people[2], tie.id, on=date(2026, 11, 21))
        first = service.tied_to(session, "doctor", "Zhou Jianhua", limit=2)
        rest = service.tied_to(session, "doctor", "Zhou Jianhua", limit=2, cursor=first.next_cursor)
        assert [patient.name for _, patient in first.items + rest.items] == ["C", "B", "A"]
        assert service.tie_targets(session) == [("doctor", "Zhou Jianhua", 3)]
        with pytest.raises(InvalidInput):
            service.add_tie(session, people[0], kind="moon", name="", by="bob", now=NOW)


def test_a_wish_is_open_until_it_is_answered_once(parts: Parts, people: list[int]) -> None:
    with parts.database.writing() as session:
        wish = service.add_note(session, parts.bus, people[0], kind="wish", text="mornings", by="bob", now=NOW)
        service.add_note(
            session, parts.bus, people[0], kind="opinion", text="good", by="bob", now=NOW + timedelta(days=1)
        )
    with parts.database.writing() as session:
        assert [note.kind for note in service.notes_of(session, people[0])] == ["wish", "opinion"]
        service.answer_note(session, parts.bus, people[0], wish.id, "noted", by="alice", now=NOW)
    with parts.database.writing() as session:
        with pytest.raises(Conflict):
            service.answer_note(session, parts.bus, people[0], wish.id, "again", by="bob", now=NOW)
        with pytest.raises(NotFound):
            service.answer_note(session, parts.bus, people[1], wish.id, "again", by="bob", now=NOW)
        assert [note.response for note in service.notes_of(session, people[0])] == [None, "noted"]


@pytest.fixture
def save(parts: Parts) -> Callable[..., Patient]:
    with parts.database.writing() as session:
        codes.seed(session)

    def change(patient: Patient | None = None, **changes: Any) -> Patient:
        with parts.database.writing() as session:
            known = {"settings": parts.settings, "by": "bob", "now": NOW}
            if patient is None:
                made = service.create_patient(session, parts.bus, replace(MOTHER, **changes), **known)
                return service.get_patient(session, made.id)
            before = service.data_of(service.get_patient(session, patient.id))
            return service.update_patient(
                session, parts.bus, patient.id, replace(before, **changes), row_version=None, **known
            )

    return change


def listed(parts: Parts, column: Any) -> list[Any]:
    with parts.database.reading() as session:
        return list(session.scalars(select(column).order_by(column)))


def test_the_first_source_is_kept_and_later_ones_are_added(parts: Parts, save: Callable[..., Patient]) -> None:
    with parts.database.reading() as session:
        first, second = [each.code for each in codes.items(session, "source")][:2]
    patient = save(source=first)
    for source in (second, second, None):
        patient = save(patient, source=source)
    assert patient.first_source == first
    assert sorted(listed(parts, PatientSource.source)) == sorted([first, second])


def test_kinds_and_tags_are_several_and_stay_when_nothing_is_said(parts: Parts, save: Callable[..., Patient]) -> None:
    patient = save(kinds=("patient", "family", "patient"), tags=(" likes  mornings ", "", "afraid of pain"))
    save(patient, remark="new")
    assert listed(parts, PatientKind.kind) == ["family", "patient"]
    assert listed(parts, PatientTag.tag) == ["afraid of pain", "likes mornings"]
    save(patient, kinds=("staff",), tags=())
    assert (listed(parts, PatientKind.kind), listed(parts, PatientTag.tag)) == (["staff"], [])


def test_a_code_that_no_list_offers_is_refused_by_its_field(save: Callable[..., Patient]) -> None:
    with pytest.raises(InvalidInput) as caught:
        save(region="atlantis", education="x", department_id=77)
    assert set(caught.value.fields["errors"]) == {"region", "education", "department_id"}  # type: ignore[call-overload]
    with pytest.raises(InvalidInput) as caught:
        save(kinds=("alien",), email="nonsense", preferred_channel="pigeon")
    assert set(caught.value.fields["errors"]) == {"kinds", "email", "preferred_channel"}  # type: ignore[call-overload]


def test_the_region_is_proposed_from_the_address_and_a_given_one_is_kept(save: Callable[..., Patient]) -> None:
    assert save(address="杭州市西湖区文一路 18 号").region == "330106"
    assert (
        save(
            address="杭州市西湖区文一路 18 号",
            region="3301",
            phones=(),
            identifiers=(IdentifierData(type="outpatient", value="MZ1"),),
        ).region
        == "3301"
    )


def test_an_id_card_fills_sex_and_birth_date(save: Callable[..., Patient]) -> None:
    patient = save(identifiers=(IdentifierData(type="id_card", value="11010519491231002x"),))
    assert (patient.sex, patient.birth_date) == ("F", date(1949, 12, 31))


def test_the_old_id_of_a_merged_record_leads_to_the_one_that_holds_the_person(parts: Parts, people: list[int]) -> None:
    with parts.database.writing() as session:
        loser = session.get(Patient, people[0])
        assert loser is not None
        loser.merged_into_id = people[1]
    with parts.database.reading() as session:
        assert service.get_patient(session, people[0]).id == people[1]


def test_a_number_without_texts_gets_none_and_another_one_of_the_person_does(
    parts: Parts, save: Callable[..., Patient]
) -> None:
    silent, other = "13800138000", "13900139000"
    patient = save(phones=(PhoneData(number=silent, do_not_text=True), PhoneData(number=other)))
    with parts.database.writing() as session:
        sent = {
            "settings": parts.settings,
            "patient_id": patient.id,
            "kind": MessageKind.CARE,
            "created_by": "bob",
            "now": NOW,
        }
        with pytest.raises(Refused):
            send_message(session, parts.bus, number=silent, text="hello", **sent)
        assert send_message(session, parts.bus, text="hello", **sent).number == f"+86{other}"


def test_a_text_counts_as_contact_for_a_scope_of_days(parts: Parts, save: Callable[..., Patient]) -> None:
    patient = save()
    later = NOW + timedelta(days=30)
    with parts.database.writing() as session:
        send_message(
            session,
            parts.bus,
            settings=parts.settings,
            patient_id=patient.id,
            text="hello",
            kind=MessageKind.CARE,
            created_by="bob",
            now=later,
        )
    assert listed(parts, Patient.active_at) == [later]
