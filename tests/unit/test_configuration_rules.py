"""What a field of the hospital's own takes, and what a setting takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.configuration.rules import SETTINGS, Field, FieldKind, check_value, read_field, read_value
from app.errors import InvalidInput


def field(kind: FieldKind, **changes: object) -> Field:
    return Field(key="own", label="Own", kind=kind, options=("A", "B"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldKind.TEXT, "  <b>x</b> ", "<b>x</b>"),
        (FieldKind.NUMBER, "12", 12),
        (FieldKind.NUMBER, "-3.50", -3.5),
        (FieldKind.DATE, "2024-02-29", "2024-02-29"),
        (FieldKind.CHOICE, "B", "B"),
        (FieldKind.YES_NO, "0", False),
        (FieldKind.TEXT, "   ", None),
    ],
)
def test_field_keeps_what_its_kind_takes(kind: FieldKind, text: str, value: object) -> None:
    assert read_field(field(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldKind.TEXT, "x" * 501),
        (FieldKind.NUMBER, "1e9"),
        (FieldKind.NUMBER, "９"),
        (FieldKind.DATE, "2023-02-29"),
        (FieldKind.DATE, "0001-01-01"),
        (FieldKind.CHOICE, "C"),
        (FieldKind.YES_NO, "yes"),
    ],
)
def test_field_refuses_what_its_kind_does_not_take_and_names_itself(kind: FieldKind, text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_field(field(kind), text)
    assert raised.value.fields["field"] == "custom-own"


def test_required_field_is_not_left_empty() -> None:
    with pytest.raises(InvalidInput):
        read_field(field(FieldKind.TEXT, is_required=True), " ")


@given(st.sampled_from(list(FieldKind)), st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(kind: FieldKind, text: str) -> None:
    try:
        value = read_field(field(kind), text)
    except InvalidInput:
        return
    assert value is None or isinstance(value, str | int | float)


@given(st.sampled_from(SETTINGS), st.text(max_size=30))
def test_setting_that_was_read_is_one_that_holds(key: object, text: str) -> None:
    try:
        value = read_value(key, text)  # type: ignore[type-var]
    except InvalidInput:
        return
    assert check_value(key, value) == value  # type: ignore[type-var]
