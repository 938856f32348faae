"""The code lists in /admin: add, rename, reorder, stop offering. Nothing is ever deleted."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import Role
from app.audit.rules import Action
from app.codes import service
from app.codes.rules import LIST_TITLES, TREES, CodeList
from app.codes.service.editing import ItemNames
from app.configuration.forms import errors_of
from app.configuration.menu import AdminLink, add_links
from app.errors import Conflict, InvalidInput, NotFound
from app.http import allow, audit, reading, writing
from app.texts import N_

_ADMINS = frozenset({Role.ADMIN})
pages = Blueprint("codes", __name__, template_folder="templates", url_prefix="/admin/codes")
add_links(AdminLink(path="/admin/codes", title=N_("Code lists"), icon="list-nested", place=40))


@pages.get("")
@allow(_ADMINS)
def show_lists() -> str:
    """Every list with how much it offers."""
    with reading() as session:
        sizes = service.list_sizes(session)
    return render_template(
        "codes/lists.html",
        lists=[(each.value, _(title), sizes[each], each in TREES) for each, title in LIST_TITLES.items()],
    )


@pages.get("/<name>")
@allow(_ADMINS)
def show_list(name: str) -> str:
    """The entries of a list; of a tree one level, as far as somebody went down."""
    return _show_list(_list(name), {})


@pages.post("/<name>")
@allow(_ADMINS)
def add_item(name: str) -> Response | tuple[str, int]:
    each = _list(name)
    above = request.args.get("below") or None
    try:
        with writing() as session:
            service.add_item(session, each, request.form.get("code", "").strip(), _names(), parent=above)
            _audit_item(session, each, request.form.get("code", "").strip())
    except (InvalidInput, Conflict) as error:
        return _show_list(each, errors_of(error)), 422
    flash(_("Added. Forms offer it from now on."), "success")
    return redirect(url_for("codes.show_list", name=name, below=above))


@pages.get("/<name>/items/<code>")
@allow(_ADMINS)
def show_item(name: str, code: str) -> str:
    return _show_item(_list(name), code, {})


@pages.post("/<name>/items/<code>")
@allow(_ADMINS)
def save_item(name: str, code: str) -> Response | tuple[str, int]:
    each = _list(name)
    try:
        with writing() as session:
            service.save_item(session, each, code, _names(), is_offered=request.form.get("is_offered") == "1")
            _audit_item(session, each, code)
    except InvalidInput as error:
        return _show_item(each, code, errors_of(error)), 422
    flash(_("Saved."), "success")
    return redirect(url_for("codes.show_list", name=name, below=_parent(each, code)))


@pages.post("/<name>/items/<code>/move")
@allow(_ADMINS)
def move_item(name: str, code: str) -> Response:
    each = _list(name)
    with writing() as session:
        service.move_item(session, each, code, up=request.form.get("to") == "up")
    return redirect(url_for("codes.show_list", name=name, below=_parent(each, code)))


def _show_list(each: CodeList, errors: dict[str, str]) -> str:
    below = request.args.get("below") or None
    with reading() as session:
        everything = service.all_items(session, each)
    by_code = {item.code: item for item in everything}
    if below is not None and below not in by_code:
        raise NotFound(_("There is no such entry."))
    return render_template(
        "codes/list.html",
        name=each.value,
        title=_(LIST_TITLES[each]),
        is_tree=each in TREES,
        entries=[item for item in everything if item.parent == below],
        counts=Counter(item.parent for item in everything),
        above=[by_code[code] for code in by_code[below].path.strip("/").split("/")] if below else [],
        below=below,
        errors=errors,
        typed=request.form,
    )


def _show_item(each: CodeList, code: str, errors: dict[str, str]) -> str:
    with reading() as session:
        item = service.get_item(session, each, code)
    return render_template("codes/item.html", name=each.value, title=_(LIST_TITLES[each]), item=item, errors=errors)


def _parent(each: CodeList, code: str) -> str | None:
    with reading() as session:
        path = service.get_item(session, each, code).path.strip("/").split("/")
    return path[-2] if len(path) > 1 else None


def _list(name: str) -> CodeList:
    if name not in set(CodeList):
        raise NotFound(_("There is no such list."))
    return CodeList(name)


def _names() -> ItemNames:
    texts = {name: request.form.get(name, "") for name in ("name", "zh_hans", "zh_hant", "en", "synonyms")}
    return ItemNames(**texts)


def _audit_item(session: Session, each: CodeList, code: str) -> None:
    audit(session, Action.SETTING, subject=f"code:{each.value}.{code}"[:80])
