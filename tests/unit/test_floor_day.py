"""How the agents' day adds up while it passes, and what an order makes of what somebody serves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.floor.rules.day import AgentsDay, StateChange
from app.teams.rules import Serving, serving_after

START = datetime(2026, 11, 28, tzinfo=UTC)
STATES = ("offline", "not_ready", "ready", "ringing", "talking", "wrap_up", "listening")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def change(seconds: float, state: str, agent: str = "bob", call_id: str | None = None) -> StateChange:
    return StateChange(agent=agent, at=at(seconds), state=state, call_id=call_id)


def test_occupancy_is_talk_and_wrap_up_of_the_time_at_work() -> None:
    day = AgentsDay(start=START)
    for each in (change(0, "ready"), change(60, "ringing"), change(70, "talking", call_id="c1")):
        assert day.take(each)
    assert day.take(change(100, "wrap_up", call_id="c1"))
    assert day.occupancy(["bob"], at(110)) == pytest.approx(40 / 110)
    assert day.take(change(110, "not_ready"))
    assert day.occupancy(["bob"], at(900)) == pytest.approx(40 / 110)
    assert day.occupancy(["carol"], at(900)) is None
    assert day.wrap_up_by_call(at(900)) == {"c1": 10}


def test_what_began_before_the_day_counts_from_midnight_and_a_wrap_up_as_a_whole() -> None:
    day = AgentsDay(start=START)
    day.take(change(-30, "wrap_up", call_id="c1"))
    assert day.wrap_up_by_call(at(10)) == {"c1": 40}
    day.take(change(10, "ready"))
    assert day.occupancy(["bob"], at(20)) == pytest.approx(0.5)


def test_a_change_that_is_told_late_is_not_counted() -> None:
    day = AgentsDay(start=START)
    day.take(change(10, "ready"))
    assert not day.take(change(9, "talking"))
    assert day.occupancy(["bob"], at(20)) == 0


@given(
    st.lists(st.tuples(st.integers(-60, 3600), st.sampled_from(("bob", "carol")), st.sampled_from(STATES))),
    st.integers(3600, 4000),
)
def test_the_sum_is_that_of_the_intervals(told: list[tuple[int, str, str]], now: int) -> None:
    day, by_agent = AgentsDay(start=START), {"bob": [], "carol": []}
    for seconds, agent, state in sorted(told, key=lambda each: each[0]):
        assert day.take(change(seconds, state, agent))
        by_agent[agent].append((seconds, state))
    working = free = 0
    for spans in by_agent.values():
        for (begin, state), (end, _) in zip(spans, [*spans[1:], (now, "")], strict=False):
            length = max(0, end - max(begin, 0))
            working += length * (state in ("talking", "wrap_up"))
            free += length * (state in ("ready", "ringing"))
    expected = working / (working + free) if working + free else None
    assert day.occupancy(by_agent, at(now)) == (None if expected is None else pytest.approx(expected))


def test_an_order_changes_the_queues_it_names_and_no_other() -> None:
    before = Serving(queues={"hotline": 0, "checkup": 2}, languages=frozenset({"zh"}))
    after = serving_after(before, {"checkup": None, "ward": 9})
    assert (after.queues, after.languages) == ({"hotline": 0, "ward": 3}, frozenset({"zh"}))
    assert serving_after(before, {}, frozenset()).languages == frozenset()
    assert Serving.from_json(before.as_json()) == before
