"""What came of a task: the result, and everything that follows from it elsewhere (F-22, F-29, F-35, guard 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.configuration.rules import CALL_ATTEMPTS, CALLS_FROM, CALLS_UNTIL
from app.configuration.service import settings as configuration
from app.db import rows_changed
from app.errors import Conflict, InvalidInput
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import (
    OPEN,
    AttemptOutcome,
    Attitude,
    Ending,
    Retry,
    TaskKind,
    TaskMode,
    TaskResult,
    TaskRole,
    TaskState,
    TreatmentEffect,
    ending_of,
    next_try,
)
from app.followups.service.tasks import CLAIM_LIFETIME, NewTask, add_tasks, get_task
from app.journal.service import Entry, append
from app.outbound_lists.models import OutboundList
from app.patients import service as patients
from app.patients.kinds import NoteKind
from app.patients.models import Patient, PatientPhone
from app.settings import Settings
from app.texts import N_

_LIMITS = {"recovery": 1000, "opinion": 2000, "suggestion": 1000, "wish": 1000}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultData:
    """What the caller wrote down. `call_again_at` goes with the result "call again"; empty texts say nothing."""

    result: TaskResult
    effect: TreatmentEffect | None = None
    attitude: Attitude | None = None
    recovery: str = ""
    opinion: str = ""
    suggestion: str = ""
    wish: str = ""
    call_again_at: datetime | None = None


def keep_draft(session: Session, task_id: int, draft: dict[str, Any], *, by: str, now: datetime) -> bool:
    """Keep what was typed so far, and the claim with it. False when the task is not in this person's hands any more."""
    kept = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task_id, FollowupTask.state == TaskState.IN_PROGRESS, FollowupTask.claimed_by == by)
        .values(
            draft=draft,
            claimed_until=now + CLAIM_LIFETIME,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return rows_changed(kept) == 1


def apply_result(
    session: Session, bus: Bus, settings: Settings, task_id: int, data: ResultData, *, by: str | None, now: datetime
) -> TaskState:
    """Record what came of a task that `by` has in hand, and do what follows. Returns its new state.

    Without `by` it is the machine's word: an SMS that left, an automatic call. Raises InvalidInput by field, and
    Conflict when the task is somebody else's or closed already.
    """
    task = get_task(session, task_id)
    _check(task, data, by, now)
    retry = retry_of(session, task)
    state, ending = ending_of(data.result, task.attempts, retry)
    values = _values(data, by, now)
    if ending is Ending.NUMBER_IS_WRONG:
        state, values["phone_id"] = _give_up_number(session, bus, settings, task, by, now)
    if state is TaskState.NOT_REACHED:
        values["work_at"] = _next_work(session, settings, task, data, retry, now)
    elif state is TaskState.LOST:
        values["reason"] = str(data.result)
    if state in (TaskState.DONE, TaskState.LOST):
        values |= {"done_at": now, "done_by": by}
    if data.result in (TaskResult.REACHED, TaskResult.REFUSED):
        values["reached_at"] = now
    _move(session, task, state, values, by)
    append(
        session,
        bus,
        [
            Entry(
                kind="followup.result",
                at=now,
                agent=by,
                payload={"task_id": task.id, "patient_id": task.patient_id, "state": state, "result": data.result},
            )
        ],
    )
    if data.wish.strip() and by is not None:
        patients.add_note(session, bus, task.patient_id, kind=NoteKind.WISH, text=data.wish.strip(), by=by, now=now)
    if ending is Ending.STOP_EVERYTHING:
        patients.report_death(session, bus, task.patient_id, by=by, now=now)
    if state is TaskState.DONE and task.kind == TaskKind.OTHER_NUMBER and data.result is TaskResult.REACHED:
        _try_lost_again(session, task.patient_id, now)
    return state


def retry_of(session: Session, task: FollowupTask) -> Retry:
    """How often and when this task is tried: as its outbound list says within the hospital's hours, else as usual."""
    usual = Retry()
    opens, closes, most = configuration.values(session, CALLS_FROM, CALLS_UNTIL, CALL_ATTEMPTS)
    minutes = dict(usual.minutes)
    listed = session.get(OutboundList, task.list_id) if task.list_id is not None else None
    if listed is not None:
        opens, closes, most = max(opens, listed.opens), min(closes, listed.closes), listed.most_attempts
        minutes |= {AttemptOutcome(key): int(value) for key, value in listed.retries.items()}
    if opens >= closes:
        # Two settings are saved one after the other; hours that never open would hold every call back for ever.
        opens, closes = usual.opens, usual.closes
    return Retry(most_attempts=most, opens=opens, closes=closes, minutes=minutes)


def number_to_try(session: Session, task_id: int) -> int | None:
    """The number that a call for this task goes to when nobody chose one: the task's own, or the person's first."""
    task = get_task(session, task_id)
    chosen = session.get(PatientPhone, task.phone_id) if task.phone_id is not None else None
    if chosen is not None and chosen.patient_id == task.patient_id and chosen.is_valid and not chosen.do_not_call:
        return chosen.id
    return _first_number(session, task.patient_id)


def last_attempt(session: Session, task_id: int) -> FollowupAttempt | None:
    """The latest attempt for a task."""
    query = select(FollowupAttempt).where(FollowupAttempt.task_id == task_id)
    return session.scalar(query.order_by(FollowupAttempt.started_at.desc()).limit(1))


def _check(task: FollowupTask, data: ResultData, by: str | None, now: datetime) -> None:
    if TaskState(task.state) not in OPEN:
        raise Conflict(N_("This follow-up is closed already. What you typed was not saved."))
    if by is not None and (task.claimed_by != by or task.state != TaskState.IN_PROGRESS):
        raise Conflict(N_("This follow-up is not in your hands any more. Take it again to go on."))
    for name, longest in _LIMITS.items():
        if len(getattr(data, name)) > longest:
            raise InvalidInput(N_("This text is too long."), field=name)
    if data.result is TaskResult.CALL_AGAIN and (data.call_again_at is None or data.call_again_at <= now):
        raise InvalidInput(N_("Say when the patient wants to be called: a time that is still to come."), field="again")
    if task.role == TaskRole.ATTENDING_DOCTOR and data.result is TaskResult.REACHED:
        if not data.recovery.strip():
            raise InvalidInput(N_("Write what the follow-up found."), field="recovery")
        if not data.opinion.strip():
            raise InvalidInput(N_("Write what is to be done."), field="opinion")


def _values(data: ResultData, by: str | None, now: datetime) -> dict[str, Any]:
    effect = TreatmentEffect.DIED if data.result is TaskResult.DIED else data.effect
    attitude = data.attitude or (Attitude.REFUSES if data.result is TaskResult.REFUSED else None)
    return {
        "result": data.result,
        "effect": effect,
        "attitude": attitude,
        "recovery": data.recovery.strip(),
        "opinion": data.opinion.strip(),
        "suggestion": data.suggestion.strip(),
        "wish": data.wish.strip(),
        "draft": {},
        "claimed_by": None,
        "claimed_until": None,
        "changed_at": now,
    }


def _move(session: Session, task: FollowupTask, state: TaskState, values: dict[str, Any], by: str | None) -> None:
    held = FollowupTask.claimed_by == by if by is not None else FollowupTask.state.in_([each.value for each in OPEN])
    moved = session.execute(
        update(FollowupTask)
        .where(FollowupTask.id == task.id, FollowupTask.row_version == task.row_version, held)
        .values(state=state, row_version=FollowupTask.row_version + 1, **values),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(moved) != 1:
        raise Conflict(N_("Somebody changed this follow-up meanwhile. Look at it again."))
    session.refresh(task)


def _next_work(
    session: Session, settings: Settings, task: FollowupTask, data: ResultData, retry: Retry, now: datetime
) -> datetime:
    if data.result is TaskResult.CALL_AGAIN and data.call_again_at is not None:
        return data.call_again_at
    if data.result is TaskResult.WRONG_NUMBER:
        return now
    attempt = last_attempt(session, task.id)
    outcome = AttemptOutcome(attempt.outcome) if attempt and attempt.outcome else AttemptOutcome.NO_ANSWER
    return next_try(outcome, task.attempts, now, settings.timezone, retry)


def _give_up_number(
    session: Session, bus: Bus, settings: Settings, task: FollowupTask, by: str | None, now: datetime
) -> tuple[TaskState, int | None]:
    """The number that was tried is wrong: try the next one, or ask for another contact (F-35)."""
    attempt = last_attempt(session, task.id)
    phone_id = (attempt.phone_id if attempt else None) or task.phone_id or _first_number(session, task.patient_id)
    if phone_id is not None:
        patients.mark_number_wrong(session, bus, task.patient_id, phone_id, by=by, now=now)
    other = _first_number(session, task.patient_id)
    if other is not None:
        return TaskState.NOT_REACHED, other
    asked = exists().where(
        FollowupTask.patient_id == task.patient_id,
        FollowupTask.kind == TaskKind.OTHER_NUMBER,
        FollowupTask.state.in_([each.value for each in OPEN]),
    )
    if not session.scalar(select(asked)):
        local = now.astimezone(settings.timezone)
        add_tasks(
            session,
            bus,
            [
                NewTask(
                    patient_id=task.patient_id,
                    kind=TaskKind.OTHER_NUMBER,
                    mode=TaskMode.OTHER,
                    role=TaskRole.SERVICE_CENTRE,
                    title="Find another number",
                    why="wrong_number",
                    due_on=local.date(),
                    at=local.time().replace(tzinfo=None),
                    late_days=7,
                )
            ],
            zone=settings.timezone,
            by=by,
            now=now,
        )
    return TaskState.LOST, task.phone_id


def _first_number(session: Session, patient_id: int) -> int | None:
    query = select(PatientPhone.id).where(
        PatientPhone.patient_id == patient_id,
        PatientPhone.is_valid,
        PatientPhone.do_not_call.is_(False),
        PatientPhone.contact_person_id.is_(None),
    )
    return session.scalar(query.order_by(PatientPhone.id).limit(1))


def _try_lost_again(session: Session, patient_id: int, now: datetime) -> None:
    """Another number was found: what was lost for want of one is due again, unless it is too old to be of use."""
    alive = exists().where(Patient.id == FollowupTask.patient_id, Patient.deceased_at.is_(None))
    session.execute(
        update(FollowupTask)
        .where(
            FollowupTask.patient_id == patient_id,
            FollowupTask.state == TaskState.LOST,
            FollowupTask.reason == TaskResult.WRONG_NUMBER,
            FollowupTask.late_at > now - timedelta(days=30),
            alive,
        )
        .values(
            state=TaskState.DUE,
            reason=None,
            result=None,
            done_at=None,
            done_by=None,
            phone_id=None,
            work_at=now,
            changed_at=now,
            row_version=FollowupTask.row_version + 1,
        ),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
