"""What a hospital grants otherwise than we do, exceptions for single users, and records opened in an emergency."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class _GrantColumns:
    module: Mapped[str] = mapped_column(String(20))
    can_view: Mapped[bool | None]
    can_write: Mapped[bool | None]
    reach: Mapped[str | None] = mapped_column(String(12))
    with_sub_departments: Mapped[bool | None]
    days: Mapped[int | None]
    mask: Mapped[str | None] = mapped_column(String(10))
    row_limit: Mapped[int | None]


class RoleGrant(_GrantColumns, Table):
    """How this hospital sets a role's grant in one module; None leaves the default."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("role", "module", name="uq_role_grant"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20))


class UserGrant(_GrantColumns, Table):
    """An exception for one user; None leaves what the role has."""

    __tablename__ = "user_grant"
    __table_args__ = (UniqueConstraint("user_id", "module", name="uq_user_grant"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class EmergencyOpening(Table):
    """A record outside a user's scope that the user opened with a reason; somebody looks at it afterwards."""

    __tablename__ = "emergency_opening"
    __table_args__ = (Index("ix_emergency_opening_user", "username", "ends_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    reason: Mapped[str] = mapped_column(String(300))
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None] = mapped_column(index=True)
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[str | None] = mapped_column(String(12))  # justified or questioned
    review_note: Mapped[str | None] = mapped_column(String(300))
