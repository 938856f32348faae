"""What a hospital sets without a restart: values of settings with their history, and fields of its own (U-07)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Setting(Table):
    """A setting that differs from its default."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class SettingChange(Table):
    """Who set what to what, and when: appended, never changed. Nothing in `before` or `after` means the default."""

    __tablename__ = "setting_change"
    __table_args__ = (Index("ix_setting_change_key", "key", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60))
    before: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    after: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))


class CustomField(Table):
    """A field that this hospital adds to a record. `key` names its value in the record and never changes."""

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("entity", "key", name="uq_custom_field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(10))
    options: Mapped[list[Any]] = mapped_column(default=list)  # what a choice offers
    help: Mapped[str] = mapped_column(String(200), default="")
    is_required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    is_offered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
