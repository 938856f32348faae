"""How fast segments leave, and how soon a lost link is tried again."""

import math
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp.pacing import ReconnectPolicy, TokenBucket
from sms_gateway.smpp.statuses import StatusClass, classify, is_bind_refused


def leave_as_fast_as_allowed(
    bucket: TokenBucket, seconds: float, *, stalls: Iterable[tuple[float, float]] = ()
) -> list[float]:
    """The moments at which segments left. A stall is when, and for how long, the gateway itself could do nothing."""
    left, now, coming = [], 0.0, sorted(stalls)
    while now < seconds:
        ready = bucket.available(now)
        bucket.take(ready, now)
        left += [now] * ready
        now = max(bucket.ready_at(now), now + 0.0001)
        while coming and coming[0][0] <= now:
            now = max(now, sum(coming.pop(0)))
    return left


def busiest_second(moments: list[float]) -> int:
    return max(sum(1 for at in moments if start <= at < start + 1.0) for start in moments)


@given(
    granted=st.sampled_from([1.0, 2.5, 10.0, 33.0, 100.0, 400.0]),
    stalls=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1.5)), max_size=8),
)
def test_no_second_ever_carries_more_than_the_operator_granted(
    granted: float, stalls: list[tuple[float, float]]
) -> None:
    left = leave_as_fast_as_allowed(TokenBucket(granted, 0.0), 5.0, stalls=stalls)
    assert busiest_second(left) <= math.ceil(granted)


def test_segments_that_arrive_30_ms_late_at_any_moment_are_still_within_the_grant() -> None:
    left = leave_as_fast_as_allowed(TokenBucket(100.0, 0.0), 3.0)
    for hiccup in (at / 100 for at in range(250)):
        arrived = [max(at, hiccup + 0.03) if at >= hiccup else at for at in left]
        assert busiest_second(arrived) <= 100


def test_the_granted_rate_is_used_almost_whole_and_a_late_gateway_catches_up() -> None:
    assert len(leave_as_fast_as_allowed(TokenBucket(100.0, 0.0), 10.0)) >= 955
    late = [(at / 4, 0.02) for at in range(40)]
    assert len(leave_as_fast_as_allowed(TokenBucket(100.0, 0.0), 10.0, stalls=late)) >= 950


def test_a_throttled_bucket_pauses_longer_each_time_until_one_is_accepted() -> None:
    bucket = TokenBucket(100.0, 0.0)
    bucket.pause(0.0)
    bucket.pause(0.1)  # the rest of the same window
    assert (bucket.available(0.9), round(bucket.ready_at(0.9), 2)) == (0, 1.0)
    bucket.pause(2.0)
    assert bucket.ready_at(2.0) == 4.0
    bucket.accepted()
    bucket.pause(5.0)
    assert bucket.ready_at(5.0) == 6.0


def test_a_lost_link_is_tried_again_after_1_to_60_seconds_with_jitter() -> None:
    policy = ReconnectPolicy()
    waits = [policy.wait_after_loss() for _ in range(9)]
    longest = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(0.7 * limit <= wait <= limit for wait, limit in zip(waits, longest, strict=True))
    policy.bound()
    assert policy.wait_after_loss() <= 1.0


def test_a_refused_bind_waits_longer_at_once() -> None:
    assert ReconnectPolicy().wait_after_refusal() >= 42.0


def test_each_error_has_its_class_and_an_unknown_one_is_unexplained() -> None:
    classes = [classify(status) for status in (0x58, 0x14, 0x08, 0x0B, 0x04, 0x0500)]
    assert classes == [
        StatusClass.THROTTLED,
        StatusClass.THROTTLED,
        StatusClass.TEMPORARY,
        StatusClass.PERMANENT,
        StatusClass.FATAL,
        StatusClass.UNEXPLAINED,
    ]


def test_a_wrong_password_is_a_refusal_and_a_bind_that_still_stands_is_not() -> None:
    assert is_bind_refused(0x0E)
    assert not is_bind_refused(0x05)
