"""The lists that a new hospital starts with, from app/codes/data."""

from __future__ import annotations

import csv
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.codes.models import CodeItem

_DATA = Path(__file__).parent.parent / "data"


def seed(session: Session) -> int:
    """Add the entries that are in no list yet; returns how many. What a hospital renamed or no longer offers stays."""
    known: dict[tuple[str, str], CodeItem] = {
        (item.list, item.code): item for item in session.scalars(select(CodeItem))
    }
    rows = _rows()
    with_entries_below = {(row["list"], row["parent"]) for row in rows if row["parent"]}
    added = 0
    for position, row in enumerate(rows, start=1):
        key = row["list"], row["code"]
        if key in known:
            continue
        above = known.get((row["list"], row["parent"]))
        item = known[key] = CodeItem(
            list=row["list"],
            code=row["code"],
            parent_id=above.id if above else None,
            path=f"{above.path if above else '/'}{row['code']}/",
            name=row["zh_hans"],
            name_zh_hans=row["zh_hans"],
            name_zh_hant=row["zh_hant"],
            name_en=row["en"],
            synonyms=row["synonyms"],
            position=position,
            is_offered=True,
        )
        session.add(item)
        if key in with_entries_below:
            session.flush()  # for the id that those below refer to
        added += 1
    session.flush()
    return added


def _rows() -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for name in ("lists.csv", "regions.csv"):
        with (_DATA / name).open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found
