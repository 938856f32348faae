"""Callers whom nobody answered, each with an owner."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class CallbackRequest(Table):
    """One caller who is to be called back, from the first call that nobody answered until somebody spoke to them.

    Opened and ended by telephony in the transaction of the call; agents take it, give it back and close it. Further
    tries of the same number while it is open are counted here and make no second line.
    """

    __tablename__ = "callback_request"
    __scoped__ = Scoped(module=Module.CALLS, patient="patient_id", at="last_at", owners=("owner",))
    __table_args__ = (
        Index("ix_callback_request_open", "closed_at", "last_at", "id"),
        Index("ix_callback_request_number", "number", "closed_at"),
        Index("ix_callback_request_patient", "patient_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), unique=True)  # the call that opened it
    last_call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))  # E.164
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    queue: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime]  # when the first try ended
    last_at: Mapped[datetime]  # when the last one did
    tries: Mapped[int] = mapped_column(default=1)
    owner: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(64))  # who spoke to them, or closed it by hand
    closing_call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"))
    result: Mapped[str | None] = mapped_column(String(12))  # CallbackResult of app.missed_callers.rules
    reason: Mapped[str | None] = mapped_column(String(300))
