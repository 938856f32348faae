"""Text messages: the row is the truth, for what goes out (the outbox) as for what came in (the inbox)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table


class Message(Table):
    """One SMS as a person sees it, whatever number of segments carried it. States are those of app.messages.rules."""

    __tablename__ = "message"
    __scoped__ = Scoped(
        module=Module.MESSAGES, patient="patient_id", at="created_at", owners=("created_by", "handled_by")
    )
    __table_args__ = (
        Index("ix_message_state_due", "direction", "state", "due_at"),
        Index("ix_message_claim", "direction", "state", "priority", "due_at", "id"),  # the order of leaving
        Index("ix_message_patient", "patient_id", "created_at"),
        Index("ix_message_number", "number", "created_at"),
        Index("ix_message_created", "created_at", "id"),
        Index("ix_message_origin", "origin", "origin_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    direction: Mapped[str] = mapped_column(String(3))  # in or out
    kind: Mapped[str] = mapped_column(String(10))  # care, marketing, staff or partner
    state: Mapped[str] = mapped_column(String(12))
    number: Mapped[str] = mapped_column(String(20))  # the patient's side, E.164 where it is a number
    service_number: Mapped[str] = mapped_column(String(30), default="")  # our side
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    text: Mapped[str] = mapped_column(Text)
    parts: Mapped[int] = mapped_column(default=1)
    origin: Mapped[str] = mapped_column(String(10), default="person", server_default="person")  # why it was written
    origin_id: Mapped[int | None]  # the mass send, the sending rule or the follow-up task
    template_version_id: Mapped[int | None]
    priority: Mapped[int] = mapped_column(default=1, server_default="1")  # 0 urgent, 1 normal, 2 bulk
    is_complete: Mapped[bool] = mapped_column(default=True)  # False: a segment of an incoming text never came
    dedup_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    resent_from_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    forwarded_from_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    reference: Mapped[int | None]  # ties the segments together on the telephone; counted per number
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(String(300))
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[str | None] = mapped_column(String(64))
    hidden_at: Mapped[datetime | None]  # deleted from the boxes; kept for audit (S-09)
    hidden_by: Mapped[str | None] = mapped_column(String(64))

    segments: Mapped[list["Segment"]] = relationship(back_populates="message", order_by="Segment.position")


class PendingQuestion(Table):
    """A question that one of our texts asked, until it is answered or its time is over."""

    __tablename__ = "pending_question"
    __scoped__ = Scoped(module=Module.MESSAGES, patient="patient_id", at="asked_at")
    __table_args__ = (
        Index("ix_pending_question_number", "number", "answered_at"),
        Index("ix_pending_question_context", "context_kind", "context_id"),
        Index("ix_pending_question_patient", "patient_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    keys: Mapped[dict[str, Any]]  # what to reply, and the meaning of it: {"1": "confirm"}
    context_kind: Mapped[str] = mapped_column(String(30))  # whose question it is: registered in service.answers
    context_id: Mapped[int | None]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(30))
    answer_message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class Segment(Table):
    """One submit_sm of an outgoing message. `state` is a SegmentState of app.messages.rules."""

    __tablename__ = "segment"
    __table_args__ = (
        UniqueConstraint("message_id", "position", name="uq_segment"),
        Index("ix_segment_smsc_key", "account", "smsc_key"),
        Index("ix_segment_state", "state", "message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    account: Mapped[str | None] = mapped_column(String(40))  # whose bind claimed it
    form: Mapped[str | None] = mapped_column(String(10))  # how it was tied to the others when it was claimed
    smsc_message_id: Mapped[str | None] = mapped_column(String(70))
    smsc_key: Mapped[str | None] = mapped_column(String(70))  # the id in the form that receipts are matched by
    submitted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(20))
    message: Mapped[Message] = relationship(back_populates="segments")


class UnmatchedReceipt(Table):
    """A receipt whose submit response has not been recorded, or never will be: matched later, by id or by number."""

    __tablename__ = "unmatched_receipt"

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(40))
    smsc_message_id: Mapped[str] = mapped_column(String(70))
    smsc_key: Mapped[str] = mapped_column(String(70), index=True)
    addresses: Mapped[list[Any]]  # both ends, in the SMSC's spelling
    state: Mapped[str] = mapped_column(String(12))
    error_code: Mapped[str | None] = mapped_column(String(20))
    received_at: Mapped[datetime]


class InboundPart(Table):
    """One segment of a long incoming text that waits for the others."""

    __tablename__ = "inbound_part"
    __table_args__ = (
        UniqueConstraint("source", "destination", "reference", "total", "position", name="uq_inbound_part"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(30))
    destination: Mapped[str] = mapped_column(String(30))
    reference: Mapped[int]
    total: Mapped[int]
    position: Mapped[int]
    data_coding: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    assembled_at: Mapped[datetime | None]  # kept for a while afterwards, to know a repeated segment


class GatewayLink(Table):
    """One row per SMSC account: whether the bind stands, and since when."""

    __tablename__ = "gateway_link"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))  # bound, connecting, refused or down
    since: Mapped[datetime]
    as_of: Mapped[datetime]
    detail: Mapped[str] = mapped_column(String(200), default="")
