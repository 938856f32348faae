"""What follows from an attempt that has ended, where nobody is there to say: of lists that dial by themselves.

An agent who saw the patient's name before dialling says the result; then nothing is moved here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.calls.rules import Telling
from app.configuration.rules import CALL_ATTEMPTS, CALLS_FROM, CALLS_UNTIL
from app.configuration.service import settings as configuration
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import (
    AttemptOutcome,
    DiallingMode,
    Ending,
    Retry,
    TaskKind,
    TaskMode,
    TaskResult,
    TaskRole,
    TaskState,
    ending_of,
    next_try,
)
from app.followups.service.tasks import CLAIM_LIFETIME, NewTask, add_tasks
from app.journal.service import Entry, append
from app.outbound_lists.models import OutboundList
from app.patients.models import PatientPhone
from app.settings import Settings
from app.texts import N_

DIALLER = "@dialler"
"""Who has a task in hand while Asterisk calls by itself: no name of an account, which begins with a letter."""
_NOT_DIALLED_PAUSE = timedelta(minutes=1)
_LOST = N_("Tried as often as is allowed.")
_ANOTHER_NUMBER = N_("Find another number")
_WRONG_NUMBER = N_("The network says that the number does not exist.")


def follow_attempt(session: Session, bus: Bus, attempt: FollowupAttempt, *, now: datetime, settings: Settings) -> None:
    """Move the task of an attempt that has just ended, unless that is for an agent to say. Twice is the same as once.

    Not reached: tried again by its list's rule, or lost. A number that does not exist is marked so, and somebody is
    asked to find another (F-35). An automatic call that brought answers is done; one whose patient asked for a person
    and got none is for an agent to call back at once.
    """
    task = session.get_one(FollowupTask, attempt.task_id, populate_existing=True)
    is_in_hand = task.state == TaskState.IN_PROGRESS and task.claimed_by in (DIALLER, attempt.agent)
    outcome = AttemptOutcome(attempt.outcome or AttemptOutcome.FAILED)
    if attempt.dialling == DiallingMode.PREVIEW or not is_in_hand:
        return
    if outcome is AttemptOutcome.NOT_DIALLED:
        put_off(session, task, now + _NOT_DIALLED_PAUSE, now=now)
    elif outcome is AttemptOutcome.WRONG_NUMBER:
        _number_is_wrong(session, bus, task, attempt, now, settings)
    elif outcome is not AttemptOutcome.ANSWERED:
        _not_reached(session, bus, task, outcome, now, settings)
    elif attempt.dialling == DiallingMode.AUTOMATIC:
        _answered_by_itself(session, bus, task, attempt, now, settings)


def hand_to_agent(session: Session, bus: Bus, attempt: FollowupAttempt, *, now: datetime) -> None:
    """The patient of an automatic call talks with an agent: the task is in that agent's hand from now on."""
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


def retry_for(session: Session, task: FollowupTask) -> Retry:
    """How often and how soon this task is tried again: its list's rule, else the hospital's."""
    usual = Retry()
    opens, closes, most = configuration.values(session, CALLS_FROM, CALLS_UNTIL, CALL_ATTEMPTS)
    minutes = dict(usual.minutes)
    if task.list_id is not None:
        batch = session.get_one(OutboundList, task.list_id)
        opens, closes, most = max(opens, batch.opens), min(closes, batch.closes), batch.most_attempts
        known = set(AttemptOutcome)
        minutes |= {AttemptOutcome(key): int(value) for key, value in batch.retries.items() if key in known}
    if opens >= closes:
        opens, closes = usual.opens, usual.closes
    return Retry(most_attempts=most, opens=opens, closes=closes, minutes=minutes)


def _answered_by_itself(
    session: Session, bus: Bus, task: FollowupTask, attempt: FollowupAttempt, now: datetime, settings: Settings
) -> None:
    told = Telling(attempt.progress) if attempt.progress else None
    if attempt.agent is not None:
        hand_to_agent(session, bus, attempt, now=now)
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
        _close(session, task, TaskState.DONE, result=TaskResult.REACHED, now=now, reached_at=attempt.ended_at)
        payload = {"state": TaskState.DONE.value, "count": 1, "task_id": task.id}
        append(session, bus, [Entry(kind="followups.closed", at=now, payload=payload)])
        return
    # Who rings off before anything was asked does not want to be asked again within the hour.
    _not_reached(session, bus, task, AttemptOutcome.REJECTED, now, settings)


def _not_reached(
    session: Session, bus: Bus, task: FollowupTask, outcome: AttemptOutcome, now: datetime, settings: Settings
) -> None:
    retry = retry_for(session, task)
    state, _ = ending_of(TaskResult.NOT_REACHED, task.attempts, retry)
    if state is TaskState.LOST:
        _close(session, task, state, result=TaskResult.NOT_REACHED, now=now, reason=_LOST)
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


def _number_is_wrong(
    session: Session, bus: Bus, task: FollowupTask, attempt: FollowupAttempt, now: datetime, settings: Settings
) -> None:
    state, ending = ending_of(TaskResult.WRONG_NUMBER, task.attempts, retry_for(session, task))
    _close(session, task, state, result=TaskResult.WRONG_NUMBER, now=now, reason=_WRONG_NUMBER)
    if ending is Ending.NUMBER_IS_WRONG:
        mark_wrong(session, bus, task, attempt, now=now, settings=settings)


def mark_wrong(
    session: Session, bus: Bus, task: FollowupTask, attempt: FollowupAttempt, *, now: datetime, settings: Settings
) -> None:
    """Mark the number as wrong, so that nothing goes there any more, and have somebody find another (F-35)."""
    wrong = session.execute(
        update(PatientPhone)
        .where(
            PatientPhone.id == attempt.phone_id,
            PatientPhone.number == attempt.number,
            PatientPhone.patient_id == attempt.patient_id,
            PatientPhone.is_valid,
        )
        .values(is_valid=False),
        execution_options={"synchronize_session": False},
    )
    if cast(CursorResult[Any], wrong).rowcount:
        payload = {"patient_id": attempt.patient_id, "phone_id": attempt.phone_id}
        append(session, bus, [Entry(kind="patient.number_wrong", at=now, payload=payload)])
    is_asked = select(FollowupTask.id).where(
        FollowupTask.patient_id == task.patient_id,
        FollowupTask.kind == TaskKind.OTHER_NUMBER,
        FollowupTask.state.in_((TaskState.PLANNED, TaskState.DUE, TaskState.IN_PROGRESS)),
    )
    if session.scalar(is_asked.limit(1)) is not None:
        return
    search = NewTask(
        patient_id=task.patient_id,
        kind=TaskKind.OTHER_NUMBER,
        mode=TaskMode.OTHER,
        role=TaskRole.SERVICE_CENTRE,
        title=_ANOTHER_NUMBER,
        why=_WRONG_NUMBER,
        due_on=now.astimezone(settings.timezone).date(),
        department_id=task.department_id,
    )
    add_tasks(session, bus, [search], zone=settings.timezone, by=None, now=now)


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
    return cast(CursorResult[Any], changed).rowcount == 1
