"""What a merge makes of the fields of two records. Values are what the columns hold."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.patients.rules import Sex


class Side(StrEnum):
    """Whose value the surviving record takes."""

    WINNER = "winner"
    LOSER = "loser"


_OURS = frozenset({"id", "merged_into_id", "created_at", "created_by", "updated_at", "row_version"})
"""Columns that tell about the record and not about the person."""
_UNKNOWN = frozenset({None, "", Sex.UNKNOWN.value})


def merged_values(winner: Mapping[str, Any], loser: Mapping[str, Any], choices: Mapping[str, Side]) -> dict[str, Any]:
    """The columns of the winner that change, with their new values.

    What a person chose is taken; what the winner does not know is taken from the loser. A key patient stays one, a
    record that one side completed is complete, and the latest contact is the latest of both.
    """
    changed: dict[str, Any] = {}
    for column, own in winner.items():
        value = own if column in _OURS else _merged(column, own, loser[column], choices.get(column))
        if value != own:
            changed[column] = value
    return changed


def differing(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> list[str]:
    """The columns in which both say something and not the same: what a person chooses between."""
    return [
        column
        for column, own in winner.items()
        if column not in _OURS | {"active_at", "custom", "is_provisional"}
        and own != loser[column]
        and not (_is_unknown(own) or _is_unknown(loser[column]))
    ]


def _merged(column: str, own: Any, theirs: Any, choice: Side | None) -> Any:
    if column == "active_at":
        return max(own, theirs)
    if column == "custom":
        return {**theirs, **{key: value for key, value in own.items() if not _is_unknown(value)}}
    if choice is not None:
        return theirs if choice is Side.LOSER else own
    if column == "is_key_patient":
        return own or theirs
    if column == "is_provisional":
        return own and theirs
    return theirs if _is_unknown(own) else own


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str | None) and value in _UNKNOWN
