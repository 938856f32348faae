"""Who did what with whose record, when, from where and why: appended, never changed (U-11)."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class AuditEvent(Table):
    """One link of the chain: `mac` covers every other column and the link before.

    No foreign keys: what was seen stays written when a record is gone.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_patient", "patient_id", "id"),
        Index("ix_audit_event_actor", "actor", "id"),
        Index("ix_audit_event_action", "action", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 … without a gap
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # a username, or "system"
    role: Mapped[str] = mapped_column(String(20), default="")
    action: Mapped[str] = mapped_column(String(30))  # Action of app.audit.rules
    patient_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(80), default="")  # "recording:…", "call:…", "export:…"
    reason: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(45), default="")  # from where
    details: Mapped[str] = mapped_column(Text, default="")  # JSON with ids, counts and codes
    previous_mac: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class AuditHead(Table):
    """Where the chain ends: one row, so that a cut-off end is noticed. Taken `for update` by whoever appends."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_id: Mapped[int]
    last_mac: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))
