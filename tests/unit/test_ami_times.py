"""How long the link waits before it tries again."""

import pytest

from telephony.ami.times import DEFAULT_TIMES, Retry


def test_waits_double_from_loss_to_loss_up_to_five_seconds() -> None:
    retry = Retry(DEFAULT_TIMES)
    assert [retry.after_loss() for _ in range(7)] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5], rel=0.2)


def test_the_first_loss_after_a_success_is_followed_at_once() -> None:
    retry = Retry(DEFAULT_TIMES)
    assert max(retry.after_loss() for _ in range(5)) > 2
    retry.reset()
    assert retry.after_loss() < 0.3


def test_a_wrong_secret_waits_half_a_minute() -> None:
    assert Retry(DEFAULT_TIMES).after_refusal() == 30


def test_a_dead_peer_is_noticed_within_four_seconds() -> None:
    assert DEFAULT_TIMES.ping_seconds + DEFAULT_TIMES.answer_seconds <= 4
