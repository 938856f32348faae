"""What holds for every telephone number, whoever wrote it and however."""

from __future__ import annotations

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from app.access.rules import mask_number
from app.patients.phones import display_number, parse_number, parse_numbers
from app.patients.rules import PhoneKind, PhoneNumber

FULL_WIDTH = str.maketrans("0123456789+-() ", "０１２３４５６７８９＋－（）　")
MOBILES = st.builds(
    "{}{:09d}".format, st.sampled_from([str(n) for n in range(13, 20)]), st.integers(0, 10**9 - 1)
).filter(lambda number: not number.startswith("179"))
AREA_CODES = st.sampled_from(["010", "020", "021", "0571", "0574", "0755", "0991"])
LANDLINES = st.tuples(AREA_CODES, st.integers(22_000_000, 88_999_999).map(str))


def parse(text: str) -> PhoneNumber | None:
    return parse_number(text, area_code="0571", outside_prefix="9")


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A mobile number, and some way to write it."""
    number = draw(MOBILES)
    prefix = draw(st.sampled_from(["", "", "+86", "0086", "86", "(+86)", "+86 ", "+86-"]))
    first, second = draw(st.sampled_from([(3, 7), (3, 6), (4, 7), (11, 11)]))
    between = draw(st.sampled_from(["", " ", "-", ".", "–", "\u00a0"]))
    written = prefix + between.join(filter(None, (number[:first], number[first:second], number[second:])))
    written = (
        draw(st.sampled_from(["", " ", "\u202d", "\u200b"])) + written + draw(st.sampled_from(["", " ", "\u202c"]))
    )
    return number, written.translate(FULL_WIDTH) if draw(st.booleans()) else written


@given(spellings())
def test_any_spelling_of_a_mobile_gives_the_same_number(spelled: tuple[str, str]) -> None:
    number, written = spelled
    found = parse(written)
    assert found is not None
    assert (found.e164, found.kind, found.extension) == (f"+86{number}", PhoneKind.MOBILE, "")


@given(MOBILES)
def test_the_short_way_for_plain_mobiles_shows_them_as_the_library_does(number: str) -> None:
    formatted = phonenumbers.format_number(phonenumbers.parse(f"+86{number}"), PhoneNumberFormat.NATIONAL)
    assert display_number(f"+86{number}") == formatted


@given(LANDLINES, st.sampled_from(["{0}{1}", "{0}-{1}", "({0}){1}", "{0} {1}", "+86 {2} {1}", "0086{2}{1}", "9{0}{1}"]))
def test_any_spelling_of_a_landline_gives_the_same_number(landline: tuple[str, str], way: str) -> None:
    area, local = landline
    plain, spelled = parse(f"{area}-{local}"), parse(way.format(area, local, area.lstrip("0")))
    assert spelled == plain


@given(spellings(), st.integers(1, 999_999).map(str), st.sampled_from(["转", " ext. ", "#", "x", "分机"]))
def test_an_extension_never_changes_the_number(spelled: tuple[str, str], extension: str, word: str) -> None:
    number, written = spelled
    found = parse(written.strip() + word + extension)
    assert found is None or (found.e164, found.extension) == (f"+86{number}", extension)


@given(
    st.one_of(st.text(max_size=40), st.text("+0123456789-() .转x#", max_size=34), spellings().map(lambda pair: pair[1]))
)
def test_reading_a_number_never_fails_and_reads_its_own_answer_alike(text: str) -> None:
    found = parse(text)
    assert found is None or (
        (again := parse(found.e164)) is not None
        and (again.e164, again.kind) == (found.e164, found.kind)
        and (shown := parse(found.display)) is not None
        and (shown.e164, shown.extension) == (found.e164, found.extension)
    )


@given(st.one_of(st.text(max_size=80), st.lists(spellings().map(lambda pair: pair[1]), max_size=4).map("、".join)))
def test_reading_a_cell_never_fails_and_gives_each_number_once(cell: str) -> None:
    found = parse_numbers(cell, area_code="0571", outside_prefix="9").numbers
    assert len(set(found)) == len(found)


@given(st.text(max_size=40))
def test_showing_and_masking_never_fail(text: str) -> None:
    assert isinstance(display_number(text), str)
    assert isinstance(mask_number(text), str)


@given(MOBILES)
def test_a_masked_mobile_shows_its_first_three_and_last_four_digits(number: str) -> None:
    assert mask_number(f"+86{number}") == f"{number[:3]}****{number[-4:]}"
