"""What may come of a call: the hospital's code list, and the codes that the product itself knows."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.calls.rules import DISPOSITION_TEXT
from app.codes import service as codes
from app.codes.rules import CodeList


def dispositions(session: Session, *, translate: Callable[[str], str] = str) -> dict[str, str]:
    """The names that agents choose among, by code and in the order of the list; our own while the list is empty."""
    listed = {code.code: code.name for code in codes.items(session, CodeList.DISPOSITION)}
    return listed or {code: translate(text) for code, text in DISPOSITION_TEXT.items()}


def disposition_names(session: Session, *, translate: Callable[[str], str] = str) -> dict[str, str]:
    """The name of each code that a call may have, those no longer offered included."""
    ours = {code: translate(text) for code, text in DISPOSITION_TEXT.items()}
    return ours | {code.code: code.name for code in codes.all_items(session, CodeList.DISPOSITION)}
