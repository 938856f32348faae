"""Where things stand on an envelope, and when a birthday is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.groups.rules import read_lines
from app.mailings.rules import FORMATS, Addressee, Sender, address_key, joined, lay_out, titled_name
from app.mailings.service.calendar import birthday_in_range

WANG = Addressee(names=("王秀兰 女士",), address="浙江省杭州市西湖区文三路478号", postcode="310012")
SENDER = Sender(name="示范医院", address="杭州市解放路88号", postcode="310009")


@pytest.mark.parametrize("code", sorted(FORMATS))
@settings(max_examples=40, deadline=None)
@given(
    address=st.text("浙江省杭州市A 1号-", min_size=1, max_size=120), name=st.text("王 Wang", min_size=1, max_size=40)
)
def test_every_line_lies_on_the_envelope(code: str, address: str, name: str) -> None:
    sheet = lay_out(Addressee(names=(name,), address=address, postcode="310012"), SENDER, FORMATS[code])
    assert all(0 < line.x < sheet.width and 0 < line.y <= sheet.height for line in sheet.lines)


@pytest.mark.parametrize("code", sorted(FORMATS))
def test_nothing_of_an_address_is_lost(code: str) -> None:
    written = "".join(line.text for line in lay_out(WANG, SENDER, FORMATS[code]).lines)
    for part in (*WANG.names, WANG.address, WANG.postcode, SENDER.name, SENDER.address, SENDER.postcode):
        assert part in written


def test_chinese_envelope_has_a_digit_of_the_postcode_in_each_of_six_boxes() -> None:
    sheet = lay_out(WANG, SENDER, FORMATS["ZL"])
    for digit, box, line in zip("310012", sheet.boxes, sheet.lines, strict=False):
        assert line.text == digit
        assert box.x < line.x < box.x + box.width
        assert box.y < line.y < box.y + box.height


def test_postcode_that_is_no_six_digits_leaves_the_boxes_empty() -> None:
    sheet = lay_out(Addressee(names=("王",), address="Street 1", postcode="SW1A 1AA"), SENDER, FORMATS["ZL"])
    assert "S" not in [line.text for line in sheet.lines]


@pytest.mark.parametrize(
    ("name", "sex", "age", "titled"),
    [
        ("王秀兰", "F", 54, "王秀兰 女士"),
        ("鄧龍", "M", 40, "鄧龍 先生"),
        ("李乐乐", "F", 6, "李乐乐 小朋友"),
        ("周敏", "U", None, "周敏"),
        ("Ann Lee", "F", 30, "Ann Lee"),
    ],
)
def test_name_carries_its_title(name: str, sex: str, age: int | None, titled: str) -> None:
    assert titled_name(name, sex, age) == titled


def test_people_at_one_address_get_one_envelope_together() -> None:
    spouse = Addressee(names=("李明 先生",), address="浙江省杭州市西湖区 文三路４７８号", postcode="310012")
    assert address_key(WANG) == address_key(spouse)
    assert joined([WANG, spouse, WANG]).names == ("王秀兰 女士", "李明 先生")


@pytest.mark.parametrize(
    ("birth", "is_lunar", "kept"),
    [
        (date(2000, 2, 29), False, date(2026, 2, 28)),
        (date(1990, 1, 2), False, date(2027, 1, 2)),  # after the new year
        (date(1960, 1, 28), True, date(2027, 2, 6)),  # the first day of the first month
        (date(2025, 7, 25), True, date(2026, 7, 14)),  # the leap sixth month of 2025, kept in the ordinary sixth
    ],
)
def test_birthday_is_kept_on_its_day(birth: date, is_lunar: bool, kept: date) -> None:
    around = {"since": kept - timedelta(days=3), "until": kept + timedelta(days=3)}
    found = birthday_in_range(birth, is_lunar=is_lunar, **around)
    assert found is not None
    assert found.day == kept


@settings(max_examples=40, deadline=None)
@given(
    birth=st.dates(date(1920, 1, 1), date(2024, 12, 31)),
    is_lunar=st.booleans(),
    since=st.dates(date(2026, 1, 1), date(2040, 1, 1)),
)
def test_everybody_has_a_birthday_within_thirteen_months(birth: date, is_lunar: bool, since: date) -> None:
    found = birthday_in_range(birth, is_lunar=is_lunar, since=since, until=since + timedelta(days=385))
    assert found is not None
    assert found.age > 0


def test_nobody_has_a_birthday_on_the_day_of_birth() -> None:
    day = date(2026, 3, 1)
    assert birthday_in_range(day, is_lunar=False, since=day, until=day) is None


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=200))
def test_any_pasted_list_is_read(text: str) -> None:
    lines = list(read_lines(text))
    assert all(line.wanted and line.wanted.isprintable() for line in lines)
    assert [line.position for line in lines] == sorted({line.position for line in lines})
