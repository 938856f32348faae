"""When a sign-in must wait, when it is over, which password will do, and which code."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.accounts.rules import browser_name, check_password, is_session_over
from app.accounts.rules.codes import code_at, matching_step, new_recovery_codes, plain_recovery_code, step_at
from app.accounts.rules.lock_out import rest_after, subjects_of
from app.queues.rules import start_of_day

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
# The secret of RFC 6238, appendix B, in base32.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_four_mistakes_are_forgiven() -> None:
    assert [rest_after(count, 5) for count in range(5)] == [None] * 5


def test_rest_doubles_up_to_a_quarter_of_an_hour() -> None:
    rests = [rest_after(count, 5) for count in range(5, 12)]
    assert rests == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 900, 900)]
    assert rest_after(10_000, 5) == timedelta(minutes=15)


def test_one_place_is_stopped_long_before_the_name_and_a_hospitals_address_last() -> None:
    there, name, place = subjects_of("bob", "10.0.0.7", tries=5)
    assert there.limit < name.limit < place.limit
    assert len({there.subject, name.subject, place.subject}) == 3


def test_typed_name_is_not_kept_as_it_is() -> None:
    assert not any("secret-typed-here" in each.subject for each in subjects_of("secret-typed-here", "::1", tries=5))


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    one, other = (subjects_of("bob", f"2001:db8:1:2::{host}", tries=5) for host in ("1", "beef"))
    assert one == other


def test_sign_in_lasts_while_it_is_used_up_to_a_shift() -> None:
    def is_over(begun_hours_ago: float, used_hours_ago: float) -> bool:
        return is_session_over(
            created_at=NOON - timedelta(hours=begun_hours_ago),
            last_seen_at=NOON - timedelta(hours=used_hours_ago),
            now=NOON,
            lifetime=timedelta(hours=12),
            idle_limit=timedelta(hours=2),
        )

    assert [is_over(11.9, 1), is_over(11.9, 2), is_over(12, 0)] == [False, True, True]


@pytest.mark.parametrize("password", ["short", "bob", "bobbobbobbob", "Password123", "1212121212", "x" * 201])
def test_password_that_somebody_would_guess_is_refused(password: str) -> None:
    assert check_password(password, username="bob") is not None


def test_password_of_ten_characters_will_do() -> None:
    assert check_password("lotus-7-km", username="bob") is None


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert code_at(RFC_SECRET, seconds // 30) == code


def test_code_of_the_step_before_or_after_is_taken_and_an_older_one_is_not() -> None:
    present = step_at(NOON)
    taken = [matching_step(RFC_SECRET, code_at(RFC_SECRET, present + off), NOON, after=0) for off in (-2, -1, 0, 1, 2)]
    assert taken == [None, present - 1, present, present + 1, None]


def test_code_opens_nothing_twice() -> None:
    code = code_at(RFC_SECRET, step_at(NOON))
    assert matching_step(RFC_SECRET, code, NOON, after=step_at(NOON)) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "12345\x00"])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert matching_step(RFC_SECRET, typed, NOON, after=0) is None


def test_recovery_codes_are_ten_different_ones_and_read_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert plain_recovery_code(f" {codes[0].upper()} ") == codes[0].replace("-", "")


def test_browser_is_called_what_people_call_it() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 Edg/120"
    assert [browser_name(edge), browser_name("curl/8.4 <b>"), browser_name("")] == ["Edge, Windows", "curl/8.4", ""]


def test_hospitals_day_begins_at_its_own_midnight() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert start_of_day(NOON, shanghai) == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    assert start_of_day(datetime(2026, 11, 21, 15, 59, tzinfo=UTC), shanghai) == start_of_day(NOON, shanghai)
    assert start_of_day(datetime(2026, 11, 21, 16, 0, tzinfo=UTC), shanghai) == start_of_day(
        NOON, shanghai
    ) + timedelta(days=1)
