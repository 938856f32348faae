"""Short articles that agents look up while they talk, and every version that one ever had."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Article(Table):
    """What holds now. `search_text` is all its words folded, with the initials of its title."""

    __tablename__ = "article"
    __table_args__ = (Index("ix_article_changed", "withdrawn_at", "changed_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]  # of its newest version
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(String(200), default="")  # words with spaces between them
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    valid_until: Mapped[date | None]  # the last day on which it holds
    search_text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]


class ArticleVersion(Table):
    """An article as somebody saved it. Never changed."""

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("article_id", "number", name="uq_article_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(String(200), default="")
    department_id: Mapped[int | None]
    valid_until: Mapped[date | None]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(64))
