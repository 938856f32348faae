"""Templates of follow-ups, and every version that one ever had."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Table
from app.versions.models import VersionColumns


class FollowupTemplate(Table):
    """What is followed up: LEEP operations, discharges, hypertension. `code` never changes.

    `names` has the names of a shipped one by language. A shipped one that was removed stays here.
    """

    __tablename__ = "followup_template"
    __table_args__ = (Index("ix_followup_template_specialty", "specialty", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    specialty: Mapped[str] = mapped_column(String(40))
    is_shipped: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(String(64))

    versions: Mapped[list["FollowupTemplateVersion"]] = relationship(
        back_populates="template", order_by="FollowupTemplateVersion.number.desc()"
    )


class FollowupTemplateVersion(VersionColumns, Table):
    """One wording of a template: when it starts, its steps, when it stops. Only a draft changes.

    `anchor` and `filters` are the trigger rule, as a sending rule has them; `steps` and `stops` are the JSON forms of
    app.followup_templates.rules. `approved_by` is a clinician (guard 13); `used_at` is when the first plan came of it.
    """

    __tablename__ = "followup_template_version"
    __table_args__ = (
        UniqueConstraint("template_id", "number", name="uq_followup_template_version"),
        Index("ix_followup_template_version_state", "state", "template_id"),
    )

    template_id: Mapped[int] = mapped_column(ForeignKey("followup_template.id"))
    anchor: Mapped[str] = mapped_column(String(40))
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    starts: Mapped[str] = mapped_column(String(10))  # StartMode: automatic, proposal or by_hand
    steps: Mapped[list[Any]]
    stops: Mapped[list[Any]]
    late_enrolment: Mapped[str] = mapped_column(String(10), default="skip")  # LateEnrolment: skip, latest or all
    is_sequential: Mapped[bool] = mapped_column(default=False)  # a step is freed by the one before it (F-22)
    repeat_months: Mapped[int | None]  # the whole template again after so many months (F-31, F-32)
    repeat_times: Mapped[int | None]
    goals: Mapped[str] = mapped_column(String(1000), default="")

    template: Mapped[FollowupTemplate] = relationship(back_populates="versions")
