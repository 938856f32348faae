"""Mass sends: what goes to whom, how far it has come, and who was left out why."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class MassSend(Table):
    """One text for many people. States are those of app.mass_sends.rules.

    `wanted` says who they are, as the audience needs it. While a mass send is prepared, `cursor` is the last person,
    line or account that was looked at; while it is queued, the last row of MassSendRecipient. Whoever works on it holds
    `claim` until `claimed_until`. `is_settled` is false while what waits in the outbox has to be held or cancelled.
    """

    __tablename__ = "mass_send"
    __table_args__ = (
        Index("ix_mass_send_state", "state", "claimed_until"),
        Index("ix_mass_send_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10))
    audience: Mapped[str] = mapped_column(String(10))
    wanted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message_kind: Mapped[str] = mapped_column(String(10))
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("message_template_version.id"))
    text: Mapped[str] = mapped_column(Text, default="")  # written for this one, without a template
    language: Mapped[str | None] = mapped_column(String(10))  # nothing: that of each person
    field_values: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of fields that are the same for all
    due_at: Mapped[datetime | None]
    cursor: Mapped[int] = mapped_column(default=0)
    recipients: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    queued: Mapped[int] = mapped_column(default=0)
    price: Mapped[int] = mapped_column(default=0)  # of one part, in thousandths of a yuan
    is_settled: Mapped[bool] = mapped_column(default=True)
    stored_name: Mapped[str | None] = mapped_column(String(60))  # the uploaded list, until it has been read
    error: Mapped[str | None] = mapped_column(String(300))
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # when all of it was in the outbox, or when it was stopped
    stopped_by: Mapped[str | None] = mapped_column(String(64))


class MassSendRecipient(Table):
    """One person, colleague or line of a list, as the preview found it. With an `exclusion` nothing is sent."""

    __tablename__ = "mass_send_recipient"
    __scoped__ = Scoped(module=Module.MESSAGES, patient="patient_id")
    __table_args__ = (
        Index("ix_mass_send_recipient_exclusion", "mass_send_id", "exclusion", "id"),
        Index("ix_mass_send_recipient_number", "mass_send_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mass_send_id: Mapped[int] = mapped_column(ForeignKey("mass_send.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[int | None]  # of the list
    number: Mapped[str | None] = mapped_column(String(20))
    field_values: Mapped[dict[str, Any] | None]  # of the fields that the list brought
    parts: Mapped[int] = mapped_column(default=0)
    exclusion: Mapped[str | None] = mapped_column(String(20))  # Exclusion of app.mass_sends.rules, or a Refusal
