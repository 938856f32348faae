"""Steps that are texts send themselves (F-05): what is due goes into the outbox and is done in the same transaction.

So there is never a text without its step, nor a step done without its text; whoever looks twice finds nothing due.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.contact_policy.rules import earliest_sending
from app.contact_policy.service import limits
from app.errors import Conflict
from app.followup_plans.models import FollowupPlan
from app.followup_templates.models import FollowupTemplateVersion
from app.followup_templates.rules import Step, read_step
from app.followups.models import FollowupTask
from app.followups.rules import TaskMode, TaskResult, TaskState
from app.followups.service.tasks import make_due
from app.journal.service import Entry, append
from app.message_templates import service as templates
from app.messages import service as messages
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, OutState, Priority, sign_text
from app.messages.service import Outgoing
from app.organisation.models import Department
from app.parts import Parts
from app.sending_rules.rules import HELD_BACK, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The text of one task for its patient, or why there is none."""

    number: str = ""
    text: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of a task: its text is in the outbox, it waits until `later`, or it is left out for a reason."""

    task: FollowupTask
    message_id: int | None = None
    later: datetime | None = None
    reason: str | None = None


def send_due(parts: Parts) -> int:
    """Put every text that is due into the outbox, a batch at a time. Returns how many tasks were looked at."""
    with parts.database.reading() as session:
        has_work = session.scalar(_waiting(parts.now()).limit(1)) is not None
    if not has_work:
        return 0
    with parts.database.writing() as session:
        make_due(session, parts.bus, parts.now())
    looked_at = 0
    while count := _send_batch(parts):
        looked_at += count
    return looked_at


def recall_texts(
    session: Session, bus: Bus, plan_id: int, now: datetime, *, steps: Collection[str] | None = None
) -> int:
    """Take back what is still in the outbox of a plan, or of these steps of it: their tasks are planned again.

    Its event has moved or gone while the network was away; whoever calls moves or cancels the tasks then. Returns how
    many were taken back. What is leaving just then is left alone: nobody is told twice.
    """
    unsent = (
        select(FollowupTask.id, FollowupTask.step, Message.id.label("message_id"))
        .join(Message, Message.id == FollowupTask.message_id)
        .where(
            FollowupTask.plan_id == plan_id,
            FollowupTask.state == TaskState.DONE,
            FollowupTask.mode == TaskMode.SMS,
            Message.state == OutState.QUEUED,
            Message.sent_at.is_(None),
        )
    )
    recalled = 0
    for row in session.execute(unsent).all():
        if steps is not None and row.step not in steps:
            continue
        try:
            messages.cancel(session, bus, message_id=row.message_id, agent="", now=now)
        except Conflict:
            continue
        # The one way back from done: what never left was not done.
        session.execute(
            update(FollowupTask)
            .where(FollowupTask.id == row.id, FollowupTask.state == TaskState.DONE)
            .values(
                state=TaskState.PLANNED,
                result=None,
                message_id=None,
                done_at=None,
                changed_at=now,
                row_version=FollowupTask.row_version + 1,
            ),
            execution_options={"synchronize_session": False},
        )
        recalled += 1
    if recalled:
        session.expire_all()
        append(
            session, bus, [Entry(kind="followups.recalled", at=now, payload={"plan_id": plan_id, "count": recalled})]
        )
    return recalled


def _waiting(now: datetime) -> Select[int]:
    is_open = FollowupTask.state.in_([TaskState.PLANNED, TaskState.DUE])
    return select(FollowupTask.id).where(is_open, FollowupTask.mode == TaskMode.SMS, FollowupTask.work_at <= now)


def _send_batch(parts: Parts) -> int:
    now, zone = parts.now(), parts.settings.timezone
    with parts.database.writing() as session:
        due = select(FollowupTask).where(
            FollowupTask.state == TaskState.DUE, FollowupTask.mode == TaskMode.SMS, FollowupTask.work_at <= now
        )
        tasks = session.scalars(
            due.order_by(FollowupTask.work_at, FollowupTask.id)
            .limit(messages.MOST_QUEUED)
            .with_for_update(skip_locked=True)
        ).all()
        if not tasks:
            return 0
        late = [_Outcome(task, reason=Reason.TOO_LATE) for task in tasks if task.late_at <= now]
        useful = [task for task in tasks if task.late_at > now]
        opens = earliest_sending(MessageKind.CARE, now, zone, origin=Origin.FOLLOWUP, limits=limits(session))
        if opens > now:
            outcomes = [_postponed(task, opens, None) for task in useful]
        else:
            outcomes = _queue(session, parts, useful, now)
        _record(session, parts, [*late, *outcomes], now)
        return len(tasks)


def _postponed(task: FollowupTask, later: datetime, reason: str | None) -> _Outcome:
    if later < task.late_at:
        return _Outcome(task, later=later, reason=reason)
    return _Outcome(task, reason=reason or Reason.TOO_LATE)


def _queue(session: Session, parts: Parts, tasks: Sequence[FollowupTask], now: datetime) -> list[_Outcome]:
    written = _write(session, parts, tasks, now)
    ready = [task for task in tasks if written[task.id].reason is None]
    outcomes = [_Outcome(task, reason=written[task.id].reason) for task in tasks if task not in ready]
    earlier = _written_before(session, [task.id for task in ready])
    answers = messages.queue_many(
        session,
        parts.bus,
        settings=parts.settings,
        outgoing=[
            Outgoing(
                number=written[task.id].number,
                patient_id=task.patient_id,
                text=written[task.id].text,
                dedup_key=_key(task.id, earlier.get(task.id, 0)),
                due_at=task.work_at,
                expires_at=task.late_at,
                origin_id=task.id,
            )
            for task in ready
        ],
        kind=MessageKind.CARE,
        origin=Origin.FOLLOWUP,
        origin_id=None,
        priority=Priority.NORMAL,
        created_by=None,
        now=now,
    )
    for task, answer in zip(ready, answers, strict=True):
        if answer.refusal is None:
            outcomes.append(_Outcome(task, message_id=answer.message_id))
        elif answer.refusal in HELD_BACK:
            outcomes.append(_postponed(task, _tomorrow(task, now, parts.settings.timezone), str(answer.refusal)))
        else:
            outcomes.append(_Outcome(task, reason=str(answer.refusal)))
    return outcomes


def _written_before(session: Session, task_ids: Sequence[int]) -> dict[int, int]:
    """How many texts each of these tasks has had already: those that were taken back."""
    query = select(Message.origin_id, func.count()).where(
        Message.origin == Origin.FOLLOWUP, Message.origin_id.in_(task_ids)
    )
    return {task_id or 0: count for task_id, count in session.execute(query.group_by(Message.origin_id))}


def _key(task_id: int, earlier: int) -> str:
    return f"followup:{task_id}:{earlier}" if earlier else f"followup:{task_id}"


def _tomorrow(task: FollowupTask, now: datetime, zone: ZoneInfo) -> datetime:
    at = task.due_at.astimezone(zone).time()
    local = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), at, zone)
    return datetime.fromtimestamp(local.timestamp(), tz=zone)


def _write(session: Session, parts: Parts, tasks: Sequence[FollowupTask], now: datetime) -> dict[int, _Written]:
    """Each text in its patient's language, with the hospital's and the plan's values in it."""
    ids = {task.patient_id for task in tasks}
    numbers = messages.mobiles_of(session, ids)
    people = templates.addressees(session, ids, today=now.astimezone(parts.settings.timezone).date())
    house = templates.house_values(session, parts.settings)
    plans = {
        plan.id: plan
        for plan in session.scalars(select(FollowupPlan).where(FollowupPlan.id.in_({task.plan_id for task in tasks})))
    }
    steps = _steps(session, {plan.template_version_id for plan in plans.values()})
    departments = _departments(session, {task.department_id for task in tasks})
    found: dict[int, _Written] = {}
    for task in tasks:
        number, who, plan = numbers.get(task.patient_id), people.get(task.patient_id), plans.get(task.plan_id or 0)
        if number is None or who is None:
            found[task.id] = _Written(reason=Reason.NO_MOBILE)
            continue
        step = steps.get((plan.template_version_id, task.step)) if plan is not None else None
        day = step.day(plan.anchor_on) if step is not None and plan is not None else task.due_on
        extra = {
            "date": day.isoformat(),
            "doctor": (plan.doctor or "") if plan is not None else "",
            "department": departments.get(task.department_id or 0, ""),
        }
        texts = _texts(task, step, parts.settings.locale)
        filled, _language = templates.fill_variant(
            texts, MessageKind.CARE, who, number=number, house=house, extra=extra
        )
        if filled.missing:
            found[task.id] = _Written(reason=f"{Reason.EMPTY_FIELD}:{filled.missing[0]}"[:60])
        elif sign_text(filled.text, parts.settings.signature).fault is not None:
            found[task.id] = _Written(reason=Reason.BAD_TEXT)
        else:
            found[task.id] = _Written(number=number, text=filled.text)
    return found


def _steps(session: Session, version_ids: set[int | None]) -> dict[tuple[int | None, str | None], Step]:
    query = select(FollowupTemplateVersion.id, FollowupTemplateVersion.steps)
    found: dict[tuple[int | None, str | None], Step] = {}
    for version_id, steps in session.execute(query.where(FollowupTemplateVersion.id.in_(version_ids))):
        found |= {(version_id, step.key): step for step in map(read_step, steps)}
    return found


def _texts(task: FollowupTask, step: Step | None, locale: str) -> Mapping[str, str]:
    """The step's text in every language; what somebody has written into the task itself goes as it is."""
    if step is not None and task.text in step.texts.values():
        return step.texts
    return {locale: task.text}


def _departments(session: Session, ids: set[int | None]) -> dict[int, str]:
    return dict(session.execute(select(Department.id, Department.name).where(Department.id.in_(ids))).all())


_TABLE: Any = FollowupTask.__table__
_SETTLED = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("task"), _TABLE.c.state == TaskState.DUE)
    .values(
        state=bindparam("to_state"),
        result=bindparam("to_result"),
        message_id=bindparam("to_message"),
        reason=bindparam("to_reason"),
        work_at=bindparam("to_work_at"),
        reached_at=bindparam("to_reached"),
        done_at=bindparam("to_done"),
        changed_at=bindparam("now"),
        row_version=_TABLE.c.row_version + 1,
    )
)


def _record(session: Session, parts: Parts, outcomes: Sequence[_Outcome], now: datetime) -> None:
    """Past the ORM, whose bookkeeping of a row costs more than its update. The rows are locked since they were read."""
    rows = []
    for each in outcomes:
        is_sent, waits = each.message_id is not None, each.later is not None
        state = TaskState.DONE if is_sent else TaskState.PLANNED if waits else TaskState.SKIPPED
        rows.append(
            {
                "task": each.task.id,
                "to_state": state,
                "to_result": TaskResult.SENT if is_sent else None,
                "to_message": each.message_id,
                "to_reason": each.reason,
                "to_work_at": each.later or each.task.work_at,
                "to_reached": None,
                "to_done": None if waits else now,
                "now": now,
            }
        )
    session.flush()
    session.connection().execute(_SETTLED, rows)
    session.expire_all()
    sent = sum(each.message_id is not None for each in outcomes)
    payload = {"sent": sent, "left_out": sum(each.later is None for each in outcomes) - sent}
    append(session, parts.bus, [Entry(kind="followups.texted", at=now, payload=payload)])
