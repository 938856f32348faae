"""The hospital's code lists: regions, sources, diseases and every other list that a form offers (U-07)."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class CodeItem(Table):
    """One entry of a list. Records keep `code`, which never changes; an entry that is no longer offered stays readable.

    `path` is "/33/3301/" with the codes from the top down to this one: a tree (region, source, disease) is a prefix.
    """

    __tablename__ = "code_item"
    __table_args__ = (
        UniqueConstraint("list", "code", name="uq_code_item"),
        Index("ix_code_item_path", "list", "path"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list: Mapped[str] = mapped_column(String(30))
    code: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("code_item.id"))
    path: Mapped[str] = mapped_column(String(300), default="")
    name: Mapped[str] = mapped_column(String(120))  # as the hospital writes it
    name_zh_hans: Mapped[str | None] = mapped_column(String(120))
    name_zh_hant: Mapped[str | None] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(120))
    synonyms: Mapped[str] = mapped_column(String(300), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_offered: Mapped[bool] = mapped_column(default=True)
