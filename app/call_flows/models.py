"""Ways in: a flow, its versions, and when each went live."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class CallFlow(Table):
    """The way in of some hotline numbers. `live_number` is the number of the version that callers meet, if any."""

    __tablename__ = "call_flow"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(20), unique=True)  # of the shipped one
    name: Mapped[str] = mapped_column(String(120))
    live_number: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class CallFlowVersion(Table):
    """One version. A draft may be changed; what was ever live is kept as it was."""

    __tablename__ = "call_flow_version"
    __table_args__ = (UniqueConstraint("flow_id", "number", name="uq_call_flow_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("call_flow.id"))
    number: Mapped[int]
    is_draft: Mapped[bool] = mapped_column(default=True)
    document: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str | None] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class CallFlowRelease(Table):
    """A version went live: when, and by whose word. `number` is empty when the flow was taken off its numbers."""

    __tablename__ = "call_flow_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("call_flow.id"), index=True)
    number: Mapped[int | None]
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column(String(64))
