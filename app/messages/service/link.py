"""The state of the bind to the SMSC. Written by sms_gateway only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.alarms.rules import AlarmKind
from app.alarms.service import clear_alarm, raise_alarm
from app.bus import Bus
from app.journal.service import Entry, append
from app.messages.models import GatewayLink
from app.messages.rules import LinkState


def record_link(session: Session, bus: Bus, *, account: str, state: LinkState, detail: str, now: datetime) -> None:
    """Write down the state of the bind, and that it was true at this moment."""
    row = session.get(GatewayLink, account)
    if row is None:
        row = GatewayLink(account=account, state="", since=now, detail="")
        session.add(row)
    has_changed = row.state != state or row.detail != detail[:200]
    if row.state != state:
        row.since = now
    row.state, row.as_of, row.detail = state, now, detail[:200]
    session.flush()
    if has_changed:
        append(session, bus, [Entry(kind="gateway.changed", at=now, payload={"account": account, "state": state})])


def record_alarm(session: Session, *, account: str, is_down: bool, now: datetime) -> None:
    """Raise or clear the alarm that the bind stays down."""
    if is_down:
        raise_alarm(session, AlarmKind.SMSC_DOWN, account, now)
    else:
        clear_alarm(session, AlarmKind.SMSC_DOWN, account, now)
