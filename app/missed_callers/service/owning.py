"""Who calls back: a caller is taken by one, given back, or closed by hand with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.service import Entry, append
from app.missed_callers.models import CallbackRequest
from app.missed_callers.rules import LONGEST_REASON, CallbackResult
from app.texts import N_


def take(session: Session, bus: Bus, request_id: int, *, by: str, now: datetime) -> None:
    """Make this caller one's own: of any number who try, one wins; twice by the same is the same as once.

    Raises NotFound, and Conflict when somebody else has it or somebody spoke to them meanwhile.
    """
    _require(session, request_id)
    is_free = CallbackRequest.owner.is_(None)
    if _change(session, request_id, is_free, owner=by, taken_at=now):
        append(session, bus, [_entry("callback.taken", request_id, by, now)])
        return
    row = _require(session, request_id)
    if row.closed_at is not None:
        raise Conflict(N_("Somebody has spoken to this caller meanwhile, or closed the line."))
    if row.owner != by:
        raise Conflict(N_("A colleague has just taken this caller."))


def give_back(session: Session, bus: Bus, request_id: int, *, by: str, now: datetime, is_over_agents: bool) -> None:
    """Let somebody else call back. Supervisors do it for anybody. Raises NotFound, Conflict."""
    _require(session, request_id)
    is_theirs = CallbackRequest.owner.is_not(None) if is_over_agents else CallbackRequest.owner == by
    if not _change(session, request_id, is_theirs, owner=None, taken_at=None):
        raise Conflict(N_("This caller is not yours any more."))
    append(session, bus, [_entry("callback.given_back", request_id, by, now)])


def close(
    session: Session, bus: Bus, request_id: int, *, by: str, reason: str, now: datetime, is_over_agents: bool
) -> None:
    """End a line without a conversation. Raises NotFound, InvalidInput without a reason, Conflict.

    What a colleague has taken only they or a supervisor close.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidInput(N_("Say in at most 300 characters why nobody needs to call back."), field="reason")
    _require(session, request_id)
    may_close: list[ColumnElement[bool]] = (
        [] if is_over_agents else [or_(CallbackRequest.owner.is_(None), CallbackRequest.owner == by)]
    )
    ending = {"closed_at": now, "closed_by": by, "result": CallbackResult.CLOSED.value, "reason": reason}
    if not _change(session, request_id, *may_close, **ending):
        raise Conflict(N_("A colleague has taken this caller, or the line is closed already."))
    append(session, bus, [_entry("callback.ended", request_id, by, now, result=CallbackResult.CLOSED.value)])


def _change(session: Session, request_id: int, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = session.execute(
        update(CallbackRequest)
        .where(CallbackRequest.id == request_id, CallbackRequest.closed_at.is_(None), *conditions)
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return rows_changed(changed) == 1


def _require(session: Session, request_id: int) -> CallbackRequest:
    row = session.scalar(select(CallbackRequest).where(CallbackRequest.id == request_id))
    if row is None:
        raise NotFound(N_("There is no such caller."))
    return row


def _entry(kind: str, request_id: int, by: str, now: datetime, **more: str) -> Entry:
    return Entry(kind=kind, at=now, agent=by, payload={"request_id": request_id, **more})
