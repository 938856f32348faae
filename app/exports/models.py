"""Lists taken out of the system: who asked for which, why, and where the file lies while it lasts (P-27, U-06)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Export(Table):
    """One export. Its file is named after the random `id`, and served to `created_by` alone.

    `columns` and `notes` hold the words of the first and the last sheet, in the language of who asked.
    """

    __tablename__ = "export"
    __table_args__ = (
        Index("ix_export_creator", "created_by", "created_at"),
        Index("ix_export_state", "state", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(30))  # the name of a registered ListExport
    arguments: Mapped[dict[str, Any]]
    locale: Mapped[str] = mapped_column(String(10))
    columns: Mapped[list[Any]]  # of {"key", "title", "words"}
    notes: Mapped[list[Any]]  # of [label, text]
    title: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(10))  # ExportState of app.exports.rules
    rows_expected: Mapped[int]
    rows_done: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int | None]
    failure: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45), default="")  # from where it was asked for
    claimed_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
