"""Named registers of special diseases and key patients: the rule that fills them, and who is on them (P-32, P-33)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class Register(Table):
    """A register. With a `flag`, whoever is on it carries that flag; "key_patient" makes a key patient."""

    __tablename__ = "register"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    description: Mapped[str] = mapped_column(String(500), default="")
    rule: Mapped[dict[str, Any] | None]  # as of a segment; nothing: people are put on it by hand only
    flag: Mapped[str | None] = mapped_column(String(40))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class RegisterMember(Table):
    """Somebody's time on a register. It stays when it has ended: a rule never brings back who left with a reason."""

    __tablename__ = "register_member"
    __scoped__ = Scoped(module=Module.CLINICAL, patient="patient_id", at="joined_at")
    __table_args__ = (
        Index("ix_register_member_patient", "patient_id"),
        Index(
            "uq_register_member_now",
            "register_id",
            "patient_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    register_id: Mapped[int] = mapped_column(ForeignKey("register.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")  # nothing: the register's rule says it
    joined_at: Mapped[datetime]
    joined_by: Mapped[str | None] = mapped_column(String(64))  # nothing: a rule
    left_at: Mapped[datetime | None]
    left_by: Mapped[str | None] = mapped_column(String(64))
    left_reason: Mapped[str | None] = mapped_column(String(300))


class RegisterCursor(Table):
    """How far the journal was read for data that has arrived: one row."""

    __tablename__ = "register_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
