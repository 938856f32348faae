"""The SMS gateway takes waiting segments out of the outbox, each once. Only sms_gateway calls these."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, false, not_, or_, select, true, update
from sqlalchemy.orm import Session, aliased, selectinload

from app.bus import Bus
from app.contact_policy.rules import AUTOMATIC
from app.contact_policy.service import Recipient, may_contact_each
from app.journal.service import Entry, append
from app.messages.models import Message, Segment
from app.messages.rules import ClaimedSegment, Direction, MessageKind, Origin, OutState, Priority, SegmentState
from app.messages.service.cutting import USUAL_FORM, FormedCut, TextForm, cut_claimed
from app.smsc_accounts.rules import DEFAULT, Claim, Route

Columns = TypeVarTuple("Columns")
_MOST_EXPIRED = 500  # in one sweep, so that the write lock is never held for long


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """What an account may carry, and in which form.

    `claims` None: it is the only account and carries everything. `others` are the accounts in use besides it.
    """

    form: TextForm = USUAL_FORM
    claims: tuple[Claim, ...] | None = None
    others: tuple[str, ...] = ()


EVERYTHING = Carriage()


def has_due_segment(
    session: Session, now: datetime, *, account: str = DEFAULT, carriage: Carriage = EVERYTHING
) -> bool:
    """Whether any segment waits to be claimed by this account."""
    return session.scalar(_due(select(Segment.id), account, carriage, now).limit(1)) is not None


def claim_segments(
    session: Session,
    bus: Bus,
    *,
    account: str,
    limit: int,
    now: datetime,
    is_marketing_allowed: bool,
    are_notices_allowed: bool = True,
    carriage: Carriage = EVERYTHING,
) -> list[ClaimedSegment]:
    """Mark up to `limit` waiting segments as sending, for this account, and return them in sending order.

    Commit before submitting. A segment is returned to one caller only, whoever else claims at the same time, and all
    segments of a message to callers of one account. Messages whose person may no longer be written to are cancelled
    instead of returned.
    """
    columns = select(
        Segment.id,
        Segment.position,
        Segment.message_id,
        Message.number,
        Message.service_number,
        Message.patient_id,
        Message.kind,
        Message.origin,
        Message.priority,
        Message.text,
        Message.parts,
        Message.reference,
        Message.expires_at,
        Message.claimed_at,
    )
    query = _due(columns, account, carriage, now).order_by(Message.due_at, Message.id, Segment.position)
    if not is_marketing_allowed:
        query = query.where(Message.kind != MessageKind.MARKETING)
    if not are_notices_allowed:
        is_notice = and_(
            Message.kind != MessageKind.MARKETING,
            Message.origin.in_(AUTOMATIC),
            Message.priority != Priority.URGENT,
        )
        query = query.where(~is_notice)
    wanted: list[Row[*tuple[Any, ...]]] = []
    # One priority after the other, along an index: a mass send may have a million rows here, which nobody should sort.
    for priority in Priority:
        if len(wanted) < limit:
            of_this = query.where(Message.priority == priority).limit(limit - len(wanted))
            wanted += session.execute(of_this).all()
    if not wanted:
        return []
    elsewhere = _begun_elsewhere(session, wanted, carriage)
    ours = _take(session, [row.id for row in wanted if row.message_id not in elsewhere], account, now)
    rows = [row for row in wanted if row.id in ours]
    forbidden = _cancel_forbidden(session, bus, rows, now)
    rows = [row for row in rows if row.message_id not in forbidden]
    texts = {row.message_id: (row.text, row.parts) for row in rows}
    cuts = cut_claimed(session, texts, ours, carriage.form)
    references = _references(session, rows, cuts, now)
    return [
        _claimed(row, cuts[row.message_id], references.get(row.message_id, row.reference or 0))
        for row in rows
        if row.position <= len(cuts[row.message_id].cut.pieces)
    ]


def expire_messages(session: Session, bus: Bus, *, now: datetime) -> int:
    """End queued messages whose time has passed before all of them had left. Returns how many."""
    unsent = select(Segment.id).where(Segment.message_id == Message.id, Segment.state == SegmentState.WAITING)
    query = (
        select(Message.id)
        .where(Message.direction == Direction.OUT, Message.state == OutState.QUEUED, Message.expires_at <= now)
        .where(unsent.exists())
        .limit(_MOST_EXPIRED)
    )
    late = list(session.scalars(query))
    if not late:
        return 0
    session.execute(
        update(Segment)
        .where(Segment.message_id.in_(late), Segment.state == SegmentState.WAITING)
        .values(state=SegmentState.EXPIRED, final_at=now)
    )
    session.execute(
        update(Message).where(Message.id.in_(late)).values(state=OutState.EXPIRED, final_at=now, error_code=None)
    )
    append(session, bus, [Entry(kind="message.expired", at=now, message_id=message_id) for message_id in late])
    return len(late)


def _due(query: Select[*Columns], account: str, carriage: Carriage, now: datetime) -> Select[*Columns]:
    due = query.join(Message, Message.id == Segment.message_id).where(
        Message.direction == Direction.OUT,
        Message.state == OutState.QUEUED,
        Message.due_at <= now,
        or_(Message.expires_at.is_(None), Message.expires_at > now),
        Segment.state == SegmentState.WAITING,
    )
    if carriage.claims is None:
        return due
    routed = or_(false(), *(_takes(claim) for claim in carriage.claims))
    ours, others = _has_begun([account]), _has_begun(carriage.others)
    # A text that has begun to leave goes on where it began, whatever the routes say by now.
    return due.where(or_(and_(Message.parts == 1, routed), and_(Message.parts > 1, or_(ours, and_(routed, ~others)))))


def _takes(claim: Claim) -> ColumnElement[bool]:
    return and_(_fits(claim.route), *(not_(_fits(each)) for each in claim.unless))


def _fits(route: Route) -> ColumnElement[bool]:
    kind = true() if route.kind is None else Message.kind == route.kind
    return and_(Message.number.startswith(route.prefix, autoescape=True) if route.prefix else true(), kind)


def _has_begun(accounts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a segment of the message has left, or may have, through one of these accounts."""
    sibling = aliased(Segment)
    begun = select(sibling.id).where(
        sibling.message_id == Message.id, sibling.account.in_(accounts), sibling.state != SegmentState.WAITING
    )
    return begun.exists()


def _begun_elsewhere(session: Session, rows: Sequence[Row[*tuple[Any, ...]]], carriage: Carriage) -> set[int]:
    """Of long texts, those that another account has begun since the query looked."""
    long = sorted({row.message_id for row in rows if row.parts > 1})
    if carriage.claims is None or not long:
        return set()
    # Whoever else claims a segment of these waits here until we have committed, and then sees what we took.
    session.execute(select(Message.id).where(Message.id.in_(long)).order_by(Message.id).with_for_update())
    query = select(Segment.message_id).where(
        Segment.message_id.in_(long), Segment.account.in_(carriage.others), Segment.state != SegmentState.WAITING
    )
    return set(session.scalars(query))


def _take(session: Session, ids: Sequence[int], account: str, now: datetime) -> set[int]:
    """The conditional update: of these, only what nobody else has taken."""
    taken = session.scalars(
        update(Segment)
        .where(Segment.id.in_(ids), Segment.state == SegmentState.WAITING)
        .values(state=SegmentState.SENDING, account=account, submitted_at=now)
        .returning(Segment.id)
        .execution_options(synchronize_session=False)
    )
    return set(taken)


def _cancel_forbidden(
    session: Session, bus: Bus, rows: Sequence[Row[*tuple[Any, ...]]], now: datetime
) -> Collection[int]:
    recipients = [
        Recipient(
            number=row.number,
            patient_id=row.patient_id,
            kind=MessageKind(row.kind),
            origin=Origin(row.origin),
            priority=Priority(row.priority),
        )
        for row in rows
    ]
    permissions = may_contact_each(session, recipients, channel="sms", now=now)
    refusals = {
        row.message_id: permission.refusal
        for row, permission in zip(rows, permissions, strict=True)
        if permission.refusal is not None
    }
    if not refusals:
        return refusals
    query = select(Message).where(Message.id.in_(refusals)).options(selectinload(Message.segments))
    for message in session.scalars(query.execution_options(populate_existing=True)):
        for segment in message.segments:
            if segment.state in (SegmentState.WAITING, SegmentState.SENDING):
                segment.state, segment.final_at = SegmentState.CANCELLED, now
        message.state, message.error_code, message.final_at = OutState.CANCELLED, refusals[message.id], now
    session.flush()
    append(session, bus, [Entry(kind="message.cancelled", at=now, message_id=message_id) for message_id in refusals])
    return refusals


def _references(
    session: Session, rows: Sequence[Row[*tuple[Any, ...]]], cuts: Mapping[int, FormedCut], now: datetime
) -> dict[int, int]:
    """A reference for each long text that leaves for the first time, counted for each number.

    Two long texts on one telephone at a time must differ; a random reference of 8 bits clashes in 1 of 256.
    """
    given: dict[int, int] = {}
    for row in rows:
        if len(cuts[row.message_id].cut.pieces) == 1 or row.reference is not None or row.message_id in given:
            continue
        query = select(Message.reference).where(Message.number == row.number, Message.reference.is_not(None))
        last = session.scalar(query.order_by(Message.claimed_at.desc(), Message.id.desc()).limit(1)) or 0
        given[row.message_id] = last % 0xFFFF + 1
        session.execute(
            update(Message)
            .where(Message.id == row.message_id)
            .values(reference=given[row.message_id], claimed_at=now)
            .execution_options(synchronize_session=False)
        )
    return given


def _claimed(row: Row[*tuple[Any, ...]], formed: FormedCut, reference: int) -> ClaimedSegment:
    return ClaimedSegment(
        segment_id=row.id,
        message_id=row.message_id,
        number=row.number,
        service_number=row.service_number,
        text=formed.cut.pieces[row.position - 1],
        coding=formed.cut.coding,
        position=row.position,
        total=len(formed.cut.pieces),
        reference=reference,
        expires_at=row.expires_at,
        form=formed.form.long_form,
    )
