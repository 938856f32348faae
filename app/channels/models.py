"""Contacts on every channel but call and SMS: one row for each one that came in or went out (G-05)."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class Interaction(Table):
    """One contact. Channels, states and outcomes are those of app.channels.rules.

    `address` is the other side as the channel names it, in the form that addresses are compared in. `reference` names
    the contact to the other side: the Message-ID of a mail. `dedup_key` is the same when the same contact comes, or is
    written, twice.
    """

    __tablename__ = "interaction"
    __scoped__ = Scoped(module=Module.MESSAGES, patient="patient_id", at="at", owners=("agent", "handled_by"))
    __table_args__ = (
        Index("ix_interaction_at", "at", "id"),
        Index("ix_interaction_patient", "patient_id", "at"),
        Index("ix_interaction_address", "address", "at"),
        Index("ix_interaction_due", "direction", "state", "due_at"),
        Index("ix_interaction_open", "direction", "handled_at"),
        Index("ix_interaction_origin", "origin", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(3))  # in or out
    state: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]  # when it came, or was written
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    agent: Mapped[str | None] = mapped_column(String(64))  # who wrote it, or has taken it to answer it
    address: Mapped[str] = mapped_column(String(200))
    number: Mapped[str | None] = mapped_column(String(20))  # a telephone number (E.164) that the other side left
    name: Mapped[str] = mapped_column(String(120), default="")  # how the other side calls itself
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text)
    attachments: Mapped[list[Any]] = mapped_column(default=list)  # of {name, size}: their content is not kept
    outcome: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(2000))  # what was said where it was answered by telephone
    reference: Mapped[str] = mapped_column(String(250), default="", index=True)
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # the text that answered it
    dedup_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    origin: Mapped[str | None] = mapped_column(String(45))  # the network address that a web message came from
    due_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(40))
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[str | None] = mapped_column(String(64))


class MailboxPosition(Table):
    """Up to which mail a mailbox has been read. Written with the mail itself, so that each is kept once."""

    __tablename__ = "mailbox_position"

    mailbox: Mapped[str] = mapped_column(String(300), primary_key=True)
    validity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime]
