"""Work on a mass send: claim it, prepare or queue it batch by batch, and note after each how far it came.

Whoever holds the claim works on it. Each batch is one transaction that proves the claim by a conditional update, so
that a mass send that was paused or stopped, or a worker that was thought dead, writes nothing more.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contact_policy.rules import Refusal
from app.db import rows_changed
from app.errors import WardlineError
from app.mass_sends.models import MassSend, MassSendRecipient
from app.mass_sends.rules import UNDER_WAY, Audience, Exclusion, SendState
from app.mass_sends.service.audiences import BATCH, Candidate, batches, forget_file
from app.mass_sends.service.preparing import addressee, addressees_of, known_people, prepare_batch
from app.mass_sends.service.texts import SendText, is_usable, text_of, write
from app.message_templates import service as templates
from app.messages import service as messages
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import Outgoing, queue_many
from app.organisation.models import Department
from app.parts import Parts
from app.segments import service as segments
from app.segments.rules import SegmentPurpose
from app.texts import N_

log = structlog.get_logger()

# A batch takes some tenths of a second; who is silent for so long is dead.
_CLAIM = timedelta(minutes=2)
_OUT_OF_USE = N_("The template went out of use before this was sent. Nothing was sent.")


_Row = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    send: MassSend
    claim: str


def due_sends(session: Session, now: datetime) -> list[int]:
    """The mass sends that wait for a worker."""
    return list(session.scalars(select(MassSend.id).where(_is_due(now)).order_by(MassSend.id)))


def work_on(parts: Parts, send_id: int) -> None:
    """Do what is to be done for a mass send, as far as it goes. Does nothing when somebody else has it."""
    with parts.database.writing() as session:
        held = _claim(session, send_id, parts)
    if held is None:
        return
    try:
        if held.send.state == SendState.PREPARING:
            _prepare(parts, held)
        else:
            _carry_on(parts, held)
    except WardlineError as error:
        log.info("mass_send.failed", mass_send=send_id)
        _end(parts, held, SendState.FAILED if held.send.state == SendState.PREPARING else SendState.STOPPED, error)


def key_of(send_id: int, number: str) -> str:
    """The dedup_key of the message of a mass send to a number: there is never a second one."""
    return f"mass:{send_id}:{number}"


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(MassSend.claimed_until.is_(None), MassSend.claimed_until < now)
    is_time = and_(MassSend.state == SendState.APPROVED, or_(MassSend.due_at.is_(None), MassSend.due_at <= now))
    return and_(is_free, or_(MassSend.state.in_(UNDER_WAY), is_time, MassSend.is_settled.is_(False)))


def _claim(session: Session, send_id: int, parts: Parts) -> _Held | None:
    now, claim = parts.now(), secrets.token_hex(16)
    taken = session.execute(
        update(MassSend).where(MassSend.id == send_id, _is_due(now)).values(claim=claim, claimed_until=now + _CLAIM)
    )
    if rows_changed(taken) != 1:
        return None
    send = session.get_one(MassSend, send_id, populate_existing=True)
    if send.state == SendState.APPROVED:
        send.state, send.started_at, send.cursor = SendState.QUEUEING, now, 0
    return _Held(send=send, claim=claim)


def _prepare(parts: Parts, held: _Held) -> None:
    send = held.send
    with parts.database.reading() as session:
        text = text_of(session, send, parts.settings)
    with batches(parts, send) as found:
        for batch in found:
            if not _prepare_one(parts, held, text, batch):
                return
    with parts.database.writing() as session:
        if not _hold(session, held, parts):
            return
        _finish(session, send.id, SendState.READY)
        if send.audience == Audience.SEGMENT:
            done = session.get_one(MassSend, send.id, populate_existing=True)
            segments.record_use(
                session,
                send.wanted["segment"],
                SegmentPurpose.MESSAGES,
                members=done.recipients + done.excluded,
                by=send.created_by,
                now=parts.now(),
            )
    forget_file(send, parts.settings)


def _prepare_one(parts: Parts, held: _Held, text: SendText, batch: Sequence[Candidate]) -> bool:
    send = held.send
    candidates = known_people(parts, send, batch)
    people = addressees_of(parts, send, candidates)
    with parts.database.writing() as session:
        if not _hold(session, held, parts):
            return False
        counted = prepare_batch(session, send.id, text, candidates, people, parts.now())
        _add(
            session,
            send.id,
            cursor=batch[-1].position,
            recipients=counted.recipients,
            excluded=counted.excluded,
            parts=counted.parts,
        )
    return True


def _carry_on(parts: Parts, held: _Held) -> None:
    """First what waits in the outbox follows the state, then the rest goes there."""
    if not held.send.is_settled and not _settle(parts, held):
        return
    if held.send.state == SendState.QUEUEING:
        _queue(parts, held)


def _settle(parts: Parts, held: _Held) -> bool:
    send = held.send
    change = {
        SendState.PAUSED: messages.hold_waiting,
        SendState.STOPPED: messages.cancel_waiting,
        SendState.QUEUEING: messages.release_held,
    }[SendState(send.state)]
    after: int | None = 0
    while after is not None:
        with parts.database.writing() as session:
            if not _hold(session, held, parts):
                return False
            now = parts.now()
            after = change(
                session, parts.bus, origin=Origin.MASS_SEND, origin_id=send.id, after=after, now=now
            ).next_after
    with parts.database.writing() as session:
        if not _hold(session, held, parts):
            return False
        values: dict[str, object] = {"is_settled": True}
        if send.state != SendState.QUEUEING:
            values.update(claim=None, claimed_until=None)
        session.execute(update(MassSend).where(MassSend.id == send.id).values(values))
    return True


def _queue(parts: Parts, held: _Held) -> None:
    send, today = held.send, parts.now().astimezone(parts.settings.timezone).date()
    with parts.database.writing() as session:
        if not is_usable(session, send, today):
            raise WardlineError(_OUT_OF_USE)
        if send.template_version_id is not None:
            templates.mark_used(session, send.template_version_id, parts.now())
        text = text_of(session, send, parts.settings)
    while True:
        with parts.database.writing() as session:
            if not _hold(session, held, parts):
                return
            rows = _next(session, send.id)
            if not rows:
                _finish(session, send.id, SendState.QUEUED)
                return
            _queue_batch(session, parts, send, text, rows)


def _next(session: Session, send_id: int) -> Sequence[_Row]:
    # Columns, not objects: to make a million of these costs more than to read them.
    row = MassSendRecipient
    cursor = select(MassSend.cursor).where(MassSend.id == send_id).scalar_subquery()
    return session.execute(
        select(row.id, row.patient_id, row.user_id, row.number, row.field_values, row.parts)
        .where(
            MassSendRecipient.mass_send_id == send_id,
            MassSendRecipient.exclusion.is_(None),
            MassSendRecipient.id > cursor,
        )
        .order_by(MassSendRecipient.id)
        .limit(BATCH)
    ).all()


def _queue_batch(session: Session, parts: Parts, send: MassSend, text: SendText, rows: Sequence[_Row]) -> None:
    now, today = parts.now(), parts.now().astimezone(parts.settings.timezone).date()
    people = templates.addressees(session, [row.patient_id for row in rows if row.patient_id], today=today)
    colleagues = _colleagues(session, rows)
    left_out: dict[int, Exclusion | Refusal] = {}
    outgoing: dict[int, Outgoing] = {}
    for row in rows:
        who = colleagues[row.user_id] if row.user_id else Candidate(position=row.id, patient_id=row.patient_id)
        written = write(text, addressee(who, people), row.number or "", row.field_values or {})
        if written.exclusion is not None:
            left_out[row.id] = written.exclusion
            continue
        outgoing[row.id] = Outgoing(
            number=row.number or "",
            patient_id=row.patient_id,
            text=written.text,
            dedup_key=key_of(send.id, row.number or ""),
            template_version_id=send.template_version_id,
        )
    answers = queue_many(
        session,
        parts.bus,
        settings=parts.settings,
        outgoing=list(outgoing.values()),
        kind=MessageKind(send.message_kind),
        origin=Origin.MASS_SEND,
        origin_id=send.id,
        priority=Priority.BULK,
        created_by=send.created_by,
        now=now,
    )
    left_out |= {
        row_id: answer.refusal for row_id, answer in zip(outgoing, answers, strict=True) if answer.refusal is not None
    }
    for row_id, reason in left_out.items():
        session.execute(update(MassSendRecipient).where(MassSendRecipient.id == row_id).values(exclusion=reason))
    _add(
        session,
        send.id,
        cursor=rows[-1].id,
        recipients=-len(left_out),
        excluded=len(left_out),
        parts=-sum(row.parts for row in rows if row.id in left_out),
        queued=sum(answer.is_new for answer in answers),
    )


def _colleagues(session: Session, rows: Sequence[_Row]) -> dict[int, Candidate]:
    ids = [row.user_id for row in rows if row.user_id]
    if not ids:
        return {}
    found = session.execute(
        select(User.id, User.display_name, Department.name)
        .outerjoin(Department, Department.id == User.department_id)
        .where(User.id.in_(ids))
    )
    return {
        user_id: Candidate(position=user_id, user_id=user_id, name=name, department=department or "")
        for user_id, name, department in found
    }


def _hold(session: Session, held: _Held, parts: Parts) -> bool:
    """Whether the mass send is still ours to work on, in the state in which we began; extends the claim."""
    kept = session.execute(
        update(MassSend)
        .where(MassSend.id == held.send.id, MassSend.claim == held.claim, MassSend.state == held.send.state)
        .values(claimed_until=parts.now() + _CLAIM)
    )
    return rows_changed(kept) == 1


def _add(session: Session, send_id: int, *, cursor: int, **counts: int) -> None:
    added = {name: getattr(MassSend, name) + count for name, count in counts.items()}
    session.execute(update(MassSend).where(MassSend.id == send_id).values(cursor=cursor, **added))


def _finish(session: Session, send_id: int, state: SendState) -> None:
    values = {"state": state, "claim": None, "claimed_until": None}
    session.execute(update(MassSend).where(MassSend.id == send_id).values(values))


def _end(parts: Parts, held: _Held, state: SendState, error: WardlineError) -> None:
    with parts.database.writing() as session:
        if _hold(session, held, parts):
            _finish(session, held.send.id, state)
            session.execute(update(MassSend).where(MassSend.id == held.send.id).values(error=error.detail[:300]))
