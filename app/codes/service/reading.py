"""Read code lists. Names come in the language of whoever reads: the one that the session was opened for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from app.codes.models import CodeItem
from app.codes.rules import Code, CodeList, RegionNames, find_region_in
from app.errors import NotFound
from app.texts import N_

_BY_LOCALE = {"zh_Hans": CodeItem.name_zh_hans, "zh_Hant": CodeItem.name_zh_hant, "en": CodeItem.name_en}


def items(session: Session, list: CodeList | str) -> tuple[Code, ...]:
    """What a form offers, in its order; in a tree each entry is followed by those below it."""
    return tuple(code for code in all_items(session, list) if code.is_offered)


def all_items(session: Session, list: CodeList | str) -> tuple[Code, ...]:
    """Every entry, also those no longer offered, in the order of `items`."""
    above = aliased(CodeItem)
    rows = session.execute(
        select(CodeItem.code, _name(session), above.code, CodeItem.path, CodeItem.is_offered)
        .outerjoin(above, above.id == CodeItem.parent_id)
        .where(CodeItem.list == str(list))
        .order_by(CodeItem.position, CodeItem.code)
    )
    codes = [
        Code(code=code, name=name, parent=parent, path=path, depth=path.count("/") - 2, is_offered=is_offered)
        for code, name, parent, path, is_offered in rows
    ]
    return _in_tree_order(codes)


def names(session: Session, list: CodeList | str, codes: Collection[str | None]) -> dict[str, str]:
    """The name of each of these codes; a code that is in no list is its own name, its underscores as spaces."""
    return {code: code.replace("_", " ") for code in codes if code} | known_names(session, list, codes)


def known_names(session: Session, list: CodeList | str, codes: Collection[str | None]) -> dict[str, str]:
    """The names of those of these codes that are in the list."""
    wanted = {code for code in codes if code}
    rows = session.execute(
        select(CodeItem.code, _name(session)).where(CodeItem.list == str(list), CodeItem.code.in_(wanted))
    )
    return {row[0]: row[1] for row in rows}


def descendants(session: Session, list: CodeList | str, code: str) -> set[str]:
    """The code itself and every code below it. Empty when there is no such code."""
    path = select(CodeItem.path).where(CodeItem.list == str(list), CodeItem.code == code).scalar_subquery()
    query = select(CodeItem.code).where(CodeItem.list == str(list), CodeItem.path.startswith(path))
    return set(session.scalars(query))


def find_region(session: Session, text: str) -> str | None:
    """The code of the region that an address or a city's name speaks of; nothing where it is not clear."""
    return find_region_in(text[:300], regions(session)) if text.strip() else None


def regions(session: Session) -> tuple[RegionNames, ...]:
    """Every region with its spellings, for whoever asks `find_region_in` about many addresses."""
    rows = session.execute(
        select(
            CodeItem.code,
            CodeItem.path,
            CodeItem.name,
            CodeItem.name_zh_hans,
            CodeItem.name_zh_hant,
            CodeItem.name_en,
            CodeItem.synonyms,
        ).where(CodeItem.list == CodeList.REGION.value)
    )
    return tuple(
        RegionNames(code=code, path=path, names=tuple({name for name in (*called, *synonyms.split()) if name}))
        for code, path, *called, synonyms in rows
    )


def get_item(session: Session, list: CodeList | str, code: str) -> CodeItem:
    """One entry with all its names. Raises NotFound."""
    query = select(CodeItem).where(CodeItem.list == str(list), CodeItem.code == code)
    # PostgreSQL refuses to compare a NUL.
    found = session.scalar(query) if code.isprintable() else None
    if found is None:
        raise NotFound(N_("There is no such entry."))
    return found


def list_sizes(session: Session) -> dict[CodeList, int]:
    """How many entries each list offers."""
    query = select(CodeItem.list, func.count()).where(CodeItem.is_offered.is_(True)).group_by(CodeItem.list)
    counted: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
    return {each: counted.get(each.value, 0) for each in CodeList}


def _name(session: Session) -> ColumnElement[Any]:
    own = _BY_LOCALE.get(session.info.get("locale", ""))
    return CodeItem.name.expression if own is None else func.coalesce(own, CodeItem.name)


def _in_tree_order(codes: list[Code]) -> tuple[Code, ...]:
    below: dict[str | None, list[Code]] = {}
    for code in codes:
        below.setdefault(code.parent, []).append(code)
    ordered: list[Code] = []
    waiting = below.get(None, [])[::-1]
    while waiting:
        code = waiting.pop()
        ordered.append(code)
        waiting += below.get(code.code, [])[::-1]
    return tuple(ordered)
