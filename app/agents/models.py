"""What each agent is doing now, and which of the desks' orders were done."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class AgentStatus(Table):
    """The present state of one agent; `id` is the username. Written by telephony only."""

    __tablename__ = "agent_status"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))  # AgentState of app.agents.rules
    reason: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime]
    call_id: Mapped[str | None] = mapped_column(String(36))
    wrap_up_until: Mapped[datetime | None]
    wants_ready: Mapped[bool] = mapped_column(default=False)  # what the agent is again after a call
    rest_reason: Mapped[str | None] = mapped_column(String(40))  # and why not, when that is not ready
    next_status: Mapped[str | None] = mapped_column(String(40))  # chosen for after the call: "ready" or a reason


class DeskKeys(Table):
    """The keys that an agent chose for the desk: key by action, only those that differ from the usual ones."""

    __tablename__ = "desk_keys"

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    keys: Mapped[dict[str, Any]]


class DeskCommand(Table):
    """An order of a desk that the web side has done, with its result: the same id again gets the same answer."""

    __tablename__ = "desk_command"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agent: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    result: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)
