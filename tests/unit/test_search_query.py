"""How names are spelled for the index, and what a query asks of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.patients.names import LONGEST_TERM, fold_name, terms_of
from app.patients.service.query import Place, read_query

NAMES = st.one_of(
    st.text("王秀兰蘭李曾單解仇区區欧阳歐陽尉迟吕乐长", min_size=1, max_size=6),
    st.text("abc DEéüß·'-王兰", min_size=1, max_size=20),
    st.text(max_size=130),
)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("復查", "复查"), ("複查", "复查"), ("滿意度調查", "满意度调查"), ("王秀蘭", "王秀兰")],
)
def test_both_scripts_fold_to_one(traditional: str, simplified: str) -> None:
    assert fold_name(traditional) == fold_name(simplified) == simplified


def test_a_surname_is_indexed_as_it_is_read_in_names_and_as_it_is_usually_read() -> None:
    assert {"pzengxiaoming", "pcengxiaoming", "izxm", "icxm", "Pxiaoming", "Ixm"} <= terms_of("曾小明")


@given(NAMES)
def test_every_name_has_terms_that_fit_the_index(name: str) -> None:
    terms = terms_of(name)
    assert terms
    assert max(map(len, terms)) <= LONGEST_TERM
    assert f"n{fold_name(name)}"[:LONGEST_TERM] in terms
    assert {term[0] for term in terms} <= set("npiNPI")


@given(NAMES.filter(lambda name: not any(char.isnumeric() for char in fold_name(name))), st.integers(1, 50))
def test_every_beginning_of_a_name_asks_for_one_of_its_terms(name: str, length: int) -> None:
    readings = read_query(fold_name(name)[:length], area_code="0571", outside_prefix="9")
    asked = [
        all(any(span.low <= term < span.above for term in terms_of(name) for span in word.spans) for word in words)
        for words in readings
    ]
    assert any(asked) or not fold_name(name)


@given(st.one_of(st.text(max_size=150), st.text("0123456789+-/. 年月日号王秀兰wxlMZ", max_size=40)))
def test_reading_a_query_never_fails_and_asks_only_for_ranges_that_hold_something(query: str) -> None:
    readings = read_query(query, area_code="0571", outside_prefix="9")
    spans = [span for words in readings for word in words for span in word.spans]
    assert all(str(span.low) < str(span.above) for span in spans)
    assert all(str(span.low).encode() and str(span.above).encode() for span in spans if span.place is not Place.BORN)
    assert len(spans) <= 200
