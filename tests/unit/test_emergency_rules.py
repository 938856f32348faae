"""What must be known of a person, and said, before a record outside the scope is opened."""

from __future__ import annotations

from datetime import date

import pytest

from app.access.rules.emergency import Sought, fits, is_reason_enough

BORN = date(1972, 3, 1)


@pytest.mark.parametrize("reason", ["unconscious", "病人昏迷需要立即联系家属", "in the ambulance now"])
def test_a_reason_of_ten_characters_is_enough(reason: str) -> None:
    assert is_reason_enough(reason)


@pytest.mark.parametrize("reason", ["", "urgent", "a b c d e f", "xxxxxxxxxxxxxxx", "          ", "1111111112"])
def test_a_reason_that_says_nothing_is_not(reason: str) -> None:
    assert not is_reason_enough(reason)


@pytest.mark.parametrize(
    ("sought", "is_right"),
    [
        (Sought(key="1", name="王秀兰"), True),
        (Sought(key="1", name=" 王 秀兰 "), True),
        (Sought(key="1", birth_date=BORN), True),
        (Sought(key="1", name="王秀兰", birth_date=BORN), True),
        (Sought(key="1", name="王秀", birth_date=BORN), False),
        (Sought(key="1", name="王秀兰", birth_date=date(1972, 3, 2)), False),
        (Sought(key="1"), False),
        (Sought(key="1", name="  "), False),
    ],
)
def test_all_that_is_given_must_be_right_and_something_must_be_given(sought: Sought, is_right: bool) -> None:
    assert fits(sought, name="王秀兰", birth_date=BORN) is is_right
