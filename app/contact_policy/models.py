"""What a person said about being contacted."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class Consent(Table):
    """Whether this person agreed to one kind of message on one channel (guard 1). No row: nobody was asked."""

    __tablename__ = "consent"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (UniqueConstraint("patient_id", "kind", "channel", name="uq_consent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(10))
    is_granted: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str | None] = mapped_column(String(64))


class OptOut(Table):
    """Somebody told us to stop, on one number or for one person (guard 1). It stands until it is withdrawn.

    A row with both stops the number, whoever has it, and the person on every other number.
    """

    __tablename__ = "opt_out"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (Index("ix_opt_out_number", "number"), Index("ix_opt_out_patient", "patient_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(String(20))  # E.164
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(10))  # a MessageKind, or "all"
    channel: Mapped[str] = mapped_column(String(10))  # sms, or "all"
    way: Mapped[str] = mapped_column(String(10))  # text: a reply said so; person: somebody of ours was told
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # the text that proves it
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
