"""Write articles, find them, and go back to an earlier version. Whoever may not write is stopped at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.articles.models import Article, ArticleVersion
from app.articles.rules import ArticleData, Shown
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.journal.service import Entry, append
from app.paging import Page, read_cursor, write_cursor
from app.patients.names import fold_name, initials_of
from app.texts import N_

# Who types more words than these has pasted a text.
_MOST_WORDS = 8


def find_articles(
    session: Session,
    words: str,
    *,
    today: date,
    shown: Shown = Shown.CURRENT,
    department_id: int | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Article]:
    """Articles that hold every word, in title, tags or text, in either script, or by the initials of the title.

    Who was changed last stands first. Raises InvalidInput for a damaged cursor.
    """
    wanted = select(Article).where(_is_shown(shown, today))
    for word in words.split()[:_MOST_WORDS]:
        folded = fold_name(word)
        if folded:
            wanted = wanted.where(Article.search_text.contains(folded, autoescape=True))
    if department_id is not None:
        wanted = wanted.where(Article.department_id == department_id)
    if cursor:
        at, last_id = read_cursor(cursor, [datetime, int])
        wanted = wanted.where(or_(Article.changed_at < at, and_(Article.changed_at == at, Article.id < last_id)))
    rows = list(session.scalars(wanted.order_by(Article.changed_at.desc(), Article.id.desc()).limit(limit + 1)))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=write_cursor(last.changed_at, last.id) if last else None)


def get_article(session: Session, article_id: int) -> Article:
    """One article. Raises NotFound."""
    found = session.get(Article, article_id) if 0 < article_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such article."))
    return found


def versions_of(session: Session, article_id: int) -> Sequence[ArticleVersion]:
    """Every version that was saved, newest first."""
    wanted = select(ArticleVersion).where(ArticleVersion.article_id == article_id)
    return session.scalars(wanted.order_by(ArticleVersion.number.desc())).all()


def create_article(session: Session, bus: Bus, data: ArticleData, *, by: str, now: datetime) -> Article:
    """A new article with its first version. Raises InvalidInput."""
    _check(data)
    article = Article(number=1, created_at=now, changed_at=now, changed_by=by, **_columns(data))
    session.add(article)
    session.flush()
    _keep_version(session, bus, article, data, by=by, now=now)
    return article


def change_article(
    session: Session, bus: Bus, article_id: int, data: ArticleData, *, base: int, by: str, now: datetime
) -> Article:
    """A further version of an article, made from version `base`; it holds at once, also where it was withdrawn.

    Raises NotFound, InvalidInput, and Conflict when somebody saved another version meanwhile.
    """
    _check(data)
    get_article(session, article_id)
    values = {**_columns(data), "number": base + 1, "changed_at": now, "changed_by": by, "withdrawn_at": None}
    changed = session.execute(
        update(Article).where(Article.id == article_id, Article.number == base).values(**values),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    if rows_changed(changed) != 1:
        raise Conflict(N_("A colleague has just changed this article. Look at the new version and change that one."))
    article = get_article(session, article_id)
    _keep_version(session, bus, article, data, by=by, now=now)
    return article


def restore_version(session: Session, bus: Bus, article_id: int, number: int, *, by: str, now: datetime) -> Article:
    """Make an earlier version hold again, as a new one. Raises NotFound, Conflict."""
    wanted = select(ArticleVersion).where(ArticleVersion.article_id == article_id, ArticleVersion.number == number)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound(N_("There is no such version."))
    data = ArticleData(
        title=found.title,
        text=found.text,
        tags=found.tags,
        department_id=found.department_id,
        valid_until=found.valid_until,
    )
    base = get_article(session, article_id).number
    return change_article(session, bus, article_id, data, base=base, by=by, now=now)


def withdraw_article(session: Session, bus: Bus, article_id: int, *, by: str, now: datetime) -> None:
    """Take an article out of the lists; saving or restoring a version brings it back. Raises NotFound."""
    article = get_article(session, article_id)
    if article.withdrawn_at is None:
        article.withdrawn_at, article.changed_by = now, by
        append(session, bus, [_entry("article.withdrawn", article, by, now)])


def _is_shown(shown: Shown, today: date) -> ColumnElement[bool]:
    if shown is Shown.WITHDRAWN:
        return Article.withdrawn_at.is_not(None)
    expired = Article.valid_until < today
    holds = or_(Article.valid_until.is_(None), Article.valid_until >= today)
    return and_(Article.withdrawn_at.is_(None), expired if shown is Shown.EXPIRED else holds)


def _check(data: ArticleData) -> None:
    for field, sentence in data.faults().items():
        raise InvalidInput(sentence, field=field)


def _columns(data: ArticleData) -> dict[str, object]:
    tags = " ".join(data.tags.split())
    words = " ".join(fold_name(word) for text in (data.title, tags, data.text) for word in text.split())
    return {
        "title": data.title.strip(),
        "text": data.text.strip(),
        "tags": tags,
        "department_id": data.department_id,
        "valid_until": data.valid_until,
        "search_text": f"{fold_name(data.title)} {initials_of(data.title)} {words}",
    }


def _keep_version(session: Session, bus: Bus, article: Article, data: ArticleData, *, by: str, now: datetime) -> None:
    kept = {name: value for name, value in _columns(data).items() if name != "search_text"}
    session.add(ArticleVersion(article_id=article.id, number=article.number, saved_at=now, saved_by=by, **kept))
    session.flush()
    append(session, bus, [_entry("article.saved", article, by, now)])


def _entry(kind: str, article: Article, by: str, now: datetime) -> Entry:
    return Entry(kind=kind, at=now, agent=by, payload={"article_id": article.id, "number": article.number})
