"""Urgent callers pass others, and only so far."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.call_flows.rules.placing import CREDIT_SECONDS, Urgency, Waiting, place_of


@dataclass(frozen=True)
class Caller:
    came: float
    urgency: Urgency


steps = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from([*Urgency, None])
    ),  # seconds that pass; who comes, or one is answered
    max_size=40,
)


@given(steps)
def test_nobody_is_passed_by_who_came_later_than_the_largest_credit_and_the_same_urgency_stays_in_line(
    steps: list[tuple[int, Urgency | None]],
) -> None:
    now, queue = 0.0, list[Caller]()
    for passed, who in steps:
        now += passed
        if who is None:
            queue = queue[1:]
            continue
        waiting = [Waiting(waited_seconds=now - each.came, urgency=each.urgency) for each in queue]
        queue.insert(place_of(waiting, who) - 1, Caller(now, who))
        for before, after in ((a, b) for at, a in enumerate(queue) for b in queue[at + 1 :]):
            assert before.came - after.came <= CREDIT_SECONDS[before.urgency] - CREDIT_SECONDS[after.urgency] or (
                before.came <= after.came
            )
            assert before.urgency != after.urgency or before.came <= after.came


def test_a_key_patient_stands_before_who_has_just_come_and_behind_who_has_waited_long() -> None:
    waiting = [Waiting(waited_seconds=200), Waiting(waited_seconds=90), Waiting(waited_seconds=5)]
    assert place_of(waiting, Urgency.USUAL) == 4
    assert place_of(waiting, Urgency.KEY) == 2
    assert place_of(waiting, Urgency.URGENT) == 1
    assert place_of([Waiting(waited_seconds=1, urgency=Urgency.URGENT), *waiting[1:]], Urgency.KEY) == 2
