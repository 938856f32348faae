"""What a person said about being contacted."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
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
