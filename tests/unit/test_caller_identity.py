"""Two right identifiers of different kinds make a caller known, however they are spelled; never one of them twice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.rules import Given, IdentityKind, KnownIdentity, is_identified, right_kinds

KNOWN = KnownIdentity(
    name="王秀兰", birth_date=date(1972, 3, 1), id_cards=("11010119720301004X",), cards=("YKT00012345", "MZ-778")
)


def right(kind: IdentityKind, value: str) -> bool:
    return kind in right_kinds([Given(kind=kind, value=value)], KNOWN)


@pytest.mark.parametrize(
    "day", ["1972-03-01", "19720301", "1972.3.1", "1972年3月1日", " 1972/03/01 ", "１９７２－３－１"]
)
def test_a_birth_date_is_right_in_any_spelling(day: str) -> None:
    assert right(IdentityKind.BIRTH_DATE, day)


@pytest.mark.parametrize("day", ["1972-03-02", "720301", "1972", "03-01", "", "1972-13-01", "19720301 19720301"])
def test_another_day_is_not_the_birth_date(day: str) -> None:
    assert not right(IdentityKind.BIRTH_DATE, day)


@pytest.mark.parametrize("end", ["004X", "004x", "0301004X", "11010119720301004X", " 0 0 4 X "])
def test_the_last_four_of_the_id_card_are_enough(end: str) -> None:
    assert right(IdentityKind.ID_CARD, end)


@pytest.mark.parametrize("end", ["04X", "X", "", "1101", "9911010119720301004X"])
def test_less_or_another_part_of_the_id_card_is_not(end: str) -> None:
    assert not right(IdentityKind.ID_CARD, end)


@pytest.mark.parametrize("card", ["ykt00012345", "MZ778", "mz 778"])
def test_a_card_number_is_right_without_its_dashes_and_capitals(card: str) -> None:
    assert right(IdentityKind.CARD, card)


@pytest.mark.parametrize("card", ["2345", "778", ""])
def test_a_part_of_a_card_number_is_not(card: str) -> None:
    assert not right(IdentityKind.CARD, card)


def test_two_kinds_identify_and_one_does_not() -> None:
    name, born = Given(kind=IdentityKind.NAME, value="王 秀兰"), Given(kind=IdentityKind.BIRTH_DATE, value="19720301")
    assert is_identified(right_kinds([name, born], KNOWN))
    assert not is_identified(right_kinds([name, name], KNOWN))
    assert not is_identified(right_kinds([name, Given(kind=IdentityKind.BIRTH_DATE, value="19720302")], KNOWN))


@given(kind=st.sampled_from(IdentityKind), value=st.text(max_size=40))
def test_a_record_that_knows_nothing_identifies_nobody(kind: IdentityKind, value: str) -> None:
    unknown = KnownIdentity(name="", birth_date=None)
    assert right_kinds([Given(kind=kind, value=value)], unknown) == frozenset()
