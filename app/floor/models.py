"""Supervisors in calls, and what they write to the agents."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Supervision(Table):
    """A supervisor in a colleague's call. Written by telephony only."""

    __tablename__ = "supervision"
    __table_args__ = (
        Index("ix_supervision_agent", "agent", "ended_at"),
        Index("ix_supervision_call", "call_id"),
        Index("ix_supervision_open", "ended_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    supervisor: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"))
    mode: Mapped[str] = mapped_column(String(10))  # SupervisionMode of app.floor.rules
    ordered_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class FloorMessage(Table):
    """A short text from a supervisor to one agent; a text to all is one row for each."""

    __tablename__ = "floor_message"
    __table_args__ = (Index("ix_floor_message_unread", "agent", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(String(300))
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class HelpRequest(Table):
    """An agent asks for a supervisor in a call. Open until it is withdrawn or the call is no longer the agent's."""

    __tablename__ = "help_request"
    __table_args__ = (
        Index("ix_help_request_open", "withdrawn_at", "agent"),
        Index("ix_help_request_call", "call_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # the desk command's own id
    agent: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"))
    asked_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]
