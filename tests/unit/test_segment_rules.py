"""A segment's rule as it is read, written and refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.segments.rules import (
    KINDS,
    Condition,
    ConditionKind,
    Group,
    Joint,
    Period,
    SegmentRule,
    Slot,
    read_rule,
    write_rule,
    years_before,
)


def _root(*parts: Any) -> dict[str, Any]:
    return {"root": {"op": "and", "not": False, "parts": list(parts)}}


_periods = st.one_of(
    st.builds(lambda days: Period(days=days), st.integers(1, 3000)),
    st.builds(lambda since: Period(since=since), st.dates(date(1950, 1, 1), date(2100, 1, 1))),
)
_conditions = st.builds(
    lambda codes, period, negated: Condition(
        kind=ConditionKind.DISEASE, codes=tuple(codes), period=period, is_negated=negated
    ),
    st.lists(st.text("abcI10.", min_size=1, max_size=8), min_size=1, max_size=5, unique=True),
    st.none() | _periods,
    st.booleans(),
)
_groups = st.builds(
    lambda joint, parts, negated: Group(joint=joint, parts=tuple(parts), is_negated=negated),
    st.sampled_from(list(Joint)),
    st.lists(_conditions, max_size=4),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(root=_groups, inner=_groups, dead=st.booleans())
def test_rule_that_was_written_is_read_as_the_same_rule(root: Group, inner: Group, dead: bool) -> None:
    rule = SegmentRule(
        root=Group(joint=root.joint, parts=(*root.parts, inner), is_negated=root.is_negated), with_deceased=dead
    )
    assert read_rule(write_rule(rule)) == rule


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["root", "op", "parts", "kind", "codes", "period", "low", "not"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(data=_json)
def test_anything_else_is_refused_in_words(data: object) -> None:
    for given_data in (data, {"root": data}, _root(data)):
        try:
            read_rule(given_data)
        except InvalidInput as error:
            assert error.detail.endswith(".")


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "weather"},
        {"kind": "age"},
        {"kind": "age", "low": 40, "high": 20},
        {"kind": "age", "low": -1},
        {"kind": "age", "low": True},
        {"kind": "age", "low": float("nan")},
        {"kind": "age", "low": 1.5},
        {"kind": "sex", "codes": ["X"]},
        {"kind": "sex", "codes": "F"},
        {"kind": "region", "codes": ["3301"] * 2},
        {"kind": "region", "codes": ["a" * 41]},
        {"kind": "region", "codes": ["\x00"]},
        {"kind": "register", "codes": ["one"]},
        {"kind": "register", "codes": [str(2**31)]},
        {"kind": "drug", "text": "a" * 101},
        {"kind": "created", "period": {"days": 0}},
        {"kind": "created", "period": {"since": "2026-02-30"}},
        {"kind": "created", "period": {"since": "2026-03-02", "until": "2026-03-01"}},
        {"kind": "visit", "key": "holiday"},
    ],
)
def test_condition_that_makes_no_sense_is_refused_with_its_place(condition: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_rule(_root({"kind": "key_patient"}, condition))
    assert refused.value.fields["field"] == "0-1"


def test_tree_is_bounded_in_depth_and_size() -> None:
    deep: dict[str, Any] = {"op": "or", "parts": []}
    for _ in range(6):
        deep = {"op": "and", "parts": [deep]}
    with pytest.raises(InvalidInput):
        read_rule({"root": deep})
    with pytest.raises(InvalidInput):
        read_rule(_root(*[{"kind": "key_patient"}] * 60))


def test_every_kind_has_a_sentence_for_each_of_its_slots() -> None:
    for kind, spec in KINDS.items():
        assert ("%(since)s" in spec.dated) == (Slot.PERIOD in spec.slots), kind
        assert ("%(codes)s" in spec.sentence) == (Slot.CODES in spec.slots), kind
        assert ("%(range)s" in spec.sentence) == (Slot.RANGE in spec.slots), kind


def test_last_days_of_a_period_move_with_today() -> None:
    assert Period(days=7).bounds(date(2026, 3, 1)) == (date(2026, 2, 23), date(2026, 3, 1))


def test_leap_day_has_a_day_in_every_year() -> None:
    assert years_before(date(2024, 2, 29), 1) == date(2023, 2, 28)
