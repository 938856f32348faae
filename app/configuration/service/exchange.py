"""Settings, code lists, fields and grants as one value that another installation can take over (U-07).

The value is plain JSON: `{"wardline": 1, "settings": {…}, "codes": […], "fields": […], "grants": […]}`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import GrantChange, Mask, Module, Reach
from app.access.service.administration import all_role_changes, set_role_change
from app.accounts.rules import Role
from app.bus import Bus
from app.codes.models import CodeItem
from app.codes.rules import CodeList
from app.codes.service.editing import ItemNames, add_item, save_item
from app.configuration.models import Setting
from app.configuration.rules import BY_NAME, ENTITIES, Field, FieldKind
from app.configuration.service.fields import all_fields, save_field
from app.configuration.service.settings import set_value
from app.errors import Conflict, InvalidInput, NotFound
from app.texts import N_

_FORMAT = 1
# Ten times the lists that a hospital starts with; what is larger is no file of ours.
_MOST_ENTRIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One entry that the file would change here: `before` and `after` as the file writes them, None for nothing."""

    part: str  # settings, codes, fields or grants
    name: str
    before: Any
    after: Any

    @property
    def lines(self) -> list[tuple[str, Any, Any]]:
        """What differs within the entry: (name, before, after); the name is empty where the entry is one value."""
        if not isinstance(self.after, dict):
            return [("", self.before, self.after)]
        before = self.before or {}
        names = [*self.after, *(name for name in before if name not in self.after)]
        return [
            (name, before.get(name), self.after.get(name)) for name in names if before.get(name) != self.after.get(name)
        ]


def export_all(session: Session) -> dict[str, Any]:
    """Everything that was set here, ready for `json.dumps`. Accounts and patients are no part of it."""
    settings = {row.key: row.value for row in session.scalars(select(Setting).order_by(Setting.key))}
    return {
        "wardline": _FORMAT,
        "settings": {name: value for name, value in settings.items() if name in BY_NAME},
        "codes": list(_codes(session).values()),
        "fields": list(_fields(session).values()),
        "grants": list(_grants(session).values()),
    }


def read_export(text: str) -> dict[str, Any]:
    """The value in a file. Raises InvalidInput when `export_all` cannot have written it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(N_("This file is no JSON."), field="file") from None
    if not isinstance(found, dict) or found.get("wardline") != _FORMAT:
        raise InvalidInput(N_("This file was not exported from here."), field="file")
    if not isinstance(found.get("settings"), dict):
        raise InvalidInput(N_("This file was not exported from here."), field="file")
    for part in ("codes", "fields", "grants"):
        rows = found.get(part)
        if not isinstance(rows, list) or len(rows) > _MOST_ENTRIES or not all(isinstance(row, dict) for row in rows):
            raise InvalidInput(N_("This file was not exported from here."), field="file")
    return found


def differences(session: Session, wanted: dict[str, Any]) -> list[Difference]:
    """What the file would change here. Entries that only this installation has stay as they are."""
    present = export_all(session)
    found = [
        Difference(part="settings", name=str(name), before=present["settings"].get(name), after=value)
        for name, value in wanted["settings"].items()
        if present["settings"].get(name, _default(name)) != value
    ]
    keyed = {
        "codes": (_codes(session), ("list", "code")),
        "fields": (_fields(session), ("entity", "key")),
        "grants": (_grants(session), ("role", "module")),
    }
    for part, (here, key) in keyed.items():
        for row in wanted[part]:
            name = ".".join(str(row.get(each, "")) for each in key)
            if here.get(name) != row:
                found.append(Difference(part=part, name=name, before=here.get(name), after=row))
    return found


def take_over(session: Session, bus: Bus, wanted: dict[str, Any], *, by: str, now: datetime) -> list[Difference]:
    """Set everything that the file holds, in the session's transaction; returns what that changed.

    Raises InvalidInput or Conflict with the entry's name in front when one cannot be taken; then nothing is.
    """
    changed = differences(session, wanted)
    for each in changed:
        try:
            _take(session, bus, each, by=by, now=now)
        except (InvalidInput, Conflict, NotFound) as error:
            raise InvalidInput(error.detail, **{**error.fields, "field": f"{each.part}: {each.name}"}) from None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InvalidInput(N_("This entry cannot be read."), field=f"{each.part}: {each.name}") from None
    return changed


def _take(session: Session, bus: Bus, each: Difference, *, by: str, now: datetime) -> None:
    row = each.after
    match each.part:
        case "settings":
            if each.name not in BY_NAME:
                raise InvalidInput(N_("There is no such setting."))
            set_value(session, BY_NAME[each.name], row, by=by, now=now)
        case "codes":
            _take_code(session, row, is_new=each.before is None)
        case "fields":
            kind = FieldKind(row["kind"])
            options = tuple(str(option) for option in row["options"])
            given = {name: row[name] for name in ("key", "label", "help", "is_required", "is_offered")}
            save_field(session, str(row["entity"]), Field(kind=kind, options=options, **given), now=now)
        case "grants":
            set_role_change(session, bus, Role(row["role"]), Module(row["module"]), _read_change(row), now=now)


def _take_code(session: Session, row: dict[str, Any], *, is_new: bool) -> None:
    each, code = CodeList(row["list"]), str(row["code"])
    called = ItemNames(
        name=str(row["name"]),
        zh_hans=str(row["zh_hans"] or ""),
        zh_hant=str(row["zh_hant"] or ""),
        en=str(row["en"] or ""),
        synonyms=str(row["synonyms"] or ""),
    )
    if is_new:
        add_item(session, each, code, called, parent=row["parent"])
    save_item(session, each, code, called, is_offered=bool(row["is_offered"]))


def _read_change(row: dict[str, Any]) -> GrantChange:
    def of(name: str, kind: type) -> Any:
        value = row.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise TypeError(name)
        return value

    return GrantChange(
        can_view=of("can_view", bool),
        can_write=of("can_write", bool),
        reach=Reach(row["reach"]) if row.get("reach") else None,
        with_sub_departments=of("with_sub_departments", bool),
        days=of("days", int),
        mask=Mask(row["mask"]) if row.get("mask") else None,
        row_limit=of("row_limit", int),
    )


def _default(name: str) -> Any:
    key = BY_NAME.get(name)
    return key.default if key is not None else None


def _codes(session: Session) -> dict[str, dict[str, Any]]:
    # By path, so that each entry comes after the one above it.
    rows = list(session.scalars(select(CodeItem).order_by(CodeItem.list, CodeItem.position, CodeItem.path)))
    above = {row.id: row.code for row in rows}
    rows.sort(key=lambda row: row.path.count("/"))
    return {
        f"{row.list}.{row.code}": {
            "list": row.list,
            "code": row.code,
            "parent": above[row.parent_id] if row.parent_id is not None else None,
            "name": row.name,
            "zh_hans": row.name_zh_hans,
            "zh_hant": row.name_zh_hant,
            "en": row.name_en,
            "synonyms": row.synonyms,
            "is_offered": row.is_offered,
        }
        for row in rows
    }


def _fields(session: Session) -> dict[str, dict[str, Any]]:
    return {
        f"{entity}.{field.key}": {
            "entity": entity,
            **asdict(field),
            "kind": field.kind.value,
            "options": list(field.options),
        }
        for entity in ENTITIES
        for field in all_fields(session, entity)
    }


def _grants(session: Session) -> dict[str, dict[str, Any]]:
    return {
        f"{role.value}.{module.value}": {"role": role.value, "module": module.value}
        | {name: value for name, value in asdict(change).items() if value is not None}
        for (role, module), change in all_role_changes(session).items()
    }
