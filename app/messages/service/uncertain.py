"""Messages of which nobody knows whether they left, when their receipt has had its time. None is doubled silently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import (
    RESEND_UNCERTAIN_CARE,
    RESEND_UNCERTAIN_MARKETING,
    UNCERTAIN_CARE_HOURS,
    UNCERTAIN_MARKETING_HOURS,
)
from app.errors import Conflict, NotFound, WardlineError
from app.journal.service import Entry, append
from app.messages.models import Message, Segment
from app.messages.rules import (
    NO_ANSWER,
    Direction,
    MessageKind,
    Origin,
    OutState,
    Priority,
    SegmentState,
    UncertainEnd,
    uncertain_end,
)
from app.messages.service.delivery import UNCERTAIN
from app.messages.service.sending import queue_message
from app.settings import Settings
from app.texts import N_

Columns = TypeVarTuple("Columns")
_IS_FOR_PERSON = Message.kind != MessageKind.MARKETING
_MOST_DECIDED = 200  # in one sweep, so that the write lock is never held for long


def end_uncertain(session: Session, bus: Bus, *, settings: Settings, now: datetime) -> int:
    """Do with overdue uncertain messages as the settings say; those for a person stay. Returns how many it were."""
    resends_care, resends_marketing = configuration.values(session, RESEND_UNCERTAIN_CARE, RESEND_UNCERTAIN_MARKETING)
    query = _overdue(select(Message), session, now).options(selectinload(Message.segments))
    if not resends_care:
        query = query.where(~_IS_FOR_PERSON)
    ended = 0
    for message in session.scalars(query.order_by(Message.id).limit(_MOST_DECIDED)).all():
        end = uncertain_end(
            MessageKind(message.kind),
            is_still_valid=message.expires_at is None or message.expires_at > now,
            resends_care=resends_care,
            resends_marketing=resends_marketing,
        )
        if end is UncertainEnd.RESEND and not _resend(session, bus, message, settings, now):
            end = UncertainEnd.GIVE_UP
        if end is not UncertainEnd.PERSON:
            _give_up(session, bus, message, None, now)
            ended += 1
    return ended


def list_uncertain(session: Session, now: datetime, *, limit: int) -> Sequence[Message]:
    """Messages that a person must decide on, the oldest first."""
    return session.scalars(
        _overdue(select(Message), session, now).where(_IS_FOR_PERSON).order_by(Message.id).limit(limit)
    ).all()


def count_uncertain(session: Session, now: datetime) -> int:
    """How many messages a person must decide on."""
    return session.scalar(_overdue(select(func.count(Message.id)), session, now).where(_IS_FOR_PERSON)) or 0


def give_up_uncertain(session: Session, bus: Bus, *, message_id: int, agent: str, now: datetime) -> Message:
    """Somebody says that it is not sent again. Raises NotFound, and Conflict when its receipt has come meanwhile."""
    message = session.get(Message, message_id)
    if message is None or message.direction != Direction.OUT:
        raise NotFound(N_("There is no such message."))
    if message.state != OutState.QUEUED or message.error_code != UNCERTAIN:
        raise Conflict(N_("This message is no longer uncertain."))
    _give_up(session, bus, message, agent, now)
    return message


def _overdue(query: Select[*Columns], session: Session, now: datetime) -> Select[*Columns]:
    care, marketing = configuration.values(session, UNCERTAIN_CARE_HOURS, UNCERTAIN_MARKETING_HOURS)
    again = aliased(Message)
    has_been_sent_again = select(again.id).where(again.resent_from_id == Message.id).exists()
    return query.where(
        Message.direction == Direction.OUT,
        Message.state == OutState.QUEUED,
        Message.error_code == UNCERTAIN,
        or_(
            and_(Message.kind == MessageKind.MARKETING, _waits_since(now - timedelta(hours=marketing))),
            and_(Message.kind != MessageKind.MARKETING, _waits_since(now - timedelta(hours=care))),
        ),
        ~has_been_sent_again,
    )


def _waits_since(moment: datetime) -> ColumnElement[bool]:
    old = select(Segment.id).where(
        Segment.message_id == Message.id,
        Segment.state == SegmentState.UNCERTAIN,
        Segment.submitted_at <= moment,
    )
    return old.exists()


def _resend(session: Session, bus: Bus, first: Message, settings: Settings, now: datetime) -> bool:
    """As a person would; False when the contact policy no longer permits it."""
    try:
        with session.begin_nested():
            queue_message(
                session,
                bus,
                settings=settings,
                text=first.text,
                kind=MessageKind(first.kind),
                created_by=first.created_by,
                now=now,
                number=first.number,
                patient_id=first.patient_id,
                dedup_key=f"resend:{first.id}:{first.state}",
                reply_to_id=first.reply_to_id,
                resent_from_id=first.id,
                service_number=first.service_number,
                origin=Origin(first.origin),
                priority=Priority(first.priority),
            )
    except WardlineError:
        return False
    return True


def _give_up(session: Session, bus: Bus, message: Message, agent: str | None, now: datetime) -> None:
    for segment in message.segments:
        if segment.state == SegmentState.UNCERTAIN:
            segment.state, segment.error_code, segment.final_at = SegmentState.FAILED, NO_ANSWER, now
        elif segment.state == SegmentState.WAITING:
            segment.state, segment.final_at = SegmentState.CANCELLED, now
    message.state, message.error_code, message.final_at = OutState.FAILED, NO_ANSWER, now
    session.flush()
    append(session, bus, [Entry(kind="message.given_up", at=now, agent=agent, message_id=message.id)])
