"""One number has many spellings; all of them find the same person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.patients.phones import display_number, parse_number, parse_numbers
from app.patients.rules import PhoneKind, PhoneNumber

MOBILE = "+8613800138000"
LANDLINE = "+8657188886666"


def parse(text: str) -> PhoneNumber | None:
    return parse_number(text, area_code="0571", outside_prefix="9")


def e164(text: str) -> str | None:
    number = parse(text)
    return number.e164 if number else None


@pytest.mark.parametrize(
    "spelling",
    [
        "13800138000",
        "+86 138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "(+86)13800138000",
        "+86 0 13800138000",
        "138 0013 8000",
        "138.0013.8000",
        "138–0013–8000",
        "１３８００１３８０００",
        "＋８６１３８００１３８０００",
        "13800138000.0",
        "\u202d13800138000\u202c",
        "013800138000",
        "913800138000",
        "9 13800138000",
        "9013800138000",
        "1795113800138000",
    ],
)
def test_every_spelling_of_a_mobile_is_the_same_number(spelling: str) -> None:
    number = parse(spelling)
    assert number == PhoneNumber(e164=MOBILE, kind=PhoneKind.MOBILE, display="138 0013 8000")


@pytest.mark.parametrize(
    "spelling",
    [
        "0571-88886666",
        "(0571)88886666",
        "88886666",
        "8888-6666",
        "988886666",
        "9057188886666",
        "+86 571 8888 6666",
        "8657188886666",
        "57188886666",
        "0571 8888 6666",
    ],
)
def test_every_spelling_of_a_landline_is_the_same_number(spelling: str) -> None:
    number = parse(spelling)
    assert number == PhoneNumber(e164=LANDLINE, kind=PhoneKind.LANDLINE, display="0571 8888 6666")


@pytest.mark.parametrize(
    "spelling",
    [
        "0571-88886666-801",
        "88886666转801",
        "0571-88886666 ext. 801",
        "88886666分机801",
        "(0571)8888 6666 x801",
        "88886666#801",
    ],
)
def test_an_extension_is_kept_apart_from_the_number(spelling: str) -> None:
    number = parse(spelling)
    assert number is not None
    assert (number.e164, number.extension) == (LANDLINE, "801")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "anonymous",
        "Unavailable",
        "95588",
        "120",
        "10086",
        "1234",
        "1.38E+10",
        "13800138000\r\nAction: Originate",
        "138\x0000138000",
        "13800138000;ext=1",
        "sip:13800138000@trunk",
        "1" * 33,
        "+",
        "+86",
        "00",
        "1380013800",
        "138001380000",
    ],
)
def test_what_is_no_number_of_a_person_is_nobody(text: str) -> None:
    assert parse(text) is None


def test_a_bare_local_number_needs_the_area_code_of_the_site() -> None:
    beijing = parse_number("88886666", area_code="010", outside_prefix="9")
    assert beijing is not None
    assert beijing.e164 == "+861088886666"


def test_a_local_number_that_begins_with_the_outside_prefix_stays_itself() -> None:
    assert parse_number("88886666", area_code="0571", outside_prefix="8") == parse("88886666")


def test_a_foreign_number_keeps_its_country() -> None:
    number = parse("0085291234567")
    assert number is not None
    assert (number.e164, number.display) == ("+85291234567", "+852 9123 4567")


def test_a_mobile_of_a_range_unknown_to_the_library_is_still_a_mobile() -> None:
    number = parse("15400000000")
    assert number is not None
    assert number.kind is PhoneKind.MOBILE


def test_what_is_no_number_is_displayed_as_it_is() -> None:
    assert display_number("") == ""
    assert display_number("anonymous") == "anonymous"


def test_a_cell_may_hold_several_numbers_and_remarks() -> None:
    cell = parse_numbers("13800138000(母亲)、0571-88886666；手机:13900139000/无", area_code="0571", outside_prefix="9")
    assert [number.e164 for number in cell.numbers] == [MOBILE, LANDLINE, "+8613900139000"]
    assert cell.notes == ("母亲", "手机", "无")
    assert cell.rejected == ()


def test_a_cell_names_the_pieces_that_are_no_number() -> None:
    cell = parse_numbers("13800138000，12345", area_code="0571", outside_prefix="9")
    assert [number.e164 for number in cell.numbers] == [MOBILE]
    assert cell.rejected == ("12345",)


def test_a_number_given_twice_in_a_cell_is_kept_once() -> None:
    cell = parse_numbers("13800138000 138-0013-8000\n+8613800138000", area_code="0571", outside_prefix="9")
    assert len(cell.numbers) == 1


def test_an_endless_cell_is_refused_as_a_whole() -> None:
    cell = parse_numbers("13800138000," * 1000, area_code="0571", outside_prefix="9")
    assert cell.numbers == ()
    assert len(cell.rejected) == 1


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(lambda digits: not digits.startswith("179"))
landlines = st.from_regex(r"0571[2-8][0-9]{7}", fullmatch=True).filter(lambda digits: e164(digits) is not None)
prefixes = st.sampled_from(["", "0", "86", "+86", "0086", "9", "90", "+86 0"])
separators = st.lists(st.sampled_from(["", "", " ", "-", ".", "\u00a0", "\u200b", "－"]), min_size=11, max_size=11)
FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")


@given(mobiles, prefixes, separators, st.booleans())
def test_any_decoration_of_a_mobile_leaves_the_same_number(
    digits: str, prefix: str, between: list[str], is_wide: bool
) -> None:
    spelled = prefix + "".join(digit + gap for digit, gap in zip(digits, between, strict=True))
    spelled = [spelled, spelled.translate(FULL_WIDTH)][is_wide].rstrip(" -.－\u00a0")
    assert e164(spelled) == f"+86{digits}"


@given(landlines, st.sampled_from(["", "9", "+86", "0086", "86"]), st.sampled_from(["", "-801", "转801", " ext. 801"]))
def test_any_decoration_of_a_landline_leaves_the_same_number(digits: str, prefix: str, extension: str) -> None:
    spelled = prefix + (digits if prefix in ("", "9") else digits.removeprefix("0")) + extension
    number = parse(spelled)
    assert number is not None
    assert number.e164 == f"+86{digits.removeprefix('0')}"


@given(st.one_of(mobiles, landlines, st.text(alphabet="0123456789+-() ", max_size=20)))
def test_a_number_is_read_back_from_what_is_shown_and_from_what_is_stored(text: str) -> None:
    number = parse(text)
    again = [number and parse(number.display), number and parse(number.e164)]
    expected = [number, number and PhoneNumber(e164=number.e164, kind=number.kind, display=display_number(number.e164))]
    assert again == expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    number = parse(text)
    assert number is None or number.e164.startswith("+")
    cell = parse_numbers(text, area_code="0571", outside_prefix="9")
    assert len(cell.numbers) <= 20
