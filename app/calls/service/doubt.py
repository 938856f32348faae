"""Orders of which nobody knows whether they were done: a doubt is left open, for a second call would be worse."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.calls.models import TelephonyCommand
from app.calls.service.commands import expire_command
from app.queues.models import TelephonyLink

# An order lives five seconds, and telephony reads Asterisk's whole state and history each half minute.
_UNDONE_AFTER = timedelta(seconds=60)


def was_never_done(
    session: Session, order: TelephonyCommand | None, ordered_at: datetime, now: datetime, *, is_link_proved: bool
) -> bool:
    """Whether it is certain that nobody's telephone rang for this order, of which there is no call on record."""
    if order is None or order.state in ("failed", "expired"):
        return True
    if order.state == "waiting" and order.expires_at <= now:
        expire_command(session, order.id, now)
        session.refresh(order)
        return order.state == "expired"
    # Telephony took the order and may have died over it: only when it has long been in step with Asterisk again, and
    # still knows of no such call, has there been none.
    return order.state in ("claimed", "done") and now - ordered_at > _UNDONE_AFTER and is_link_proved


def is_link_proved(session: Session, now: datetime) -> bool:
    """Whether telephony has been in step with Asterisk for so long that it knows of every call."""
    link = session.get(TelephonyLink, 1)
    if link is None or link.state != "up" or link.as_of is None:
        return False
    return link.as_of - link.since >= _UNDONE_AFTER and now - link.as_of < _UNDONE_AFTER
