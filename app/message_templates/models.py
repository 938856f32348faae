"""Templates of messages, and every version that one ever had."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Table
from app.versions.models import VersionColumns


class MessageTemplate(Table):
    """What a text is for. `code` never changes; a shipped template that was removed stays here and does not come back.

    `names` has the names of a shipped one by language; `search_text` all its words in small letters.
    """

    __tablename__ = "message_template"
    __table_args__ = (Index("ix_message_template_kind", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(12))  # TemplateKind of app.message_templates.rules
    name: Mapped[str] = mapped_column(String(120))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message_kind: Mapped[str] = mapped_column(String(10))  # MessageKind of app.messages.rules
    disease: Mapped[str | None] = mapped_column(String(40))  # a code of the list "disease"
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    search_text: Mapped[str] = mapped_column(Text, default="")
    is_shipped: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(String(64))

    versions: Mapped[list["TemplateVersion"]] = relationship(
        back_populates="template", order_by="TemplateVersion.number.desc()"
    )


class TemplateVersion(VersionColumns, Table):
    """The texts of a template by language, and who said yes to them. `used_at` is when it was first sent."""

    __tablename__ = "message_template_version"
    __table_args__ = (
        UniqueConstraint("template_id", "number", name="uq_message_template_version"),
        Index("ix_message_template_version_state", "state", "template_id"),
    )

    template_id: Mapped[int] = mapped_column(ForeignKey("message_template.id"))
    texts: Mapped[dict[str, Any]]  # by language, with the fields in braces
    review_number: Mapped[str] = mapped_column(String(60), default="")  # of the advertisement's review (guard 4)
    valid_until: Mapped[date | None]
    clinical_at: Mapped[datetime | None]  # the approval by a clinician
    clinical_by: Mapped[str | None] = mapped_column(String(64))

    template: Mapped[MessageTemplate] = relationship(back_populates="versions")
