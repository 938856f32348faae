"""Gifts, letters and printed envelopes: what was sent to whom on which occasion (P-28, P-29)."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class Mailing(Table):
    """One thing sent, or to be sent, to one person."""

    __tablename__ = "mailing"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id", at="created_at", owners=("created_by",))
    __table_args__ = (
        Index("ix_mailing_patient", "patient_id", "day"),
        Index("ix_mailing_occasion", "occasion", "day"),
        Index("ix_mailing_day", "day", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(10))  # MailingKind of app.mailings.rules
    occasion: Mapped[str] = mapped_column(String(40))  # a code of the list "gift_occasion", or a word
    item: Mapped[str] = mapped_column(String(200))
    day: Mapped[date]  # the hospital's calendar day on which it goes, or went
    state: Mapped[str] = mapped_column(String(10))  # MailingState of app.mailings.rules
    remark: Mapped[str] = mapped_column(String(300), default="")
    print_id: Mapped[int | None] = mapped_column(ForeignKey("envelope_print.id"), index=True)
    sender: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class EnvelopePrint(Table):
    """One PDF of envelopes: for what purpose, and how many people it reached or had to leave out."""

    __tablename__ = "envelope_print"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(10))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("saved_segment.id"))
    envelopes: Mapped[int]
    left_out: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
