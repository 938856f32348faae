"""Up to which mail each mailbox has been read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.channels.models import MailboxPosition


def begin_round(session: Session, mailbox: str, *, validity: int, next_uid: int, now: datetime) -> int:
    """The number of the last mail that was read.

    A mailbox that is read for the first time begins with what comes from now on: years of old mail are not contacts of
    today. One that was numbered anew is read from its beginning, where what was kept before is known by its Message-ID.
    """
    position = session.get(MailboxPosition, mailbox)
    if position is None:
        position = MailboxPosition(mailbox=mailbox, validity=validity, last_uid=next_uid - 1, read_at=now)
        session.add(position)
    elif position.validity != validity:
        position.validity, position.last_uid = validity, 0
    position.read_at = now
    session.flush()
    return position.last_uid


def advance(session: Session, mailbox: str, uid: int) -> bool:
    """Note that this mail has been read, in the transaction that keeps it. False when somebody has read it before."""
    position = session.get(MailboxPosition, mailbox, with_for_update=True)
    if position is None or position.last_uid >= uid:
        return False
    position.last_uid = uid
    return True
