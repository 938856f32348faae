"""Prepare a list batch by batch, and tidy up behind it. Whoever holds the claim works on it.

Each batch is one transaction that proves the claim by a conditional update, so that a list that was stopped, or a
worker that was thought dead, writes nothing more; and it notes how far it came, so that a restart goes on there.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from app.configuration.rules import CALL_NOTICE, CALL_THANKS
from app.configuration.service import settings as configuration
from app.db import rows_changed
from app.errors import WardlineError
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, DiallingMode, TaskKind, TaskMode, TaskRole
from app.followups.service import NewTask
from app.journal.service import Entry, append
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import NOTICE, PERSON, PURPOSE_TEXT, THANKS, ListPurpose, ListState, share_of, spoken
from app.outbound_lists.service.asking import questions_for_keys
from app.outbound_lists.service.audience import BATCH, batches_of, days_of, judge
from app.outbound_lists.service.prompts import make_prompts
from app.parts import Parts
from app.segments import service as segments
from app.segments.rules import SegmentPurpose

log = structlog.get_logger()

# A batch takes some tenths of a second, and speaking some seconds; who is silent for so long is dead.
_CLAIM = timedelta(minutes=2)
_LATE_DAYS = 3
_STOPPED = "list_stopped"


def due_lists(session: Session, now: datetime) -> list[int]:
    """The lists that wait for a worker."""
    return list(session.scalars(select(OutboundList.id).where(_is_due(now)).order_by(OutboundList.id)))


def work_on(parts: Parts, list_id: int) -> None:
    """Prepare a list, as far as it goes. Does nothing when somebody else has it."""
    claim = secrets.token_hex(16)
    with parts.database.writing() as session:
        now = parts.now()
        taken = session.execute(
            update(OutboundList)
            .where(OutboundList.id == list_id, _is_due(now))
            .values(claim=claim, claimed_until=now + _CLAIM)
            .execution_options(synchronize_session=False)
        )
        if rows_changed(taken) != 1:
            return
        batch = session.get_one(OutboundList, list_id, populate_existing=True)
    try:
        _prepare(parts, batch, claim)
    except WardlineError as error:
        log.info("outbound_list.not_prepared", outbound_list=list_id, code=error.code)
        with parts.database.writing() as session:
            if _hold(session, list_id, claim, parts.now()):
                _end(session, parts, list_id, ListState.DRAFT, error=error.detail[:300])


def tidy(parts: Parts) -> int:
    """Cancel what is open of stopped lists, and close the lists that have nothing open. Returns how many changed."""
    changed = 0
    with parts.database.reading() as session:
        is_open = exists().where(FollowupTask.list_id == OutboundList.id, FollowupTask.state.in_(tuple(sorted(OPEN))))
        stopped = list(session.scalars(select(OutboundList.id).where(OutboundList.state == ListState.STOPPED, is_open)))
        done = list(session.scalars(select(OutboundList.id).where(OutboundList.state == ListState.RUNNING, ~is_open)))
    for list_id in stopped:
        changed += _cancel_open(parts, list_id)
    for list_id in done:
        with parts.database.writing() as session:
            closed = session.execute(
                update(OutboundList)
                .where(OutboundList.id == list_id, OutboundList.state == ListState.RUNNING)
                .values(state=ListState.DONE, row_version=OutboundList.row_version + 1)
            )
            if rows_changed(closed):
                changed += 1
                payload = {"list_id": list_id, "state": ListState.DONE.value}
                append(session, parts.bus, [Entry(kind="outbound_list.changed", at=parts.now(), payload=payload)])
    return changed


def _cancel_open(parts: Parts, list_id: int) -> int:
    cancelled = 0
    while True:
        with parts.database.writing() as session:
            ids = session.scalars(
                select(FollowupTask.id)
                .where(FollowupTask.list_id == list_id, FollowupTask.state.in_(tuple(sorted(OPEN))))
                .limit(BATCH)
            ).all()
            if not ids:
                return cancelled
            by = session.get_one(OutboundList, list_id).stopped_by
            count = followups.cancel_tasks(session, parts.bus, ids, reason=_STOPPED, by=by, now=parts.now())
        if count == 0:
            return cancelled
        cancelled += count


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(OutboundList.claimed_until.is_(None), OutboundList.claimed_until < now)
    return and_(is_free, OutboundList.state == ListState.PREPARING)


def _prepare(parts: Parts, batch: OutboundList, claim: str) -> None:
    if batch.dialling == DiallingMode.AUTOMATIC:
        prompts = _speak(parts, batch)
        with parts.database.writing() as session:
            if not _hold(session, batch.id, claim, parts.now()):
                return
            session.execute(update(OutboundList).where(OutboundList.id == batch.id).values(prompts=prompts))
    for people in batches_of(parts, batch):
        if not _prepare_some(parts, batch.id, claim, people):
            return
    with parts.database.writing() as session:
        if not _hold(session, batch.id, claim, parts.now()):
            return
        done = session.get_one(OutboundList, batch.id, populate_existing=True)
        if done.segment_id is not None:
            members = done.tasks + sum(done.left_out.values())
            purpose, by = SegmentPurpose.FOLLOWUP, done.started_by or done.created_by
            segments.record_use(session, done.segment_id, purpose, members=members, by=by, now=parts.now())
        _end(session, parts, batch.id, ListState.RUNNING)


def _prepare_some(parts: Parts, list_id: int, claim: str, people: Sequence[int]) -> bool:
    with parts.database.writing() as session:
        now = parts.now()
        if not _hold(session, list_id, claim, now):
            return False
        batch = session.get_one(OutboundList, list_id, populate_existing=True)
        reasons = judge(session, batch, people, now)
        called = [who for who in people if who not in reasons]
        tasks = _tasks_for(batch, called)
        zone, by = parts.settings.timezone, batch.started_by
        made = followups.add_tasks(session, parts.bus, tasks, zone=zone, by=by, now=now)
        left_out = Counter(batch.left_out) + Counter(str(reason) for reason in reasons.values())
        session.execute(
            update(OutboundList)
            .where(OutboundList.id == list_id)
            .values(prepared_up_to=people[-1], tasks=OutboundList.tasks + made, left_out=dict(left_out))
            .execution_options(synchronize_session=False)
        )
    return True


def _tasks_for(batch: OutboundList, people: Sequence[int]) -> list[NewTask]:
    days, is_automatic = days_of(batch), batch.dialling == DiallingMode.AUTOMATIC
    purpose = PURPOSE_TEXT[ListPurpose(batch.purpose)]
    tasks = []
    for place, patient_id in enumerate(people, start=batch.tasks):
        share = share_of(place, days, batch.agents)
        tasks.append(
            NewTask(
                patient_id=patient_id,
                kind=TaskKind.LIST,
                mode=TaskMode.AUTOMATIC if is_automatic else TaskMode.PHONE,
                role=TaskRole.SYSTEM if is_automatic else TaskRole.SERVICE_CENTRE,
                title=batch.name,
                text=batch.script,
                why=purpose,
                due_on=share.day,
                at=time(batch.opens),
                late_days=_LATE_DAYS,
                list_id=batch.id,
                assignee=share.agent,
                questionnaire_version_id=batch.questionnaire_version_id,
            )
        )
    return tasks


def _speak(parts: Parts, batch: OutboundList) -> dict[str, str]:
    language = parts.settings.locale
    with parts.database.reading() as session:
        questions = questions_for_keys(session, batch.questionnaire_version_id)
        notice, thanks = configuration.values(session, CALL_NOTICE, CALL_THANKS)
    texts = {
        "notice": notice or NOTICE[language].format(hospital=parts.settings.signature),
        "intro": batch.script,
        "thanks": thanks or THANKS[language],
        "person": PERSON[language],
    }
    texts |= {f"q{place}": spoken(question, language) for place, question in enumerate(questions, start=1)}
    return {language: make_prompts(parts.settings.spool_dir, texts)}


def _hold(session: Session, list_id: int, claim: str, now: datetime) -> bool:
    """Whether the list is still ours to prepare; extends the claim."""
    kept = session.execute(
        update(OutboundList)
        .where(OutboundList.id == list_id, OutboundList.claim == claim, OutboundList.state == ListState.PREPARING)
        .values(claimed_until=now + _CLAIM)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(kept) == 1


def _end(session: Session, parts: Parts, list_id: int, state: ListState, *, error: str | None = None) -> None:
    session.execute(
        update(OutboundList)
        .where(OutboundList.id == list_id)
        .values(state=state, error=error, claim=None, claimed_until=None, row_version=OutboundList.row_version + 1)
        .execution_options(synchronize_session=False)
    )
    payload = {"list_id": list_id, "state": state.value}
    append(session, parts.bus, [Entry(kind="outbound_list.changed", at=parts.now(), payload=payload)])
