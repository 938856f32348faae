"""Measured against a synthetic hospital of which is known who is whom."""

from collections import defaultdict
from pathlib import Path

from sqlalchemy import select

from app.duplicates import service
from app.duplicates.models import DuplicatePair, DuplicateSearch
from app.imports import service as imports
from app.parts import Parts
from app.patients.models import Identifier, Patient
from app.synthetic.rules import generate, true_pairs
from app.synthetic.service.filling import fill
from app.synthetic.service.sheets import write_csv

SEED = 20261121
PEOPLE = 1200


def search_to_the_end(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.search_all(session)
    for _ in range(200):
        service.search_changed(parts)
        with parts.database.reading() as session:
            if session.scalars(select(DuplicateSearch.next_id)).one() is None:
                break


def test_nearly_all_true_duplicates_are_proposed_with_a_reason(parts: Parts) -> None:
    offset = fill(parts.database, SEED, PEOPLE)
    search_to_the_end(parts)
    with parts.database.reading() as session:
        pairs = session.execute(select(DuplicatePair.first_id, DuplicatePair.second_id)).all()
    proposed = {(first - offset, second - offset) for first, second in pairs}
    true = {(pair.first, pair.second) for pair in true_pairs(generate(SEED, PEOPLE)) if pair.is_same}
    assert len(true) > 50
    assert len(true & proposed) >= 0.98 * len(true)
    assert len(proposed) < 4 * len(true)


def test_a_dirty_list_of_the_same_hospital_merges_nobody_wrongly(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "hospital.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        rows = write_csv(file, generate(SEED, PEOPLE), seed=SEED)
    report = imports.import_file(parts, path, system="HIS")
    assert report.created + report.updated + report.unchanged + report.rejected + report.to_review == rows
    persons = {
        (each.type, each.value): record.person for record in generate(SEED, PEOPLE) for each in record.identifiers
    }
    found = defaultdict(set)
    with parts.database.reading() as session:
        for patient_id, kind, value in session.execute(
            select(Identifier.patient_id, Identifier.type, Identifier.value)
        ):
            found[patient_id].add(persons[kind, value])
        assert session.scalar(select(Patient.id).limit(1)) is not None
    assert report.created > PEOPLE / 2
    assert [patient_id for patient_id, people in found.items() if len(people) > 1] == []
