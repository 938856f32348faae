"""The event journal: append-only, in commit order. Live board, reports and timeline all come from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table

_IS_AGENT = text("kind = 'agent.changed'")


class JournalEntry(Table):
    """One thing that happened. `seq` grows with each commit; a hole means a rolled-back transaction, nothing lost."""

    __tablename__ = "journal"
    __table_args__ = (
        # What an agent was doing at some moment is found without reading all that happened since.
        Index("ix_journal_agent", "agent", "at", "seq", sqlite_where=_IS_AGENT, postgresql_where=_IS_AGENT),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(40))
    call_id: Mapped[str | None] = mapped_column(String(36), index=True)
    agent: Mapped[str | None] = mapped_column(String(64))
    message_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
