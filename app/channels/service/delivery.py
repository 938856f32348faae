"""The post takes due contacts out of the outbox, each once, and writes down what became of them.

Only app/channels/post.py calls these. The session is nobody's.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.channels.models import Interaction
from app.channels.rules import CLAIM_LIVES, GIVEN_UP, Channel, Outgoing, OutState, retry_at
from app.contact_policy.rules import Refusal
from app.journal.service import Entry, append
from app.messages.rules import Direction
from app.patients.models import Patient


def has_work(session: Session, now: datetime) -> bool:
    """Whether anything is due, or was left half handed over: asked before a writing transaction is begun."""
    is_due = and_(Interaction.state == OutState.QUEUED, Interaction.due_at <= now)
    is_left = and_(Interaction.state == OutState.SENDING, Interaction.claimed_at < now - CLAIM_LIVES)
    wanted = select(Interaction.id).where(Interaction.direction == Direction.OUT, or_(is_due, is_left))
    return session.scalar(wanted.limit(1)) is not None


def claim_due(session: Session, bus: Bus, *, now: datetime) -> Outgoing | None:
    """Mark the contact that is due longest as sending and return it. Commit before handing it over.

    It is returned to one caller only. One whose person has died meanwhile fails instead.
    """
    due = (
        select(Interaction.id, Patient.deceased_at)
        .outerjoin(Patient, Patient.id == Interaction.patient_id)
        .where(Interaction.direction == Direction.OUT, Interaction.state == OutState.QUEUED, Interaction.due_at <= now)
        .order_by(Interaction.due_at, Interaction.id)
        .limit(1)
    )
    wanted = session.execute(due).first()
    if wanted is None:
        return None
    if wanted.deceased_at is not None and wanted.deceased_at <= now:
        _move(session, bus, [wanted.id], OutState.QUEUED, OutState.FAILED, now, error_code=str(Refusal.DECEASED))
        return None
    taken = _move(session, bus, [wanted.id], OutState.QUEUED, OutState.SENDING, now, claimed_at=now)
    return _outgoing(session, session.get_one(Interaction, wanted.id)) if taken else None


def record_sent(session: Session, bus: Bus, interaction_id: int, *, now: datetime) -> None:
    """The other side accepted it."""
    _move(session, bus, [interaction_id], OutState.SENDING, OutState.SENT, now, sent_at=now, error_code=None)


def record_failed(session: Session, bus: Bus, interaction_id: int, code: str, *, is_final: bool, now: datetime) -> None:
    """It was certainly not accepted: it is tried again later, unless that is final or a day has passed."""
    row = session.get(Interaction, interaction_id)
    if row is None:
        return
    attempts = row.attempts + 1
    again = None if is_final else retry_at(attempts=attempts, written_at=row.at, now=now)
    if again is not None:
        _move(
            session, bus, [row.id], OutState.SENDING, OutState.QUEUED, now,
            attempts=attempts, due_at=again, error_code=code[:40],
        )  # fmt: skip
        return
    code = code[:40] if is_final else GIVEN_UP
    _move(session, bus, [row.id], OutState.SENDING, OutState.FAILED, now, attempts=attempts, error_code=code)


def record_uncertain(session: Session, bus: Bus, interaction_id: int, *, now: datetime) -> None:
    """It may have been accepted: it waits for a person, or for an answer that shows that it arrived."""
    _move(session, bus, [interaction_id], OutState.SENDING, OutState.UNCERTAIN, now, error_code="uncertain")


def hold_uncertain(session: Session, bus: Bus, *, now: datetime) -> int:
    """Hold what a process that died left half handed over. Returns how many."""
    left = select(Interaction.id).where(
        Interaction.direction == Direction.OUT,
        Interaction.state == OutState.SENDING,
        Interaction.claimed_at < now - CLAIM_LIVES,
    )
    ids = list(session.scalars(left))
    return len(_move(session, bus, ids, OutState.SENDING, OutState.UNCERTAIN, now, error_code="uncertain"))


def _move(
    session: Session, bus: Bus, ids: list[int], before: OutState, after: OutState, now: datetime, **values: object
) -> list[int]:
    if not ids:
        return []
    statement = (
        update(Interaction)
        .where(Interaction.id.in_(ids), Interaction.state == before)
        .values(state=after, **values)
        .returning(Interaction.id)
        .execution_options(synchronize_session=False)
    )
    moved = list(session.scalars(statement))
    session.expire_all()
    append(
        session, bus, [Entry(kind="interaction.changed", at=now, payload={"interaction_id": each}) for each in moved]
    )
    return moved


def _outgoing(session: Session, row: Interaction) -> Outgoing:
    answered = session.get(Interaction, row.reply_to_id) if row.reply_to_id is not None else None
    return Outgoing(
        id=row.id,
        channel=Channel(row.channel),
        address=row.address,
        subject=row.subject,
        text=row.text,
        reference=row.reference,
        answers=answered.reference if answered is not None and answered.channel == row.channel else "",
    )
