"""What follows from an attempt that has ended, where nobody is there to say: of lists that dial by themselves.

An agent who saw the patient's name before dialling says the result; then nothing is moved here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.rules import Telling
from app.db import rows_changed
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import (
    AttemptOutcome,
    DiallingMode,
    TaskMode,
    TaskResult,
    TaskRole,
    TaskState,
    ending_of,
    next_try,
)
from app.followups.service.attempts import open_attempts, settle_attempts
from app.followups.service.results import ResultData, apply_result, retry_of
from app.followups.service.tasks import CLAIM_LIFETIME
from app.journal.service import Entry, append
from app.settings import Settings

DIALLER = "@dialler"
"""Who has a task in hand while Asterisk calls by itself: no name of an account, which begins with a letter."""
_NOT_DIALLED_PAUSE = timedelta(minutes=1)


def settle_and_follow(session: Session, bus: Bus, *, now: datetime, settings: Settings) -> int:
    """Note how attempts ended, and let follow what follows. Returns how many have ended."""
    ended = settle_attempts(session, bus, now)
    for attempt in ended:
        follow_attempt(session, bus, attempt, now=now, settings=settings)
    for attempt in open_attempts(session):
        if attempt.dialling == DiallingMode.AUTOMATIC and attempt.agent is not None:
            _hand_to_agent(session, bus, attempt, now)
    return len(ended)


def follow_attempt(session: Session, bus: Bus, attempt: FollowupAttempt, *, now: datetime, settings: Settings) -> None:
    """Move the task of an attempt that has just ended, unless that is for an agent to say. Twice is the same as once.

    Not reached: tried again by its list's rule, or lost. A number that does not exist is marked so; the next one is
    tried, or somebody is asked to find another (F-35). An automatic call that brought answers is done; one whose
    patient asked for a person and got none is for an agent to call back at once.
    """
    task = session.get_one(FollowupTask, attempt.task_id, populate_existing=True)
    is_in_hand = task.state == TaskState.IN_PROGRESS and task.claimed_by in (DIALLER, attempt.agent)
    outcome = AttemptOutcome(attempt.outcome or AttemptOutcome.FAILED)
    if attempt.dialling == DiallingMode.PREVIEW or not is_in_hand:
        return
    if outcome is AttemptOutcome.NOT_DIALLED:
        put_off(session, task, now + _NOT_DIALLED_PAUSE, now=now)
    elif outcome is AttemptOutcome.WRONG_NUMBER:
        wrong = ResultData(result=TaskResult.WRONG_NUMBER)
        apply_result(session, bus, settings, task.id, wrong, by=None, now=now)
    elif outcome is not AttemptOutcome.ANSWERED:
        _not_reached(session, bus, task, outcome, now, settings)
    elif attempt.dialling == DiallingMode.AUTOMATIC:
        _answered_by_itself(session, bus, task, attempt, now, settings)


def put_off(session: Session, task: FollowupTask, until: datetime, *, now: datetime) -> bool:
    """Give a task back that could not be called now; it is worked on again from `until` on."""
    return _change(
        session,
        task.id,
        task.claimed_by,
        state=TaskState.DUE,
        work_at=until,
        claimed_by=None,
        claimed_until=None,
        changed_at=now,
    )


def give_up(session: Session, bus: Bus, task: FollowupTask, *, reason: str, now: datetime) -> bool:
    """Nobody may be called for this task: it is lost, with the reason."""
    is_done = _close(session, task, TaskState.LOST, result=task.result, now=now, reason=reason[:300])
    if is_done:
        payload = {"state": TaskState.LOST.value, "count": 1, "task_id": task.id}
        append(session, bus, [Entry(kind="followups.closed", at=now, payload=payload)])
    return is_done


def _answered_by_itself(
    session: Session, bus: Bus, task: FollowupTask, attempt: FollowupAttempt, now: datetime, settings: Settings
) -> None:
    told = Telling(attempt.progress) if attempt.progress else None
    if attempt.agent is not None:
        _hand_to_agent(session, bus, attempt, now)
        return
    if told is Telling.HAND_OVER:
        _change(
            session,
            task.id,
            task.claimed_by,
            state=TaskState.DUE,
            mode=TaskMode.PHONE,
            role=TaskRole.SERVICE_CENTRE,
            work_at=now,
            claimed_by=None,
            claimed_until=None,
            changed_at=now,
        )
        append(session, bus, [Entry(kind="followup.released", at=now, payload={"task_id": task.id})])
        return
    has_answered = told is Telling.ANSWER
    has_heard = told is Telling.FINISHED and task.questionnaire_version_id is None
    if has_answered or has_heard:
        reached = ResultData(result=TaskResult.REACHED)
        apply_result(session, bus, settings, task.id, reached, by=None, now=now)
        return
    # Who rings off before anything was asked does not want to be asked again within the hour.
    _not_reached(session, bus, task, AttemptOutcome.REJECTED, now, settings)


def _hand_to_agent(session: Session, bus: Bus, attempt: FollowupAttempt, now: datetime) -> None:
    # The patient of an automatic call talks with an agent: the task is in that agent's hand from now on.
    taken = _change(
        session,
        attempt.task_id,
        DIALLER,
        claimed_by=attempt.agent,
        claimed_until=now + CLAIM_LIFETIME,
        changed_at=now,
    )
    if taken:
        payload = {"task_id": attempt.task_id}
        append(session, bus, [Entry(kind="followup.claimed", at=now, agent=attempt.agent, payload=payload)])


def _not_reached(
    session: Session, bus: Bus, task: FollowupTask, outcome: AttemptOutcome, now: datetime, settings: Settings
) -> None:
    retry = retry_of(session, task)
    state, _ = ending_of(TaskResult.NOT_REACHED, task.attempts, retry)
    if state is TaskState.LOST:
        _close(session, task, state, result=TaskResult.NOT_REACHED, now=now, reason=str(TaskResult.NOT_REACHED))
    else:
        _change(
            session,
            task.id,
            task.claimed_by,
            state=state,
            result=TaskResult.NOT_REACHED,
            work_at=next_try(outcome, task.attempts, now, settings.timezone, retry),
            claimed_by=None,
            claimed_until=None,
            changed_at=now,
        )
    payload = {"task_id": task.id, "outcome": outcome.value, "state": state.value}
    append(session, bus, [Entry(kind="followup.not_reached", at=now, payload=payload)])


def _close(
    session: Session, task: FollowupTask, state: TaskState, *, result: str | None, now: datetime, **more: Any
) -> bool:
    return _change(
        session,
        task.id,
        task.claimed_by,
        state=state,
        result=result,
        done_at=now,
        done_by=task.claimed_by,
        claimed_by=None,
        claimed_until=None,
        changed_at=now,
        **more,
    )


def _change(session: Session, task_id: int, in_hand_of: str | None, **values: Any) -> bool:
    """One conditional update: whoever took the task meanwhile, or said its result, keeps it."""
    changed = session.execute(
        update(FollowupTask)
        .where(
            FollowupTask.id == task_id,
            FollowupTask.state == TaskState.IN_PROGRESS,
            FollowupTask.claimed_by == in_hand_of,
        )
        .values(**values, row_version=FollowupTask.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return rows_changed(changed) == 1
