"""Two records become one and come apart again, and nothing of either is lost."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import app.models  # noqa: F401
from app.db import Table
from app.duplicates import service
from app.duplicates.models import MergeLog
from app.duplicates.rules import Side
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Identifier, Patient, PatientKind, PatientLink, PatientPhone, PatientTag
from app.patients.service import ContactData, IdentifierData, PatientData, PhoneData
from app.visits.models import Charge, Visit

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
NOT_COMPARED = {"journal", "merge_log", "duplicate_pair", "duplicate_search", "audit_event", "audit_head"}
ONE = PatientData(
    name="王秀兰",
    address="杭州",
    phones=(PhoneData(number="13800138000"), PhoneData(number="13800138001")),
    identifiers=(IdentifierData(type="outpatient", value="MZ1"),),
)
OTHER = PatientData(
    name="王秀蘭",
    sex="F",
    birth_date=date(1972, 3, 1),
    address="上海",
    phones=(PhoneData(number="13800138000"), PhoneData(number="13900139000")),
    identifiers=(IdentifierData(type="inpatient", value="ZY1"),),
    contacts=(ContactData(name="李强", relation="spouse", phones=(PhoneData(number="13700137000"),)),),
)


def create(parts: Parts, data: PatientData) -> int:
    with parts.database.writing() as session:
        made = patients.create_patient(session, parts.bus, data, settings=parts.settings, by="bob", now=NOW).id
        session.merge(PatientTag(patient_id=made, tag="quiet", created_at=NOW))
        session.merge(PatientTag(patient_id=made, tag=f"tag {made}", created_at=NOW))
        session.merge(PatientKind(patient_id=made, kind="patient"))
        visit = Visit(patient_id=made, kind="outpatient", started_at=NOW, source_system="HIS", source_key=f"v{made}")
        session.add(visit)
        session.flush()
        charge = Charge(
            patient_id=made, visit_id=visit.id, day=NOW.date(), at=NOW, item="x", kind="drug", amount_cents=-100,
            source_system="HIS", source_key=f"c{made}",
        )  # fmt: skip
        session.add(charge)
        return made


def merge(parts: Parts, winner: int, loser: int, choices: dict[str, Side] | None = None) -> int:
    with parts.database.writing() as session:
        log = service.merge(
            session, parts.bus, winner_id=winner, loser_id=loser, choices=choices, by="alice", now=LATER
        )
        return log.id


def undo(parts: Parts, merge_id: int) -> list[Any]:
    with parts.database.writing() as session:
        return service.undo(session, parts.bus, merge_id, by="alice", now=LATER).left or []


def snapshot(parts: Parts) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that tells of people, without the versions."""
    kept: dict[str, list[tuple[Any, ...]]] = {}
    with parts.database.reading() as session:
        for table in Table.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "row_version"]
            rows = session.execute(select(*columns)) if table.name not in NOT_COMPARED else []
            kept[table.name] = sorted(tuple(map(str, row)) for row in rows)
    return kept


def of(parts: Parts, patient_id: int, table: Any, column: str) -> set[Any]:
    with parts.database.reading() as session:
        return set(session.scalars(select(getattr(table, column)).where(table.patient_id == patient_id)))


def record(parts: Parts, patient_id: int) -> Patient:
    with parts.database.reading() as session:
        return session.get_one(Patient, patient_id)


def test_a_merge_keeps_every_number_identifier_and_entry(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    merge(parts, winner, loser)
    assert of(parts, winner, PatientPhone, "number") == {
        "+8613800138000", "+8613800138001", "+8613900139000", "+8613700137000",
    }  # fmt: skip
    assert of(parts, winner, Identifier, "value") == {"MZ1", "ZY1"}
    assert of(parts, winner, Visit, "source_key") == {f"v{winner}", f"v{loser}"}
    assert of(parts, winner, Charge, "source_key") == {f"c{winner}", f"c{loser}"}
    assert of(parts, winner, PatientTag, "tag") == {"quiet", f"tag {winner}", f"tag {loser}"}
    kept = record(parts, winner)
    assert (kept.name, kept.address, kept.sex, kept.birth_date) == ("王秀兰", "杭州", "F", date(1972, 3, 1))


def test_a_person_chooses_whose_value_a_field_keeps(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    merge(parts, winner, loser, {"address": Side.LOSER, "name": Side.WINNER, "birth_date": Side.WINNER})
    kept = record(parts, winner)
    assert (kept.name, kept.address, kept.birth_date) == ("王秀兰", "上海", None)


def test_the_old_id_and_both_names_still_find_the_person(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, replace(OTHER, name="李梅"))
    merge(parts, winner, loser)
    with parts.database.reading() as session:
        assert service.surviving_id(session, loser) == winner
        assert patients.get_patient(session, loser).id == winner
        for query in ("limei", "王秀兰", "13900139000", "ZY1"):
            page = patients.search_patients(session, settings=parts.settings, query=query, limit=5)
            assert [found.id for found in page.items] == [winner]


def test_a_number_that_both_records_had_finds_one_person(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    merge(parts, winner, loser)
    with parts.database.reading() as session:
        found = patients.match_number(session, "+8613800138000", now=LATER)
    assert [candidate.patient_id for candidate in found] == [winner]


def test_undoing_brings_back_exactly_what_was(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    before = snapshot(parts)
    merge_id = merge(parts, winner, loser, {"address": Side.LOSER})
    assert snapshot(parts) != before
    assert undo(parts, merge_id) == []
    assert snapshot(parts) == before


def test_what_came_after_the_merge_stays_with_the_survivor(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    merge_id = merge(parts, winner, loser, {"address": Side.LOSER})
    with parts.database.writing() as session:
        kept = session.get_one(Patient, winner)
        kept.address = "宁波"
        session.add(PatientPhone(patient_id=winner, number="+8613600136000", kind="mobile", as_entered="x"))
    assert undo(parts, merge_id) == ["address"]
    assert record(parts, winner).address == "宁波"
    assert of(parts, winner, PatientPhone, "number") >= {"+8613600136000", "+8613800138001"}
    assert of(parts, loser, PatientPhone, "number") == {"+8613800138000", "+8613900139000", "+8613700137000"}


def test_merges_in_a_row_come_apart_in_the_other_order_only(parts: Parts) -> None:
    first, second, third = (
        create(parts, ONE),
        create(parts, OTHER),
        create(parts, PatientData(name="王兰", is_provisional=True)),
    )
    before = snapshot(parts)
    inner = merge(parts, second, third)
    outer = merge(parts, first, second)
    with parts.database.reading() as session:
        assert service.surviving_id(session, third) == first
        assert [log.id for log in service.merges_of(session, first)] == [outer, inner]
    with pytest.raises(Conflict):
        undo(parts, inner)
    undo(parts, outer)
    undo(parts, inner)
    assert snapshot(parts) == before


def test_merges_into_one_record_come_apart_in_any_order(parts: Parts) -> None:
    first, second = create(parts, ONE), create(parts, OTHER)
    third = create(parts, replace(OTHER, name="王兰", identifiers=(), address="宁波"))
    before = snapshot(parts)
    one = merge(parts, first, second, {"address": Side.LOSER})
    other = merge(parts, first, third, {"address": Side.LOSER})
    undo(parts, one)
    assert of(parts, first, PatientPhone, "number") >= {"+8613900139000", "+8613700137000"}
    undo(parts, other)
    assert snapshot(parts) == before


def test_a_tie_between_the_two_does_not_tie_the_survivor_to_itself(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    with parts.database.writing() as session:
        session.add(PatientLink(from_id=winner, to_id=loser, relation="sibling", created_at=NOW))
    before = snapshot(parts)
    merge_id = merge(parts, winner, loser)
    with parts.database.reading() as session:
        assert session.execute(select(PatientLink.from_id, PatientLink.to_id)).all() == [(winner, loser)]
    undo(parts, merge_id)
    assert snapshot(parts) == before


def test_a_merged_record_is_merged_once(parts: Parts) -> None:
    winner, loser, third = create(parts, ONE), create(parts, OTHER), create(parts, replace(ONE, identifiers=()))
    merge_id = merge(parts, winner, loser)
    for pair in ((third, loser), (loser, third), (winner, loser)):
        with pytest.raises(Conflict):
            merge(parts, *pair)
    with pytest.raises(InvalidInput):
        merge(parts, winner, winner)
    with pytest.raises(NotFound):
        merge(parts, winner, 2**40)
    undo(parts, merge_id)
    with pytest.raises(Conflict):
        undo(parts, merge_id)


def test_of_two_colleagues_who_merge_at_once_one_is_told(parts: Parts) -> None:
    one, other = create(parts, ONE), create(parts, OTHER)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def attempt(winner: int, loser: int) -> None:
        start.wait()
        try:
            merge(parts, winner, loser)
            outcomes.append("merged")
        except Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=attempt, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["merged", "told"]


def test_the_journal_tells_of_a_merge_by_ids_only(parts: Parts) -> None:
    winner, loser = create(parts, ONE), create(parts, OTHER)
    merge_id = merge(parts, winner, loser)
    undo(parts, merge_id)
    with parts.database.reading() as session:
        entries = session.execute(select(JournalEntry.kind, JournalEntry.payload).order_by(JournalEntry.seq)).all()
    payload = {"patient_id": winner, "merged_id": loser, "merge_id": merge_id}
    assert [tuple(entry) for entry in entries[-2:]] == [("patient.merged", payload), ("patient.unmerged", payload)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_sequence_of_merges_loses_nothing_and_comes_apart_again(parts: Parts, data: st.DataObject) -> None:
    numbers = [f"138001380{place:02}" for place in range(4)]
    people = [
        create(
            parts,
            PatientData(
                name=data.draw(st.sampled_from(["王秀兰", "王秀蘭", "李梅"])),
                address=data.draw(st.sampled_from([None, "杭州", "上海"])),
                birth_date=data.draw(st.sampled_from([None, date(1972, 3, 1)])),
                is_provisional=True,
                phones=tuple(PhoneData(number=each) for each in data.draw(st.sets(st.sampled_from(numbers)))),
            ),
        )
        for _ in range(4)
    ]
    before = snapshot(parts)
    numbers_before = {number for each in people for number in of(parts, each, PatientPhone, "number")}
    merged: list[int] = []
    alive = list(people)
    for _ in range(data.draw(st.integers(1, 3))):
        winner, loser = data.draw(st.permutations(alive))[:2]
        merged.append(merge(parts, winner, loser, data.draw(st.sampled_from([{}, {"address": Side.LOSER}]))))
        alive.remove(loser)
    with parts.database.reading() as session:
        assert {service.surviving_id(session, each) for each in people} == set(alive)
    assert {number for each in alive for number in of(parts, each, PatientPhone, "number")} == numbers_before
    assert {key for each in alive for key in of(parts, each, Visit, "source_key")} == {f"v{each}" for each in people}
    while merged:
        for merge_id in data.draw(st.permutations(merged)):
            with parts.database.reading() as session:
                log = session.get_one(MergeLog, merge_id)
                is_last = session.get_one(Patient, log.winner_id).merged_into_id is None
            merged = (
                [each for each in merged if each != merge_id] if is_last and undo(parts, merge_id) == [] else merged
            )
    assert snapshot(parts) == before
