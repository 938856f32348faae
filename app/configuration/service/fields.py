"""The fields that a hospital adds to a record. A key never changes and a field is never deleted: records hold it."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.configuration.models import CustomField
from app.configuration.rules import ENTITIES, MOST_OPTIONS, Field, FieldKind
from app.errors import Conflict, InvalidInput, NotFound
from app.texts import N_


def fields(session: Session, entity: str) -> tuple[Field, ...]:
    """The fields that forms of this entity ("patient") offer now, in their order."""
    return tuple(field for field in all_fields(session, entity) if field.is_offered)


def all_fields(session: Session, entity: str) -> tuple[Field, ...]:
    """Every field of this entity, also those no longer offered: records may still hold values of them."""
    rows = session.scalars(
        select(CustomField).where(CustomField.entity == entity).order_by(CustomField.position, CustomField.id)
    )
    return tuple(
        Field(
            key=row.key,
            label=row.label,
            kind=FieldKind(row.kind),
            options=tuple(row.options),
            help=row.help,
            is_required=row.is_required,
            is_offered=row.is_offered,
        )
        for row in rows
    )


def save_field(session: Session, entity: str, field: Field, *, now: datetime) -> bool:
    """Add the field, or change what may change of it: everything but key and kind. True when it is new.

    Raises InvalidInput; Conflict when the stored field holds another kind of value.
    """
    _check(entity, field)
    row = _find(session, entity, field.key)
    is_new = row is None
    if row is None:
        last = session.scalar(select(func.max(CustomField.position)).where(CustomField.entity == entity))
        row = CustomField(entity=entity, key=field.key, kind=field.kind.value, position=(last or 0) + 1, created_at=now)
        session.add(row)
    elif row.kind != field.kind:
        raise Conflict(N_("Records already hold values of this field; its kind cannot change."), field="kind")
    row.label, row.help = field.label.strip(), field.help.strip()
    row.options = list(field.options)
    row.is_required, row.is_offered = field.is_required, field.is_offered
    session.flush()
    return is_new


def move_field(session: Session, entity: str, key: str, *, up: bool) -> None:
    """Move a field one place. Raises NotFound."""
    rows = list(
        session.scalars(
            select(CustomField).where(CustomField.entity == entity).order_by(CustomField.position, CustomField.id)
        )
    )
    place = next((index for index, row in enumerate(rows) if row.key == key), None)
    if place is None:
        raise NotFound(N_("There is no such field."))
    other = place - 1 if up else place + 1
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    for index, row in enumerate(rows, start=1):
        row.position = index
    session.flush()


def _find(session: Session, entity: str, key: str) -> CustomField | None:
    return session.scalar(select(CustomField).where(CustomField.entity == entity, CustomField.key == key))


def _check(entity: str, field: Field) -> None:
    if entity not in ENTITIES:
        raise InvalidInput(N_("This record takes no further fields."), field="entity")
    if not re.fullmatch(r"(?!new$)[a-z][a-z0-9_]{0,39}", field.key):
        raise InvalidInput(N_("A key has up to 40 small letters, digits and underscores; first a letter."), field="key")
    if not 1 <= len(field.label.strip()) <= 80 or not field.label.isprintable():
        raise InvalidInput(N_("A label has 1 to 80 characters."), field="label")
    if len(field.help) > 200 or not field.help.isprintable():
        raise InvalidInput(N_("The help has at most 200 characters."), field="help")
    is_choice = field.kind is FieldKind.CHOICE
    if is_choice and not 1 <= len(field.options) <= MOST_OPTIONS:
        raise InvalidInput(N_("A choice needs between 1 and 100 entries, one on each line."), field="options")
    are_fine = all(1 <= len(option) <= 80 and option.isprintable() for option in field.options)
    if not are_fine or len(set(field.options)) < len(field.options):
        raise InvalidInput(N_("Each entry has 1 to 80 characters and stands there once."), field="options")
