"""An agent asks for a supervisor: on the floor until somebody comes, the agent takes it back, or the call is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.bus import Bus
from app.calls.models import Call
from app.db import rows_changed
from app.errors import Conflict, NotFound
from app.floor.models import HelpRequest
from app.journal import service as journal
from app.texts import N_


def ask_help(
    session: Session, bus: Bus, *, id: str, call_id: str, agent: str, role: str, key: str, now: datetime
) -> None:
    """The agent of this call asks for a supervisor. Asked twice, it is asked once.

    Raises Conflict when the agent is in no such talk. `key` closes the audit log's chain.
    """
    if session.get(HelpRequest, id) is not None or session.scalar(_open().where(HelpRequest.agent == agent)):
        return
    talks = select(AgentStatus.call_id).where(AgentStatus.id == agent, AgentStatus.state == AgentState.TALKING.value)
    if session.scalar(talks) != call_id:
        raise Conflict(N_("Help can be asked for while you talk."))
    session.add(HelpRequest(id=id, agent=agent, call_id=call_id, asked_at=now))
    session.flush()
    _tell(session, bus, "help.asked", agent, call_id, now)
    _audit(session, key, now, actor=agent, role=role, call_id=call_id, what="asked")


def withdraw_help(session: Session, bus: Bus, *, agent: str, role: str, key: str, now: datetime) -> None:
    """The agent no longer needs anybody. Twice is harmless."""
    asked = session.scalar(_open().where(HelpRequest.agent == agent))
    if asked is None:
        return
    withdrawn = session.execute(
        update(HelpRequest)
        .where(HelpRequest.id == asked.id, HelpRequest.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    if rows_changed(withdrawn):
        _tell(session, bus, "help.withdrawn", agent, asked.call_id, now)
        _audit(session, key, now, actor=agent, role=role, call_id=asked.call_id, what="withdrawn")


def see_help(session: Session, bus: Bus, id: str, *, by: str, role: str, key: str, now: datetime) -> None:
    """A supervisor has seen it, and the agent is told so. Only the first one counts. Raises NotFound."""
    asked = session.get(HelpRequest, id)
    if asked is None:
        raise NotFound(N_("Nobody asks for help any more."))
    _see(session, bus, asked, by=by, role=role, key=key, now=now)


def see_help_in(session: Session, bus: Bus, call_id: str, *, by: str, role: str, key: str, now: datetime) -> None:
    """A supervisor goes into this call: whoever asks for help in it is told that it was seen."""
    for asked in session.scalars(_open().where(HelpRequest.call_id == call_id)):
        _see(session, bus, asked, by=by, role=role, key=key, now=now)


def open_help(session: Session) -> list[dict[str, Any]]:
    """Who asks for help now, the oldest first. In a viewer's session: in calls that the viewer may see."""
    rows = session.execute(_open(User.display_name).order_by(HelpRequest.asked_at))
    return [{"agent": asked.agent, "call_id": asked.call_id, **_view(asked, name)} for asked, name in rows]


def help_of(session: Session, agent: str, call_id: str) -> dict[str, Any] | None:
    """What the desk of this agent shows: whether help was asked for in this call, and who has seen it."""
    query = (
        select(HelpRequest, User.display_name)
        .outerjoin(User, User.username == HelpRequest.seen_by)
        .where(HelpRequest.agent == agent, HelpRequest.call_id == call_id, HelpRequest.withdrawn_at.is_(None))
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else _view(row[0], row[1])


def _open(*columns: Any) -> Select[Any]:
    """Not withdrawn, and the agent still talks in that call: the end of the talk ends it without a word."""
    return (
        select(HelpRequest, *columns)
        .join(Call, Call.id == HelpRequest.call_id)
        .join(AgentStatus, (AgentStatus.id == HelpRequest.agent) & (AgentStatus.call_id == HelpRequest.call_id))
        .outerjoin(User, User.username == HelpRequest.seen_by)
        .where(
            HelpRequest.withdrawn_at.is_(None),
            Call.ended_at.is_(None),
            AgentStatus.state == AgentState.TALKING.value,
        )
    )


def _see(session: Session, bus: Bus, asked: HelpRequest, *, by: str, role: str, key: str, now: datetime) -> None:
    seen = session.execute(
        update(HelpRequest)
        .where(HelpRequest.id == asked.id, HelpRequest.seen_at.is_(None), HelpRequest.withdrawn_at.is_(None))
        .values(seen_at=now, seen_by=by)
    )
    if rows_changed(seen):
        _tell(session, bus, "help.seen", asked.agent, asked.call_id, now)
        _audit(session, key, now, actor=by, role=role, call_id=asked.call_id, what="seen")


def _view(asked: HelpRequest, name: str | None) -> dict[str, Any]:
    return {
        "id": asked.id,
        "asked_at": asked.asked_at.isoformat(),
        "seen_at": asked.seen_at.isoformat() if asked.seen_at else None,
        "seen_by": name or asked.seen_by,
    }


def _tell(session: Session, bus: Bus, kind: str, agent: str, call_id: str, now: datetime) -> None:
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, agent=agent, call_id=call_id)])


def _audit(session: Session, key: str, now: datetime, *, actor: str, role: str, call_id: str, what: str) -> None:
    entry = AuditEntry(
        at=now, actor=actor, role=role, action=Action.HELP, subject=f"call:{call_id}", details={"help": what}
    )
    record(session, entry, key=key)
