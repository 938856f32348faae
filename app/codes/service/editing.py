"""Change code lists. A code never changes and is never deleted: records hold it; it is no longer offered instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.codes.models import CodeItem
from app.codes.rules import TREES, CodeList
from app.codes.service.reading import get_item
from app.errors import Conflict, InvalidInput
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemNames:
    """What an entry is called: as the hospital writes it, and where it differs in each language."""

    name: str
    zh_hans: str = ""
    zh_hant: str = ""
    en: str = ""
    synonyms: str = ""


def add_item(session: Session, list: CodeList, code: str, called: ItemNames, *, parent: str | None = None) -> CodeItem:
    """Add an entry at the end of its siblings. Raises InvalidInput, NotFound for the parent, Conflict."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", code):
        raise InvalidInput(N_("A code has up to 40 letters, digits, dots and dashes."), field="code")
    if parent is not None and list not in TREES:
        raise InvalidInput(N_("The entries of this list stand side by side."), field="parent")
    if session.scalar(select(CodeItem.id).where(CodeItem.list == list.value, CodeItem.code == code)) is not None:
        raise Conflict(N_("This code is in the list already."), field="code")
    above = get_item(session, list, parent) if parent is not None else None
    path = f"{above.path if above else '/'}{code}/"
    if len(path) > 300:
        raise InvalidInput(N_("This list cannot have more levels."), field="parent")
    last = session.scalar(
        select(func.max(CodeItem.position)).where(
            CodeItem.list == list.value, CodeItem.parent_id == (above.id if above else None)
        )
    )
    item = CodeItem(
        list=list.value,
        code=code,
        parent_id=above.id if above else None,
        path=path,
        name="",
        position=(last or 0) + 1,
        is_offered=True,
    )
    _name(item, called)
    session.add(item)
    session.flush()
    return item


def save_item(session: Session, list: CodeList, code: str, called: ItemNames, *, is_offered: bool) -> CodeItem:
    """Rename an entry, and offer it or no longer. Raises NotFound, InvalidInput."""
    item = get_item(session, list, code)
    _name(item, called)
    item.is_offered = is_offered
    session.flush()
    return item


def move_item(session: Session, list: CodeList, code: str, *, up: bool) -> None:
    """Move an entry one place among its siblings. Raises NotFound."""
    item = get_item(session, list, code)
    siblings = [
        *session.scalars(
            select(CodeItem)
            .where(CodeItem.list == list.value, CodeItem.parent_id == item.parent_id)
            .order_by(CodeItem.position, CodeItem.code)
        )
    ]
    place = siblings.index(item)
    other = place - 1 if up else place + 1
    if 0 <= other < len(siblings):
        siblings[place], siblings[other] = siblings[other], siblings[place]
    for position, each in enumerate(siblings, start=1):
        each.position = position
    session.flush()


def _name(item: CodeItem, called: ItemNames) -> None:
    texts = {name: " ".join(getattr(called, name).split()) for name in ("name", "zh_hans", "zh_hant", "en")}
    if not texts["name"]:
        raise InvalidInput(N_("Give the entry a name."), field="name")
    for name, text in texts.items():
        if len(text) > 120 or not text.isprintable():
            raise InvalidInput(N_("A name has at most 120 characters."), field=name)
    item.name = texts["name"]
    item.name_zh_hans, item.name_zh_hant = texts["zh_hans"] or None, texts["zh_hant"] or None
    item.name_en = texts["en"] or None
    synonyms = " ".join(called.synonyms.split())
    if len(synonyms) > 300 or not synonyms.isprintable():
        raise InvalidInput(N_("At most 300 characters on one line."), field="synonyms")
    item.synonyms = synonyms
