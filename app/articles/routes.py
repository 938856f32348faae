"""Articles for people (/articles) and for programs (/api/v1/articles). Everybody reads; supervisors write."""

from __future__ import annotations

from datetime import date
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Date, DateTime, Integer, List, Nested, String
from apiflask.validators import Length, Range
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import EVERYONE, OVER_AGENTS
from app.articles import service
from app.articles.rules import LONGEST_TAGS, LONGEST_TEXT, LONGEST_TITLE, SHOWN_TEXT, ArticleData, Shown
from app.audit.rules import Action
from app.errors import Conflict
from app.http import allow, audit, parts, reading, signed_in, writing
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT

pages = Blueprint("articles", __name__, template_folder="templates", url_prefix="/articles")
api = APIBlueprint("articles_api", __name__, url_prefix="/api/v1/articles", tag="Articles")

# Nobody scrolls through more with a patient on the line.
_FOUND_BESIDE_A_CALL = 15


class ArticlesQuery(Schema):
    q = String(load_default="", validate=Length(max=120), metadata={"description": "Words, or initials of the title."})
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None, validate=Length(max=400))


class ArticleOut(Schema):
    id = Integer()
    number = Integer(metadata={"description": "Of its newest version."})
    title = String()
    text = String()
    tags = String()
    department_id = Integer(allow_none=True)
    valid_until = Date(allow_none=True)
    changed_at = DateTime()


class ArticlesPage(Schema):
    items = List(Nested(ArticleOut))
    next_cursor = String(allow_none=True)


@api.get("")
@allow(EVERYONE)
@api.input(ArticlesQuery, location="query", arg_name="query")
@api.output(ArticlesPage)
@api.doc(summary="Valid articles that hold every word, changed last first")
def list_articles_api(query: dict[str, Any]) -> dict[str, Any]:
    with reading() as session:
        page = service.find_articles(session, query["q"], today=_today(), limit=query["limit"], cursor=query["cursor"])
    return {"items": page.items, "next_cursor": page.next_cursor}


@pages.get("")
@allow(EVERYONE)
def list_articles() -> str:
    """Search and list; whoever writes also sees what has expired or was withdrawn."""
    words = request.args.get("q", "")[:120]
    shown = _shown(request.args.get("show", ""))
    department = request.args.get("department", "")
    department_id = int(department) if _is_id(department) else None
    with reading() as session:
        page = service.find_articles(
            session,
            words,
            today=_today(),
            shown=shown,
            department_id=department_id,
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
        )
        names = organisation.department_names(session)
    query: dict[str, Any] = {"q": words, "show": shown.value, "department": department_id}
    return render_template(
        "articles/list.html",
        page=page,
        query={name: value for name, value in query.items() if value},
        words=words,
        shown=shown,
        department_id=department_id,
        departments=names,
        choices=[(each.value, _(text)) for each, text in SHOWN_TEXT.items()],
        may_write=_may_write(),
    )


@pages.get("/panel")
@allow(EVERYONE)
def show_panel() -> str:
    """The search beside a call, with the articles that were changed last."""
    return _found("articles/panel.html")


@pages.get("/found")
@allow(EVERYONE)
def find_articles() -> str:
    """What the search beside a call found, whole texts to unfold."""
    return _found("articles/found.html")


@pages.get("/<int:article_id>")
@allow(EVERYONE)
def show_article(article_id: int) -> str:
    """One article as it holds now, with its versions for whoever writes."""
    with reading() as session:
        article = service.get_article(session, article_id)
        versions = service.versions_of(session, article_id) if _may_write() else []
        names = organisation.department_names(session)
    return render_template(
        "articles/show.html",
        article=article,
        versions=versions,
        departments=names,
        is_expired=article.valid_until is not None and article.valid_until < _today(),
        may_write=_may_write(),
    )


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    return _form(None, {}, {})


@pages.get("/<int:article_id>/edit")
@allow(OVER_AGENTS)
def show_edit(article_id: int) -> str:
    with reading() as session:
        article = service.get_article(session, article_id)
    given = {
        "title": article.title,
        "text": article.text,
        "tags": article.tags,
        "department": str(article.department_id or ""),
        "valid_until": article.valid_until.isoformat() if article.valid_until else "",
        "base": str(article.number),
    }
    return _form(article_id, given, {})


@pages.post("/new")
@allow(OVER_AGENTS)
def create_article() -> Response | tuple[str, int]:
    return _save(None)


@pages.post("/<int:article_id>/edit")
@allow(OVER_AGENTS)
def change_article(article_id: int) -> Response | tuple[str, int]:
    return _save(article_id)


@pages.post("/<int:article_id>/versions/<int:number>/restore")
@allow(OVER_AGENTS)
def restore_version(article_id: int, number: int) -> Response:
    try:
        with writing() as session:
            service.restore_version(
                session, parts().bus, article_id, number, by=signed_in().username, now=parts().now()
            )
            audit(session, Action.CHANGE, subject=f"article:{article_id}", details={"restored": number})
        flash(_("The earlier version holds again."), "success")
    except Conflict as conflict:
        flash(_(conflict.detail), "danger")
    return redirect(url_for("articles.show_article", article_id=article_id), 303)


@pages.post("/<int:article_id>/withdraw")
@allow(OVER_AGENTS)
def withdraw_article(article_id: int) -> Response:
    with writing() as session:
        service.withdraw_article(session, parts().bus, article_id, by=signed_in().username, now=parts().now())
        audit(session, Action.CHANGE, subject=f"article:{article_id}", details={"withdrawn": True})
    flash(_("The article was withdrawn. Restoring a version brings it back."), "success")
    return redirect(url_for("articles.show_article", article_id=article_id), 303)


def _found(template: str) -> str:
    words = request.args.get("q", "")[:120]
    with reading() as session:
        page = service.find_articles(session, words, today=_today(), limit=_FOUND_BESIDE_A_CALL)
        names = organisation.department_names(session)
    shown: str = render_template(template, page=page, words=words, departments=names)
    return shown


def _save(article_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    until, is_day = _day(form.get("valid_until", ""))
    department = form.get("department", "")
    data = ArticleData(
        title=form.get("title", ""),
        text=form.get("text", ""),
        tags=form.get("tags", ""),
        department_id=int(department) if _is_id(department) else None,
        valid_until=until,
    )
    errors = {field: _(sentence) for field, sentence in data.faults().items()}
    if not is_day:
        errors["valid_until"] = _("Write a date such as 2026-11-21.")
    if errors:
        return _form(article_id, form, errors), 422
    base = form.get("base", "")
    now, me = parts().now(), signed_in().username
    try:
        with writing() as session:
            if department and data.department_id is not None:
                organisation.get_department(session, data.department_id)
            if article_id is None:
                saved = service.create_article(session, parts().bus, data, by=me, now=now)
            else:
                number = int(base) if _is_id(base) else 0
                saved = service.change_article(session, parts().bus, article_id, data, base=number, by=me, now=now)
            saved_id = saved.id
            audit(session, Action.CHANGE, subject=f"article:{saved_id}", details={"number": saved.number})
    except Conflict as conflict:
        flash(_(conflict.detail), "danger")
        return _form(article_id, form, {}), 409
    flash(_("The article was saved and holds from now on."), "success")
    return redirect(url_for("articles.show_article", article_id=saved_id), 303)


def _form(article_id: int | None, given: Any, errors: dict[str, str]) -> str:
    with reading() as session:
        names = organisation.department_names(session)
    page: str = render_template(
        "articles/form.html",
        article_id=article_id,
        given=given,
        errors=errors,
        departments=[("", _("All departments")), *((str(id), name) for id, name in names.items())],
        longest=(LONGEST_TITLE, LONGEST_TEXT, LONGEST_TAGS),
    )
    return page


def _today() -> date:
    return parts().now().astimezone(parts().settings.timezone).date()


def _may_write() -> bool:
    return signed_in().role in OVER_AGENTS


def _shown(text: str) -> Shown:
    return Shown(text) if text in set(Shown) and _may_write() else Shown.CURRENT


def _day(text: str) -> tuple[date | None, bool]:
    try:
        return (date.fromisoformat(text) if text else None), True
    except ValueError:
        return None, False


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0
