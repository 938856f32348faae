"""Lists that dial by themselves: the next person, for an agent who is free or for nobody, as fast as the list allows.

Each call is one transaction: the list still runs, the task is claimed, the policy says yes, the line is held, the
attempt and the order are written. It all stands or nothing does, and telephony dials an order at most once.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import CommandKind
from app.contact_policy.rules import Refusal
from app.db import rows_changed
from app.errors import Conflict
from app.followups import service as followups
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import CLAIMABLE, DiallingMode, TaskMode, TaskState
from app.followups.service import DIALLER, Judged
from app.kept_places import service as kept_places
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import ListState, may_begin
from app.outbound_lists.service.asking import questions_for_keys
from app.parts import Parts

log = structlog.get_logger()

# What is refused costs a look at the contact policy; the next look comes within a second.
_MOST_LOOKS = 20
_BUSY_PAUSE = timedelta(minutes=5)
_WAITING = tuple(sorted(CLAIMABLE))
# What is about the person, and not about one call: the follow-up has no purpose any more.
_UNWANTED = frozenset({Refusal.DECEASED, Refusal.DO_NOT_CALL, Refusal.STOPPED, Refusal.OPTED_OUT})


class _NotOurTurn(Exception):
    pass


@contextlib.contextmanager
def _one_at_a_time(task_id: int) -> Iterator[None]:
    """One task that breaks our own code must not keep those behind it from being called."""
    try:
        yield
    except (_NotOurTurn, DBAPIError):
        raise
    except Exception:
        log.exception("outbound_list.call_failed", task=task_id)


def call_patients(parts: Parts) -> int:
    """Begin the calls of every automatic list that may begin now. Returns how many."""
    with parts.database.reading() as session:
        lists = _running(session, DiallingMode.AUTOMATIC)
        now = parts.now()
        wanted = [
            (batch.id, count, _next_tasks(session, batch.id, now, TaskMode.AUTOMATIC, limit=count + _MOST_LOOKS))
            for batch in lists
            if (count := _room(session, batch, now)) > 0
        ]
    begun = 0
    for list_id, count, task_ids in wanted:
        begun_here = 0
        for task_id in task_ids:
            if begun_here >= count:
                break
            # Somebody else's turn undoes all that was written for this call.
            with contextlib.suppress(_NotOurTurn), _one_at_a_time(task_id), parts.database.writing() as session:
                begun_here += _call_patient(session, parts, list_id, task_id)
        begun += begun_here
    return begun


def dial_for_free_agents(parts: Parts) -> int:
    """Dial the next person for each agent who is ready, with nothing else in hand. Returns how many calls.

    Never more calls than free agents: an agent is in the call before the patient is rung. While somebody waits in a
    queue, on the line or not, the agents who are free are for those.
    """
    with parts.database.reading() as session:
        now = parts.now()
        lists = _running(session, DiallingMode.PROGRESSIVE)
        if not lists or _is_somebody_waiting(session) or kept_places.is_somebody_due(session, now):
            return 0
        wanted = [
            (agent, batch.id, _next_tasks(session, batch.id, now, TaskMode.PHONE, limit=_MOST_LOOKS, agent=agent))
            for agent in _free_agents(session)
            for batch in lists
            if not batch.agents or agent in batch.agents
        ]
    served: set[str] = set()
    for agent, list_id, task_ids in wanted:
        for task_id in task_ids:
            if agent in served:
                break
            with _one_at_a_time(task_id), parts.database.writing() as session:
                if _dial_for(session, parts, agent, list_id, task_id):
                    served.add(agent)
    return len(served)


def _call_patient(session: Session, parts: Parts, list_id: int, task_id: int) -> bool:
    now = parts.now()
    batch = session.get_one(OutboundList, list_id, populate_existing=True)
    count, next_call_at = may_begin(batch.next_call_at, now, batch.calls_per_minute, 1)
    if count < 1 or _living(session, list_id) >= batch.most_at_once:
        return False
    keys = ":".join(question.spec for question in questions_for_keys(session, batch.questionnaire_version_id))
    args = {
        "task_id": task_id,
        "prompts": next(iter(batch.prompts.values()), ""),
        "keys": keys,
        "leaves_machines": "1" if batch.hangs_up_on_machines else "0",
    }
    before = batch.next_call_at
    if not _place(session, parts, task_id, DiallingMode.AUTOMATIC, CommandKind.CALL_PATIENT, None, args, now):
        return False
    # Of two processes that look at the list at once, one sees that the other was first; and so does one that looks
    # while somebody pauses it.
    is_next = OutboundList.next_call_at == before if before is not None else OutboundList.next_call_at.is_(None)
    turn = session.execute(
        update(OutboundList)
        .where(OutboundList.id == list_id, OutboundList.state == ListState.RUNNING, is_next)
        .values(next_call_at=next_call_at),
        execution_options={"synchronize_session": False},
    )
    if rows_changed(turn) != 1:
        raise _NotOurTurn
    return True


def _dial_for(session: Session, parts: Parts, agent: str, list_id: int, task_id: int) -> bool:
    now = parts.now()
    is_running = select(OutboundList.id).where(OutboundList.id == list_id, OutboundList.state == ListState.RUNNING)
    is_ready = select(AgentStatus.id).where(AgentStatus.id == agent, AgentStatus.state == AgentState.READY)
    if session.scalar(is_running) is None or session.scalar(is_ready) is None:
        return False
    args = {"task_id": task_id}
    return _place(session, parts, task_id, DiallingMode.PROGRESSIVE, CommandKind.DIAL, agent, args, now)


def _place(
    session: Session,
    parts: Parts,
    task_id: int,
    dialling: DiallingMode,
    kind: CommandKind,
    agent: str | None,
    args: dict[str, Any],
    now: datetime,
) -> bool:
    if not followups.claim(session, parts.bus, task_id, by=agent or DIALLER, now=now):
        return False
    task = session.get_one(FollowupTask, task_id, populate_existing=True)
    judged = followups.judge_dial(session, parts.settings, task, dialling=dialling, now=now)
    if judged.dial is None:
        _lay_aside(session, parts, task, judged, now)
        return False
    id = str(uuid.uuid4())
    dial = judged.dial
    try:
        with session.begin_nested():
            followups.take_dial(
                session, parts.bus, dial, id=id, task_id=task_id, dialling=dialling, agent=agent, now=now
            )
    except Conflict:
        # Somebody talks with them, or calls them in this moment.
        followups.put_off(session, task, now + _BUSY_PAUSE, now=now)
        return False
    calls.place_order(
        session,
        parts.bus,
        id=id,
        kind=kind,
        args={"patient_id": dial.patient_id, "phone_id": dial.phone_id, **args},
        agent=agent or "",
        issued_by=agent or DIALLER,
        now=now,
    )
    return True


def _lay_aside(session: Session, parts: Parts, task: FollowupTask, judged: Judged, now: datetime) -> None:
    """Nobody is called: later, or never, with the reason."""
    if judged.again_at is not None:
        followups.put_off(session, task, judged.again_at, now=now)
        return
    reason = str(judged.refusal)
    if judged.refusal in _UNWANTED:
        followups.cancel_tasks(session, parts.bus, [task.id], reason=reason, by=None, now=now)
    else:
        followups.give_up(session, parts.bus, task, reason=reason, now=now)


def _running(session: Session, dialling: DiallingMode) -> Sequence[OutboundList]:
    query = select(OutboundList).where(OutboundList.state == ListState.RUNNING, OutboundList.dialling == dialling)
    return session.scalars(query.order_by(OutboundList.id)).all()


def _room(session: Session, batch: OutboundList, now: datetime) -> int:
    most = batch.most_at_once - _living(session, batch.id)
    return may_begin(batch.next_call_at, now, batch.calls_per_minute, most)[0] if most > 0 else 0


def _living(session: Session, list_id: int) -> int:
    query = (
        select(func.count())
        .select_from(FollowupAttempt)
        .join(FollowupTask, FollowupTask.id == FollowupAttempt.task_id)
        .where(FollowupAttempt.ended_at.is_(None), FollowupTask.list_id == list_id)
    )
    return session.scalar(query) or 0


def _next_tasks(
    session: Session, list_id: int, now: datetime, mode: TaskMode, *, limit: int, agent: str | None = None
) -> Sequence[int]:
    query = select(FollowupTask.id).where(
        FollowupTask.list_id == list_id,
        FollowupTask.mode == mode,
        FollowupTask.state.in_(_WAITING),
        FollowupTask.work_at <= now,
        or_(FollowupTask.assignee.is_(None), FollowupTask.assignee == agent),
    )
    return session.scalars(query.order_by(FollowupTask.work_at, FollowupTask.id).limit(limit)).all()


def _free_agents(session: Session) -> Sequence[str]:
    """Who is ready, longest first, and has neither a call that is on its way nor a follow-up in hand."""
    is_called = exists().where(FollowupAttempt.agent == AgentStatus.id, FollowupAttempt.ended_at.is_(None))
    has_task = exists().where(FollowupTask.claimed_by == AgentStatus.id, FollowupTask.state == TaskState.IN_PROGRESS)
    query = select(AgentStatus.id).where(AgentStatus.state == AgentState.READY, ~is_called, ~has_task)
    return session.scalars(query.order_by(AgentStatus.since)).all()


def _is_somebody_waiting(session: Session) -> bool:
    waits = exists().where(
        Call.ended_at.is_(None), Call.queue.is_not(None), Call.agent.is_(None), Call.state == "ringing"
    )
    return bool(session.scalar(select(waits)))
