"""What of the hospital's dispositions a queue offers, and whether a call may be closed without one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

LONGEST_TITLE = 40
LONGEST_TEXT = 500
MOST_TEMPLATES = 40
"""Of one queue, those of every queue included: nobody finds one among more with a patient on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """One entry of the code list, with its name in the reader's language."""

    code: str
    name: str


def offered(listed: Sequence[Disposition], own: Collection[str]) -> list[Disposition]:
    """Those of the queue in the order of the code list; all of them where the queue has none that is still listed."""
    return [each for each in listed if each.code in own] or list(listed)
