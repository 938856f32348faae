"""The synthetic hospital: the same from the same seed, full of dirt, and true about itself."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import codes
from app.patients.phones import parse_number, parse_numbers
from app.patients.rules import read_date, read_id_card
from app.synthetic.rules import (
    LARGEST,
    LOOK_ALIKE,
    SAME_PERSON,
    UNTIL,
    Likeness,
    generate,
    history_of,
    true_pairs,
)
from app.synthetic.rules.words import PLACES
from app.synthetic.service.sheets import COLUMNS, write_csv

FINGERPRINT = "23a0c8f4cf4facc506c3dbd47edf8babe4a5aaa2dbf6ef32d2d1bd2b5d40dde8"
SEEDS = st.integers(0, 2**31)
SOME = list(generate(4, 3000))


def parse(text: str) -> object:
    return parse_number(text, area_code="0571", outside_prefix="9")


def test_the_same_seed_gives_the_same_hospital_on_every_machine() -> None:
    told = "\n".join(f"{record!r}{history_of(record, 1)!r}" for record in generate(1, 200))
    assert hashlib.sha256(told.encode()).hexdigest() == FINGERPRINT


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, size=st.integers(0, 60))
def test_a_smaller_hospital_is_the_beginning_of_a_larger_one(seed: int, size: int) -> None:
    smaller = list(generate(seed, size))
    assert len(smaller) == size
    assert [record.number for record in smaller] == list(range(1, size + 1))
    assert smaller == list(islice(generate(seed, size + 40), size))


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_the_truth_names_one_person_for_repeats_and_two_for_look_alikes(seed: int) -> None:
    records = list(generate(seed, 150))
    by_number = {record.number: record for record in records}
    for record in records:
        first = by_number.get(record.like or 0)
        assert (record.likeness is Likeness.ORIGINAL) == (first is None)
        assert (record.likeness in SAME_PERSON) == (first is not None and first.person == record.person)
    for pair in true_pairs(records):
        assert pair.first < pair.second
        assert pair.is_same == (by_number[pair.first].person == by_number[pair.second].person)


def test_every_kind_of_repeat_and_look_alike_is_there() -> None:
    assert {pair.likeness for pair in true_pairs(SOME)} == SAME_PERSON | LOOK_ALIKE


def test_no_two_records_have_an_identifier_in_common_and_id_cards_are_right() -> None:
    found = Counter((each.system, each.type, each.value) for record in SOME for each in record.identifiers)
    assert max(found.values()) == 1
    cards = [(record, each.value) for record in SOME for each in record.identifiers if each.type == "id_card"]
    read = [(record, read_id_card(value)) for record, value in cards]
    assert all(card is not None and card[1] == record.sex for record, card in read)
    assert all(card is not None and card[0] == record.birth_date for record, card in read)


def test_different_people_share_a_number_only_at_home_or_at_the_clinic() -> None:
    holders: dict[str, set[int]] = {}
    for record in SOME:
        for phone in record.phones:
            holders.setdefault(phone.number, set()).add(record.household)
    assert [number for number, households in holders.items() if len(households) > 1] == ["+8657187000000"]


def test_every_number_is_read_as_what_it_is_in_the_spelling_of_the_clerk() -> None:
    for record in SOME[:1000]:
        for phone in record.phones:
            found = parse(phone.as_entered)
            assert (found.e164, found.kind) == (phone.number, phone.kind)  # type: ignore[attr-defined]


@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, len(SOME) - 1), seed=SEEDS)
def test_charges_add_up_and_history_keeps_its_order(number: int, seed: int) -> None:
    record = SOME[number]
    history = history_of(record, seed)
    lines = [line for visit in history.visits for line in visit.charges]
    assert history.net_cents == sum(line.amount_cents for line in lines)
    paid = sum(line.amount_cents for line in lines if line.amount_cents > 0)
    assert 0 <= history.net_cents <= paid
    for visit in history.visits:
        assert record.created_at.date() <= visit.started_at.date()
        assert visit.started_at <= visit.ended_at <= UNTIL


def test_some_charges_are_refunded_and_some_of_them_billed_again() -> None:
    visits = [visit for record in SOME[:1000] for visit in history_of(record, 4).visits]
    refunded = [visit for visit in visits if any(line.amount_cents < 0 for line in visit.charges)]
    again = [visit for visit in refunded if visit.charges[-1].amount_cents > 0]
    assert 0 < len(again) < len(refunded) < len(visits)


def test_most_people_live_around_the_hospital() -> None:
    regions = Counter(record.region for record in SOME)
    assert set(regions) <= {place.code for place in PLACES}
    assert sum(count for region, count in regions.items() if region.startswith("3301")) > len(SOME) * 0.6


def test_a_list_holds_what_was_generated_in_the_spelling_of_the_front_desk() -> None:
    file = io.StringIO()
    assert write_csv(file, SOME[:500], seed=4) == 500
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    for record, row in zip(SOME, rows, strict=False):
        assert row["姓名"].strip(" 　") == record.name
        assert read_date(row["出生日期"]) == record.birth_date
        assert numbers_in(row["手机"]) == [phone.number for phone in record.phones]
    assert file.getvalue().encode("gb18030").decode("gb18030") == file.getvalue()


def test_unknown_birth_dates_are_written_as_old_systems_write_them() -> None:
    unknown = [record for record in SOME if record.likeness is Likeness.NO_BIRTH]
    assert {record.birth_date for record in unknown} == {date(1900, 1, 1)}


def test_every_code_is_in_the_lists_that_the_product_brings_along() -> None:
    given_codes = codes_of_the_product()
    histories = [visit for record in SOME[:500] for visit in history_of(record, 4).visits]
    used = {("region", record.region) for record in SOME}
    used |= {("source", record.source) for record in SOME if record.source}
    used |= {("occupation", record.social.occupation) for record in SOME if record.social.occupation}
    used |= {("education", record.social.education) for record in SOME if record.social.education}
    used |= {("income_band", record.social.income_band) for record in SOME if record.social.income_band}
    used |= {("disease", visit.disease) for visit in histories}
    assert used <= given_codes


def test_a_hospital_has_a_largest_size() -> None:
    with pytest.raises(ValueError, match="id cards"):
        next(generate(1, LARGEST + 1))


def codes_of_the_product() -> set[tuple[str, str]]:
    data = Path(codes.__file__).parent / "data"
    texts = [file.read_text(encoding="utf-8") for file in data.glob("*.csv")]
    return {(row["list"], row["code"]) for text in texts for row in csv.DictReader(text.splitlines())}


def numbers_in(cell: str) -> list[str]:
    return [number.e164 for number in parse_numbers(cell, area_code="0571", outside_prefix="9").numbers]
