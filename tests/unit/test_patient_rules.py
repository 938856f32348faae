"""What a record may hold."""

from datetime import date

import pytest

from app.patients.rules import (
    Sex,
    age_on,
    clean_paragraphs,
    clean_text,
    is_plausible_birth_date,
    read_date,
    read_id_card,
)


def test_line_breaks_control_characters_and_direction_marks_leave_a_name() -> None:
    assert clean_text(" 王\n\x00小\u202e明\u200f\x1b ") == "王 小明"


def test_markup_in_a_name_is_only_text() -> None:
    assert clean_text("<script>alert(1)</script>") == "<script>alert(1)</script>"


def test_a_remark_keeps_its_lines() -> None:
    assert clean_paragraphs("first\r\nse\x07cond\n\n") == "first\nsecond"


def test_age_grows_on_the_birthday() -> None:
    born = date(1972, 3, 1)
    assert age_on(born, date(2026, 2, 28)) == 53
    assert age_on(born, date(2026, 3, 1)) == 54
    assert age_on(None, date(2026, 3, 1)) is None
    assert age_on(date(2024, 2, 29), date(2025, 2, 28)) == 0


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(1850, 1, 1)])
def test_nobody_is_born_tomorrow_or_ages_ago(day: date) -> None:
    assert not is_plausible_birth_date(day, date(2026, 11, 21))


def test_a_right_id_card_gives_birth_date_and_sex() -> None:
    assert read_id_card("11010519491231002X") == (date(1949, 12, 31), Sex.FEMALE)
    assert read_id_card("110105491231001") == (date(1949, 12, 31), Sex.MALE)


@pytest.mark.parametrize(
    "value", ["110105194912310021", "11010519491331002X", "1", "A1010519491231002X", "110105491331001"]
)
def test_a_wrong_id_card_gives_nothing(value: str) -> None:
    assert read_id_card(value) is None


@pytest.mark.parametrize(
    "text", ["1972-03-01", "1972/3/1", "1972.3.1", "19720301", "１９７２年３月１日", "1972-03-01 00:00:00"]
)
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    assert read_date(text) == date(1972, 3, 1)


@pytest.mark.parametrize(
    "text", ["yesterday", "1972", "1972-13-01", "197231", "01/03/1972", "1972-03-011", "-", "x1972-03-01"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_date(text)


def test_no_text_is_no_day() -> None:
    assert read_date("  ") is None
