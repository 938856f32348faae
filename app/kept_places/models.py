"""Callers who rang off and keep their places in a queue."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table

_IS_OPEN = text("ended_at IS NULL")


class KeptPlace(Table):
    """One caller who asked, by key, to be called back when it is their turn.

    Made and ended by telephony; a person may cancel it. `order_id` is that of the call that is on its way, and then the
    call's Linkedid: while it stands, nobody orders another one. A number has one open place at most.
    """

    __tablename__ = "kept_place"
    __scoped__ = Scoped(module=Module.CALLS, patient="patient_id", at="asked_at", owners=("agent",))
    __table_args__ = (
        Index("uq_kept_place_open", "number", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_kept_place_patient", "patient_id", "ended_at"),
        Index("ix_kept_place_order", "order_id"),
        Index("ix_kept_place_ended", "ended_at", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), unique=True)  # in which they asked
    number: Mapped[str] = mapped_column(String(20))  # E.164
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    queue: Mapped[str] = mapped_column(String(40))
    urgency: Mapped[str] = mapped_column(String(10))  # Urgency of app.call_flows.rules
    entered_at: Mapped[datetime]  # when they entered the queue
    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)  # calls that rang at the caller's
    orders: Mapped[int] = mapped_column(default=0)  # every call that was ordered
    next_at: Mapped[datetime]  # not before
    order_id: Mapped[str | None] = mapped_column(String(36))
    agent: Mapped[str | None] = mapped_column(String(64))  # for whom it is, or was last, called
    ordered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))  # who spoke to them, or cancelled it
    closing_call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"))
    result: Mapped[str | None] = mapped_column(String(12))  # PlaceResult of app.kept_places.rules
    reason: Mapped[str | None] = mapped_column(String(300))
