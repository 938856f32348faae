"""The hospital as an organisation: its departments, and what belongs to its people beyond an account."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Department(Table):
    """A part of the hospital. `path` is "/1/5/" with the ids from the top down to itself: a tree is a prefix."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="clinical")  # DepartmentKind
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    path: Mapped[str] = mapped_column(String(200), default="", index=True)
    phone: Mapped[str | None] = mapped_column(String(20))  # E.164: where a call for it is transferred to
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class StaffRequest(Table):
    """What one colleague asks of a department (U-14); any member of it may take the request."""

    __tablename__ = "staff_request"
    __table_args__ = (Index("ix_staff_request_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(String(2000), default="")
    state: Mapped[str] = mapped_column(String(10))  # open, taken or done
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime]
    taken_by: Mapped[str | None] = mapped_column(String(64), index=True)
    taken_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(2000))
    done_at: Mapped[datetime | None]
