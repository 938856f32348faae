"""What an agent serves, and how an order changes it. Plain values; who may order it stands elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.queues.rules import MAIN_QUEUE, MOST_PENALTY

LANGUAGES = ("zh", "yue", "wuu", "nan", "ug", "bo", "mn", "en")
"""What an agent may be known to speak with patients: the codes of a patient's own language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The queues of one agent, each with its penalty, and the languages. Penalty 0 is level 1, which is rung first."""

    queues: Mapping[str, int] = field(default_factory=lambda: {MAIN_QUEUE: 0})
    languages: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {"queues": dict(sorted(self.queues.items())), "languages": sorted(self.languages)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(queues=value["queues"], languages=frozenset(value["languages"]))


def serving_after(
    before: Serving, queues: Mapping[str, int | None], languages: frozenset[str] | None = None
) -> Serving:
    """The queues that the order names get their penalty, or are left where it is None; other queues stay as they are.

    Penalties are brought within the limits. Without `languages` these stay, too.
    """
    kept = {name: penalty for name, penalty in before.queues.items() if name not in queues}
    wanted = {name: min(max(penalty, 0), MOST_PENALTY) for name, penalty in queues.items() if penalty is not None}
    return Serving(queues=kept | wanted, languages=before.languages if languages is None else languages)
