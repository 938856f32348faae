"""The list of recordings narrowed by score: what evaluations add to its filters."""

from __future__ import annotations

from collections.abc import Mapping

from app.access.rules import Module
from app.quality import service
from app.recordings.routes.narrowing import Narrowing, register

_SCORED = {"yes": True, "no": False}


def register_own() -> None:
    """Add the score to the filters, for those who grade."""
    register(
        Narrowing(
            name="score",
            template="quality/_narrowing.html",
            read=_read,
            conditions=lambda chosen: service.scored(
                is_scored=_SCORED.get(chosen["scored"]),
                least=float(chosen["least"]) if chosen["least"] else None,
                most=float(chosen["most"]) if chosen["most"] else None,
            ),
            is_shown=lambda viewer: viewer.role in service.GRADERS and viewer.grant(Module.QUALITY).can_view,
        )
    )


def _read(given: Mapping[str, str]) -> dict[str, str]:
    scored = given.get("scored", "")
    return {
        "scored": scored if scored in _SCORED else "",
        "least": _share(given.get("least", "")),
        "most": _share(given.get("most", "")),
    }


def _share(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and int(text[:4]) <= 100 else ""
