"""Saved segments: a rule over people, or the list it once gave, and what each was used for (P-25, P-26)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table


class SavedSegment(Table):
    """A rule with a name. Frozen: its members are the rows of SegmentMember, whatever the rule says today."""

    __tablename__ = "saved_segment"
    __table_args__ = (Index("ix_saved_segment_owner", "owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(500), default="")
    rule: Mapped[dict[str, Any]]  # the JSON form of app.segments.rules.SegmentRule
    owner: Mapped[str] = mapped_column(String(64))
    is_shared: Mapped[bool] = mapped_column(default=False)
    frozen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class SegmentMember(Table):
    """One person of a frozen segment."""

    __tablename__ = "segment_member"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    segment_id: Mapped[int] = mapped_column(ForeignKey("saved_segment.id"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True, index=True)


class SegmentUse(Table):
    """One use of a segment: an export, a batch of envelopes, messages, a follow-up."""

    __tablename__ = "segment_use"
    __table_args__ = (Index("ix_segment_use_segment", "segment_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("saved_segment.id"))
    purpose: Mapped[str] = mapped_column(String(20))  # SegmentPurpose of app.segments.rules
    members: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
