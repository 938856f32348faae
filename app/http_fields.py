"""Fields of API answers that show numbers, identifiers and addresses as the asking user may see them (guard 7).

They are for answers only: what a user sends is taken as it is.
"""

from __future__ import annotations

from typing import Any

from apiflask.fields import String

from app.access import service as access
from app.http import viewer


class ShownNumber(String):
    """An E.164 number; `138****5678` for a user who sees masked numbers."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return access.raw_number_for(viewer(), value)


class ShownIdentifier(String):
    """The value of an identifier; `type_key` is the field beside it that names its type."""

    def __init__(self, *, type_key: str = "type", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._type_key = type_key

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        kind = obj[self._type_key] if isinstance(obj, dict) else getattr(obj, self._type_key)
        return access.identifier_for(viewer(), str(kind), str(value))


class ShownAddress(String):
    """An address; down to its district for a user who sees masked ones."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return access.address_for(viewer(), value)
