"""Read and change settings, with their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.configuration.models import Setting, SettingChange
from app.configuration.rules import BY_NAME, SETTINGS, SettingKey, Value, check_value
from app.errors import NotFound
from app.texts import N_


def value(session: Session, key: SettingKey[Value]) -> Value:
    """What holds now. Read anew each time, so that every process follows a change at once."""
    return values(session, key)[0]


def values(session: Session, *keys: SettingKey[Value]) -> list[Value]:
    """What holds now for several settings, in one query and in the order asked for."""
    rows = session.execute(select(Setting.key, Setting.value).where(Setting.key.in_([key.name for key in keys])))
    stored: dict[str, Value] = {row.key: row.value for row in rows}
    return [stored.get(key.name, key.default) for key in keys]


def set_value(session: Session, key: SettingKey[Value], new: Value, *, by: str, now: datetime) -> bool:
    """Set one setting; True when that changed anything. Raises InvalidInput outside its limits."""
    new = check_value(key, new)
    row = session.get(Setting, key.name)
    before = row.value if row is not None else None
    if new == (key.default if before is None else before):
        return False
    is_default = new == key.default
    if row is None:
        session.add(Setting(key=key.name, value=new))
    elif is_default:
        session.delete(row)
    else:
        row.value = new
    session.add(SettingChange(key=key.name, before=before, after=None if is_default else new, at=now, by=by))
    session.flush()
    return True


def set_back(session: Session, change_id: int, *, by: str, now: datetime) -> SettingKey[Any]:
    """Set a setting to what it was before that change. Raises NotFound."""
    change = session.get(SettingChange, change_id)
    key = BY_NAME.get(change.key) if change is not None else None
    if change is None or key is None:
        raise NotFound(N_("There is no such change."))
    set_value(session, key, key.default if change.before is None else change.before, by=by, now=now)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingView:
    """One setting as the page shows it."""

    key: SettingKey[Any]
    value: Any
    changes: list[SettingChange]

    @property
    def is_default(self) -> bool:
        return bool(self.value == self.key.default)


# The page shows the latest of each setting; the whole history stays in the table.
_CHANGES_SHOWN = 10


def all_settings(session: Session) -> list[SettingView]:
    """Every setting with what holds and its latest changes, newest first."""
    rank = func.row_number().over(partition_by=SettingChange.key, order_by=SettingChange.id.desc()).label("rank")
    ranked = select(SettingChange.id, rank).subquery()
    latest = select(ranked.c.id).where(ranked.c.rank <= _CHANGES_SHOWN)
    changes: dict[str, list[SettingChange]] = {}
    for change in session.scalars(
        select(SettingChange).where(SettingChange.id.in_(latest)).order_by(SettingChange.id.desc())
    ):
        changes.setdefault(change.key, []).append(change)
    return [
        SettingView(key=key, value=held, changes=changes.get(key.name, []))
        for key, held in zip(SETTINGS, values(session, *SETTINGS), strict=True)
    ]
