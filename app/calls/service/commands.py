"""Commands to telephony: issued once, claimed once, refused when late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.calls.models import TelephonyCommand
from app.calls.rules import CommandKind
from app.calls.service.lines import free_lines
from app.db import after_commit, rows_changed
from app.errors import Conflict, InvalidInput, Unavailable
from app.parts import Parts

# An agent's click that has not reached Asterisk after this long would surprise: the patient may have rung off, or the
# agent may have taken another call. Late commands are refused, never done.
COMMAND_LIFETIME = timedelta(seconds=5)
_POLL_SECONDS = 0.015


def order(
    parts: Parts,
    *,
    id: str,
    kind: CommandKind,
    args: dict[str, Any],
    agent: str,
    issued_by: str,
    also: Callable[[Session], None] | None = None,
) -> dict[str, Any]:
    """Order telephony to do something for `agent`, and wait until it is done.

    `id` is a UUID chosen by who orders; the same id twice is done once. `also` writes in the transaction of the order,
    so that both stand or neither does; what it raises leaves no order behind. Returns {"command_id"}. Raises Conflict
    when telephony refused, Unavailable when the telephone link did not take it within COMMAND_LIFETIME (it is then
    never done), InvalidInput when the id is taken by another order. Blocks up to 6 s: never call it inside a
    transaction.
    """
    try:
        with parts.database.writing() as session:
            place_order(
                session, parts.bus, id=id, kind=kind, args=args, agent=agent, issued_by=issued_by, now=parts.now()
            )
            if also is not None:
                also(session)
    except IntegrityError:
        with parts.database.reading() as session:
            earlier = session.get(TelephonyCommand, id)
        if earlier is None or (earlier.kind, earlier.agent, earlier.args) != (kind, agent, args):
            raise InvalidInput("This command id was used for another command.", field="id") from None
    return _outcome(parts, id)


def place_order(
    session: Session,
    bus: Bus,
    *,
    id: str,
    kind: CommandKind,
    args: dict[str, Any],
    agent: str,
    issued_by: str,
    now: datetime,
) -> None:
    """Write an order to telephony without waiting for it; telephony hears of it once the transaction stands.

    `agent` is empty for a call that has none. What becomes of it is told by the order's row, and by its call. Raises
    IntegrityError when the id is taken.
    """
    expires_at = now + COMMAND_LIFETIME
    session.add(
        TelephonyCommand(
            id=id, kind=kind, args=args, agent=agent, issued_by=issued_by, created_at=now, expires_at=expires_at
        )
    )
    session.flush()
    after_commit(session, lambda: bus.publish(bus_topics.COMMANDS, {"id": id}))


def _outcome(parts: Parts, id: str) -> dict[str, Any]:
    deadline = time.monotonic() + COMMAND_LIFETIME.total_seconds() + 1
    while time.monotonic() < deadline:
        with parts.database.reading() as session:
            row = session.execute(
                select(TelephonyCommand.state, TelephonyCommand.error).where(TelephonyCommand.id == id)
            ).one()
        if row.state == "done":
            return {"command_id": id}
        if row.state == "failed":
            raise Conflict(row.error or "The telephone system refused.")
        if row.state == "expired":
            break
        time.sleep(_POLL_SECONDS)
    with parts.database.writing() as session:
        expire_command(session, id, parts.now())
    raise Unavailable("The telephone link did not answer. Nothing was done; try again.")


def claim_command(session: Session, id: str, now: datetime) -> TelephonyCommand | None:
    """Take one waiting command for doing. Nothing when it is late or taken: it must not be done then."""
    claimed = session.execute(
        update(TelephonyCommand)
        .where(TelephonyCommand.id == id, TelephonyCommand.state == "waiting", TelephonyCommand.expires_at > now)
        .values(state="claimed")
    )
    if rows_changed(claimed) != 1:
        expire_command(session, id, now)
        return None
    return session.get(TelephonyCommand, id, populate_existing=True)


def expire_command(session: Session, id: str, now: datetime) -> None:
    """Give up a command that nobody has claimed."""
    expired = session.execute(
        update(TelephonyCommand)
        .where(TelephonyCommand.id == id, TelephonyCommand.state == "waiting")
        .values(state="expired", finished_at=now)
    )
    if rows_changed(expired) == 1:
        free_lines(session, [id])


def finish_command(session: Session, id: str, *, error: str | None, now: datetime) -> None:
    """Record how a claimed command went; `error` is a sentence for the agent, nothing for success."""
    session.execute(
        update(TelephonyCommand)
        .where(TelephonyCommand.id == id, TelephonyCommand.state == "claimed")
        .values(state="failed" if error else "done", error=error and error[:300], finished_at=now)
    )
    if error:
        free_lines(session, [id])


def internal_orders(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of the given ids that are orders to call a colleague, and so their calls' Linkedids."""
    if not ids:
        return set()
    kind = TelephonyCommand.kind == CommandKind.CALL_COLLEAGUE
    return set(session.scalars(select(TelephonyCommand.id).where(TelephonyCommand.id.in_(ids), kind)))


def waiting_commands(session: Session) -> list[str]:
    """Ids of the commands nobody has claimed, oldest first: what a lost hint left behind."""
    query = select(TelephonyCommand.id).where(TelephonyCommand.state == "waiting").order_by(TelephonyCommand.created_at)
    return list(session.scalars(query.limit(100)))
