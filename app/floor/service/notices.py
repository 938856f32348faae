"""Short texts from supervisors to agents: on the desk until they are read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.bus import Bus
from app.db import rows_changed
from app.errors import InvalidInput, NotFound
from app.floor.models import FloorMessage
from app.journal import service as journal
from app.teams.models import TeamMember
from app.texts import N_

LONGEST_NOTICE = 300
# Nobody reads on a Monday what was meant for Friday's rush.
_SHOWN_FOR = timedelta(hours=12)
_MOST_SHOWN = 5


def send_notice(
    session: Session, bus: Bus, *, text: str, agent: str | None = None, team: int | None = None, by: str, now: datetime
) -> int:
    """Write to one agent, or to everybody of a team or of all who is at a desk; returns to how many.

    Raises InvalidInput for an empty or long text, or when nobody is at a desk; NotFound for an unknown agent.
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST_NOTICE:
        raise InvalidInput(N_("A message to agents has 1 to 300 characters."), field="text")
    query = select(AgentStatus.id).join(User, User.username == AgentStatus.id).where(User.is_active)
    if agent is not None:
        query = query.where(AgentStatus.id == agent)
    else:
        query = query.where(AgentStatus.state != AgentState.OFFLINE.value, AgentStatus.id != by)
        if team is not None:
            query = query.join(TeamMember, TeamMember.username == AgentStatus.id).where(TeamMember.team_id == team)
    to = list(session.scalars(query))
    if not to and agent is not None:
        raise NotFound(N_("No such agent."))
    if not to:
        raise InvalidInput(N_("Nobody else is at a desk just now."), field="agent")
    session.execute(insert(FloorMessage), [{"agent": each, "sender": by, "text": text, "sent_at": now} for each in to])
    journal.append(session, bus, [_entry("floor.written", each, now) for each in to])
    return len(to)


def unread_notices(session: Session, agent: str, now: datetime) -> list[dict[str, Any]]:
    """What the agent has not read, oldest first."""
    rows = session.execute(
        select(FloorMessage, User.display_name)
        .outerjoin(User, User.username == FloorMessage.sender)
        .where(FloorMessage.agent == agent, FloorMessage.read_at.is_(None), FloorMessage.sent_at > now - _SHOWN_FOR)
        .order_by(FloorMessage.id)
        .limit(_MOST_SHOWN)
    )
    return [
        {"id": row.id, "from": name or row.sender, "text": row.text, "at": row.sent_at.isoformat()}
        for row, name in rows
    ]


def read_notice(session: Session, bus: Bus, *, id: int, agent: str, now: datetime) -> None:
    """The agent has read it. Twice is harmless; somebody else's is left alone."""
    read = session.execute(
        update(FloorMessage)
        .where(FloorMessage.id == id, FloorMessage.agent == agent, FloorMessage.read_at.is_(None))
        .values(read_at=now)
    )
    if rows_changed(read):
        journal.append(session, bus, [_entry("floor.read", agent, now)])


def _entry(kind: str, agent: str, at: datetime) -> journal.Entry:
    return journal.Entry(kind=kind, at=at, agent=agent)
