"""Agents as others see them, and the desks' orders that are done once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus, DeskCommand
from app.agents.rules import AgentRecord, AgentState
from app.errors import InvalidInput, NotFound

# A desk repeats an order within seconds, or after a reload; a day is far beyond both.
_REMEMBER_COMMANDS = timedelta(days=1)


def list_agents(session: Session, *, limit: int, after: str | None = None) -> list[dict[str, Any]]:
    """The live states of the agents by id, from the one after `after` on."""
    query = (
        select(AgentStatus, User.display_name)
        .outerjoin(User, User.username == AgentStatus.id)
        .where((User.id.is_(None)) | (User.is_active.is_(True)))
        .order_by(AgentStatus.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(AgentStatus.id > after)
    return [_view(status, name) for status, name in session.execute(query)]


def all_records(session: Session) -> list[AgentRecord]:
    """Every agent's stored state: what a new telephony process takes over."""
    return [
        AgentRecord(
            username=row.id,
            state=AgentState(row.state),
            reason=row.reason,
            since=row.since,
            call_id=row.call_id,
            wrap_up_until=row.wrap_up_until,
            wants_ready=row.wants_ready,
        )
        for row in session.scalars(select(AgentStatus).order_by(AgentStatus.id))
    ]


def agent_view(session: Session, agent: str) -> dict[str, Any]:
    """The live state of one agent. Raises NotFound."""
    row = session.execute(
        select(AgentStatus, User.display_name)
        .outerjoin(User, User.username == AgentStatus.id)
        .where(AgentStatus.id == agent)
    ).one_or_none()
    if row is None:
        raise NotFound("No such agent.")
    return _view(row[0], row[1])


def earlier_result(session: Session, *, id: str, agent: str, kind: str) -> dict[str, Any] | None:
    """The result of this order when it was done before. Raises InvalidInput when the id belongs to another order."""
    found = session.get(DeskCommand, id)
    if found is None:
        return None
    if (found.agent, found.kind) != (agent, kind):
        raise InvalidInput("This command id was used for another command.", field="id")
    return found.result


def remember_result(session: Session, *, id: str, agent: str, kind: str, result: dict[str, Any], now: datetime) -> None:
    """Keep the result in the same transaction as the effect. A second order with this id fails on its key."""
    session.execute(delete(DeskCommand).where(DeskCommand.at < now - _REMEMBER_COMMANDS))
    session.add(DeskCommand(id=id, agent=agent, kind=kind, result=result, at=now))
    session.flush()


def _view(status: AgentStatus, name: str | None) -> dict[str, Any]:
    return {
        "id": status.id,
        "name": name or status.id,
        "state": status.state,
        "reason": status.reason,
        "since": status.since.isoformat(),
        "call_id": status.call_id,
        "wrap_up_until": status.wrap_up_until.isoformat() if status.wrap_up_until else None,
    }
