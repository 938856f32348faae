"""When two records are proposed as one person, and what a merge makes of their fields."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duplicates.rules import (
    DuplicateReason,
    Person,
    Side,
    compare,
    differing,
    is_birth_near,
    is_name_similar,
    merged_values,
    score_of,
)

WOMAN = Person(id=1, name="王秀兰", folded="王秀兰", sound="wangxiulan", sex="F", birth_date=date(1972, 3, 1))
NOBODY = replace(WOMAN, id=2, name="李四", folded="李四", sound="lisi", birth_date=date(1990, 7, 7))
PHONE = frozenset({"+8613800138000"})
CARD, OTHER_CARD = ("", "id_card", "330106197203011220"), ("", "id_card", "330106199007070018")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"folded": "王秀兰"}, DuplicateReason.SAME_NAME_BIRTH),
        ({"name": "王秀蘭"}, DuplicateReason.OTHER_SCRIPT),
        ({"folded": "王秀岚", "name": "王秀岚"}, DuplicateReason.SAME_SOUND_BIRTH),
        ({"folded": "王秀英", "name": "王秀英", "sound": "wangxiuying"}, DuplicateReason.SIMILAR_NAME_BIRTH),
        ({"birth_date": date(1972, 1, 3)}, DuplicateReason.NEAR_BIRTH),
        ({"birth_date": date(1927, 3, 1)}, DuplicateReason.NEAR_BIRTH),
    ],
)
def test_a_slip_of_the_pen_is_seen_through(changes: dict[str, object], reason: DuplicateReason) -> None:
    assert compare(WOMAN, replace(WOMAN, id=2, **changes)) == [reason]


def test_numbers_and_identifiers_speak_only_together_with_a_name_or_a_day() -> None:
    one, other = replace(WOMAN, numbers=PHONE), replace(NOBODY, numbers=PHONE)
    assert compare(one, other) == []
    assert compare(one, replace(other, birth_date=WOMAN.birth_date)) == [DuplicateReason.SAME_PHONE_BIRTH]
    unknown = replace(WOMAN, id=2, birth_date=None, numbers=PHONE)
    assert compare(one, unknown) == [DuplicateReason.SAME_PHONE_NAME]
    his, peis = frozenset({("HIS", "card", "77001")}), frozenset({("PEIS", "outpatient", "77001")})
    assert compare(replace(WOMAN, identifiers=his), replace(NOBODY, identifiers=peis)) == []
    assert compare(replace(WOMAN, identifiers=his), replace(unknown, numbers=frozenset(), identifiers=peis)) == [
        DuplicateReason.SAME_IDENTIFIER
    ]


def test_nobody_is_compared_by_the_day_that_stands_for_an_unknown_one() -> None:
    unknown = replace(WOMAN, birth_date=date(1900, 1, 1))
    assert compare(unknown, replace(unknown, id=2)) == []


def test_two_valid_id_cards_speak_against_one_person() -> None:
    one, other = replace(WOMAN, identifiers=frozenset({CARD})), replace(WOMAN, id=2)
    reasons = compare(one, other)
    assert (
        score_of(reasons, one, replace(other, identifiers=frozenset({OTHER_CARD}))) < score_of(reasons, one, other) - 30
    )


@given(st.dates(date(1930, 1, 1), date(2026, 1, 1)), st.integers(0, 7), st.integers(0, 9))
def test_a_birth_date_with_one_wrong_digit_is_near(day: date, place: int, digit: int) -> None:
    written = f"{day:%Y%m%d}"
    wrong = f"{written[:place]}{digit}{written[place + 1 :]}"
    try:
        other = datetime.strptime(wrong, "%Y%m%d").date()
    except ValueError:
        other = day
    assert is_birth_near(day, other)
    assert is_birth_near(other, day)


@given(st.text("王李秀兰英", min_size=2, max_size=4), st.integers(0, 4), st.text("王李秀兰英", max_size=1))
def test_a_name_with_one_slip_is_similar_both_ways(name: str, place: int, sign: str) -> None:
    other = name[:place] + sign + name[place + 1 :]
    one, two = replace(WOMAN, folded=name, sound=""), replace(WOMAN, folded=other, sound="")
    assert is_name_similar(one, two) == is_name_similar(two, one)
    assert is_name_similar(one, two) or len(other) < 2


def test_a_merge_fills_what_is_unknown_and_keeps_what_was_chosen() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    winner = {"id": 1, "name": "王秀兰", "sex": "U", "address": "杭州", "email": None, "is_key_patient": False,
              "is_provisional": True, "custom": {"a": "1", "b": ""}, "active_at": early, "row_version": 1}  # fmt: skip
    loser = {"id": 2, "name": "王秀蘭", "sex": "F", "address": "上海", "email": "a@example.com", "is_key_patient": True,
             "is_provisional": False, "custom": {"a": "2", "b": "3"}, "active_at": late, "row_version": 9}  # fmt: skip
    assert differing(winner, loser) == ["name", "address", "is_key_patient"]
    assert merged_values(winner, loser, {"address": Side.LOSER}) == {
        "sex": "F", "address": "上海", "email": "a@example.com", "is_key_patient": True, "is_provisional": False,
        "custom": {"a": "1", "b": "3"}, "active_at": late,
    }  # fmt: skip
