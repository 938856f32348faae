"""Routes, error codes and accounts: what an administrator may say, and what follows for a message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.messages.rules import MessageKind
from app.smsc_accounts.rules import (
    BindMode,
    BindRole,
    Route,
    SMSCAccount,
    StatusClass,
    carrier,
    check_account,
    claims_of,
    classify,
    error_table,
    in_order,
    read_error_classes,
    read_name,
    source_for,
    write_error_classes,
)

ACCOUNTS = ("default", "mobile", "unicom")
routes = st.lists(
    st.builds(
        Route,
        account=st.sampled_from(ACCOUNTS),
        prefix=st.sampled_from(["", "+86", "+86138", "+86139", "+1"]),
        kind=st.sampled_from([None, *MessageKind]),
        place=st.integers(1, 3),
    ),
    max_size=6,
)
messages = st.tuples(
    st.sampled_from(["+8613800138000", "+8613900000000", "+12025550100"]), st.sampled_from(MessageKind)
)
VALID = SMSCAccount(name="unicom", host="10.0.0.5", port=2775, system_id="ward", password="secret")


@given(routes, st.sets(st.sampled_from(ACCOUNTS)), st.sampled_from([None, "default"]), messages)
def test_exactly_the_account_that_carries_a_message_may_claim_it(
    routes: list[Route], working: set[str], fallback: str | None, message: tuple[str, MessageKind]
) -> None:
    claimants = {
        account
        for account in ACCOUNTS
        if any(claim.takes(*message) for claim in claims_of(account, routes, working, fallback))
    }
    chosen = carrier(routes, working, fallback, *message)
    assert claimants == ({chosen} if chosen else set())


def test_the_smaller_place_comes_first_then_the_longer_prefix_then_the_kind() -> None:
    wide, long = Route(account="a", prefix="+86"), Route(account="b", prefix="+86138")
    kind, first = Route(account="c", prefix="+86", kind=MessageKind.CARE), Route(account="d", place=1)
    assert in_order([wide, kind, long, first]) == [first, long, kind, wide]


def test_without_a_route_the_fallback_carries_and_with_routes_that_are_down_the_message_waits() -> None:
    marketing = Route(account="unicom", kind=MessageKind.MARKETING)
    number = "+8613800138000"
    assert carrier([marketing], {"default"}, "default", number, MessageKind.CARE) == "default"
    assert carrier([marketing], {"default"}, "default", number, MessageKind.MARKETING) is None


def test_an_accounts_codes_go_over_the_operators_and_these_over_the_standards() -> None:
    table = error_table({0x0B: StatusClass.TEMPORARY, 0x412: StatusClass.FATAL}, {0x412: StatusClass.PERMANENT})
    assert (classify(0x0B, table), classify(0x412, table)) == (StatusClass.TEMPORARY, StatusClass.PERMANENT)
    assert (classify(0x58, table), classify(0x999, table)) == (StatusClass.THROTTLED, StatusClass.UNEXPLAINED)
    assert classify(0x0B) is StatusClass.PERMANENT


@given(st.dictionaries(st.integers(0, 0xFFFFFFFF), st.sampled_from(StatusClass), max_size=20))
def test_error_classes_are_read_as_they_are_written(classes: dict[int, StatusClass]) -> None:
    assert dict(read_error_classes(write_error_classes(classes))) == classes


@pytest.mark.parametrize("text", ["0x0b", "eleven temporary", "0x0b sometimes", "0x1234567890 fatal"])
def test_a_line_that_is_no_code_with_a_class_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_error_classes(f"0x14 throttled\n{text}")


@pytest.mark.parametrize("name", ["default", "Unicom", "1st", "a", "a b", "x" * 31, ""])
def test_an_account_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(InvalidInput):
        read_name(name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", ""),
        ("host", "a b"),
        ("port", 0),
        ("system_id", ""),
        ("system_id", "x" * 16),
        ("password", "123456789"),
        ("password", "pass\0"),
        ("binds", 9),
        ("window", 0),
        ("segments_per_second", 0.0),
        ("segments_per_second", float("nan")),
        ("source_addr", "1" * 21),
        ("server_name", "a/b"),
    ],
)
def test_an_account_that_could_not_bind_is_refused_with_its_field(field: str, value: object) -> None:
    check_account(VALID)
    with pytest.raises(InvalidInput) as refusal:
        check_account(replace(VALID, **{field: value}))  # type: ignore[arg-type]
    assert refusal.value.fields["field"] == field


def test_a_pair_is_one_bind_that_sends_and_one_that_hears() -> None:
    assert replace(VALID, bind_mode=BindMode.PAIR, binds=2).roles == (BindRole.TRANSMITTER, BindRole.RECEIVER) * 2
    assert replace(VALID, binds=2).roles == (BindRole.TRANSCEIVER,) * 2


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(VALID)


@pytest.mark.parametrize(
    ("service_number", "usual", "own", "expected"),
    [
        ("1069001", "1069001", "", "1069001"),
        ("1069001", "1069001", "1065", "1065"),
        ("106900142", "1069001", "1065", "106542"),
        ("", "", "1065", "1065"),
        ("95588", "1069001", "1065", "95588"),
    ],
)
def test_a_message_comes_from_the_number_of_the_account_that_carries_it(
    service_number: str, usual: str, own: str, expected: str
) -> None:
    assert source_for(service_number, usual, own) == expected
