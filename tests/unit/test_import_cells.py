"""What the cells of a hospital's list mean, and what is never guessed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.rules import (
    CellError,
    Target,
    fits,
    guess_target,
    propose_columns,
    read_birth_date,
    read_cents,
    read_day,
    read_identifier,
    read_moment,
    read_sex,
    safe_cell,
)

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "cell",
    ["1972-03-01", "1972/3/1", "1972.03.01", "19720301", "19720301000000", "1972年3月1日", "１９７２－０３－０１",
     "26359", "26359.0", "1972-03-01 10:20:30", "1972-03-01T00:00:00Z", "民國61年3月1日", "1972-3-1 0:00"],
)  # fmt: skip
def test_a_birth_date_is_read_in_every_spelling(cell: str) -> None:
    assert read_birth_date(cell, TODAY) == date(1972, 3, 1)


@pytest.mark.parametrize(
    "cell", ["", " ", "无", "N/A", "1900-01-01", "1", "0000-00-00", "9999-12-31", "2099-01-01", "1753-01-01", "0"]
)
def test_a_filler_or_an_impossible_day_is_an_unknown_birth_date(cell: str) -> None:
    assert read_birth_date(cell, TODAY) is None


@pytest.mark.parametrize("cell", ["1980-13-40", "03/01/1972", "1972", "72-3-1", "yesterday", "1972-02-30", "x" * 99])
def test_an_ambiguous_day_is_not_guessed(cell: str) -> None:
    with pytest.raises(CellError):
        read_birth_date(cell, TODAY)


@given(day=st.dates(date(1927, 6, 1), TODAY))
def test_any_day_is_the_same_as_text_and_as_a_spreadsheet_counts_it(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for cell in (day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", str(serial), f"{serial}.0"):
        assert read_day(cell) == day


@given(text=st.text(max_size=60))
def test_no_text_breaks_a_reader(text: str) -> None:
    for read in (lambda: read_birth_date(text, TODAY), lambda: read_identifier(text), lambda: read_cents(text),
                 lambda: read_moment(text, ZoneInfo("Asia/Shanghai")), lambda: read_sex(text)):  # fmt: skip
        try:
            read()
        except CellError:
            continue


def test_a_moment_is_in_the_hospitals_zone_unless_it_names_one() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert read_moment("2026-11-21 14:05", shanghai) == datetime(2026, 11, 21, 6, 5, tzinfo=UTC)
    assert read_moment("2026-11-21T14:05:00Z", shanghai) == datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    assert read_moment("46347.5", shanghai) == datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("００１２３", "00123"), ("mz 001", "MZ001"), ("'00123", "00123"), ("123.0", "123"), ("1.2345E4", "12345"),
     ("无", ""), ("0", ""), ("1.23456789012E+11", "123456789012")],
)  # fmt: skip
def test_an_identifier_keeps_what_was_written(cell: str, value: str) -> None:
    assert read_identifier(cell) == value


@pytest.mark.parametrize("cell", ["1.38E+10", "3.30106E+17", "3.30106197203011E+17", "x" * 61])
def test_an_identifier_that_lost_digits_is_not_guessed(cell: str) -> None:
    with pytest.raises(CellError):
        read_identifier(cell)


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("12", 1200),
        ("￥1,234.50", 123450),
        ("-3.5", -350),
        ("(12.00)", -1200),
        ("12.345", 1235),
        ("8元", 800),
        ("退5.00", -500),
    ],
)
def test_money_is_read_to_the_cent(cell: str, cents: int) -> None:
    assert read_cents(cell) == cents


@pytest.mark.parametrize("cell", ["", "abc", "1e400", "99999999999", "NaN", "Infinity"])
def test_what_is_no_sum_of_money_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        read_cents(cell)


@given(cents=st.integers(-(2**31) + 1, 2**31 - 1))
def test_any_sum_survives_being_written_and_read(cents: int) -> None:
    assert read_cents(f"{cents / 100:.2f}") == cents


def test_columns_are_known_by_their_titles_in_three_languages() -> None:
    wanted = ["name", "phone", "phone", "birth_date", "id_card", None]
    for header in (
        ["姓名", "手机号码", "电话2", "出生日期", "身份证号(必填)", "病区"],
        ["姓名", "行動電話", "聯絡電話", "生日", "身分證號", "病房區"],
        ["Patient Name", "mobile", "Tel.", "Date of birth", "ID card no.", "ward"],
    ):
        assert propose_columns(header, Target.PATIENTS) == wanted


def test_the_kind_of_a_list_is_guessed_from_its_titles() -> None:
    assert guess_target(["姓名", "手机", "性别"]) is Target.PATIENTS
    assert guess_target(["门诊号", "就诊流水号", "就诊时间", "科室", "医生"]) is Target.VISITS
    assert guess_target(["收费流水号", "项目名称", "金额", "收费时间", "门诊号"]) is Target.CHARGES


def test_a_saved_mapping_fits_only_when_all_its_titles_are_there() -> None:
    assert fits({"甲": "name"}, ["甲 ", "乙"]) == 1
    assert fits({"甲": "name", "丙": "phone"}, ["甲", "乙"]) == 0
    assert fits({}, ["甲"]) == 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_cell_of_a_download_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_a_year_of_days_is_never_two_days() -> None:
    days = [TODAY - timedelta(days=place) for place in range(366)]
    assert [read_day(f"{day.day:02}/{day.month:02}/{day.year}") for day in days if day.day > 12] == [
        day for day in days if day.day > 12
    ]
