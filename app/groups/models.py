"""Group customers: insurance schemes and contract units, whom to speak to there, and their people (P-36)."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table


class CustomerGroup(Table):
    """A group customer with the days between which its contract holds."""

    __tablename__ = "customer_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # GroupKind of app.groups.rules
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    remark: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(default=1)

    contacts: Mapped[list["GroupContact"]] = relationship(order_by="GroupContact.id", cascade="all, delete-orphan")

    __mapper_args__ = {"version_id_col": row_version}


class GroupContact(Table):
    """Somebody at a group customer who speaks for it. `number` is E.164."""

    __tablename__ = "group_contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("customer_group.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    position: Mapped[str] = mapped_column(String(120), default="")
    number: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))


class GroupMember(Table):
    """Somebody who belongs to a group customer, with the number that the group knows the person by."""

    __tablename__ = "group_member"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    group_id: Mapped[int] = mapped_column(ForeignKey("customer_group.id"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True, index=True)
    number: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
