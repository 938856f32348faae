"""The rules of a follow-up task: every move, every result, every next try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.followups.rules import (
    CLAIMABLE,
    MOVES,
    OPEN,
    AttemptOutcome,
    Ending,
    Retry,
    TaskResult,
    TaskState,
    ending_of,
    is_overdue,
    next_try,
    require_move,
)
from app.followups.rules.states import IllegalMove

SHANGHAI = ZoneInfo("Asia/Shanghai")
moments = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(st.sampled_from(AttemptOutcome), st.integers(1, 6), moments, st.integers(6, 12), st.integers(13, 22))
def test_a_next_try_is_later_and_within_the_hours(
    outcome: AttemptOutcome, attempts: int, now: datetime, opens: int, closes: int
) -> None:
    retry = Retry(opens=opens, closes=closes)
    moment = next_try(outcome, attempts, now, SHANGHAI, retry)
    assert moment > now
    assert opens <= moment.astimezone(SHANGHAI).hour < closes
    assert moment - now <= timedelta(days=3)


@given(moments)
def test_who_does_not_answer_is_tried_at_other_hours(now: datetime) -> None:
    hours = {next_try(AttemptOutcome.NO_ANSWER, attempts, now, SHANGHAI, Retry()).hour for attempts in (2, 3, 4)}
    assert len(hours) == 3


@given(st.sampled_from(TaskResult), st.integers(0, 10), st.integers(1, 5))
def test_every_result_takes_a_task_where_it_may_go(result: TaskResult, attempts: int, most: int) -> None:
    state, ending = ending_of(result, attempts, Retry(most_attempts=most))
    require_move(TaskState.IN_PROGRESS, state)
    assert (ending is Ending.STOP_EVERYTHING) == (result is TaskResult.DIED)
    assert state is not TaskState.NOT_REACHED or result in (TaskResult.NOT_REACHED, TaskResult.CALL_AGAIN)
    if result is TaskResult.NOT_REACHED and attempts >= most:
        assert state is TaskState.LOST


@given(st.sampled_from(TaskState), st.integers(-100, 100))
def test_only_what_is_open_can_be_overdue(state: TaskState, minutes: int) -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert is_overdue(state, now - timedelta(minutes=minutes), now) == (state in OPEN and minutes >= 0)


def test_what_is_claimable_may_be_taken_and_what_is_closed_is_not() -> None:
    assert all(TaskState.IN_PROGRESS in MOVES[state] for state in CLAIMABLE)
    for state in (TaskState.DONE, TaskState.CANCELLED, TaskState.SKIPPED, TaskState.LOST):
        with pytest.raises(IllegalMove):
            require_move(state, TaskState.IN_PROGRESS)


class TaskLife(RuleBasedStateMachine):
    """Any legal walk: a done task never moves again, and nothing is left without a way to an end."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TaskState.PLANNED
        self.was_done = False

    @precondition(lambda self: MOVES[self.state])
    @rule(choice=st.integers(0, 20))
    def move(self, choice: int) -> None:
        ways = sorted(MOVES[self.state])
        wanted = ways[choice % len(ways)]
        require_move(self.state, wanted)
        self.state = wanted
        self.was_done = self.was_done or wanted is TaskState.DONE

    @rule(wanted=st.sampled_from(TaskState))
    def refuse(self, wanted: TaskState) -> None:
        if wanted not in MOVES[self.state]:
            with pytest.raises(IllegalMove):
                require_move(self.state, wanted)

    @invariant()
    def done_is_for_ever(self) -> None:
        assert not self.was_done or self.state is TaskState.DONE

    @invariant()
    def an_end_is_in_reach(self) -> None:
        reachable, ahead = {self.state}, [self.state]
        while ahead:
            for state in MOVES[ahead.pop()] - reachable:
                reachable.add(state)
                ahead.append(state)
        assert TaskState.DONE in reachable


TestTaskLife = TaskLife.TestCase
