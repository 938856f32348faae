"""What an SMSC's error codes mean for the message and for the bind: the standard's, and how others are laid over them.

The standard's codes are those of SMPP 3.4, section 5.1.3. From 0x400 on every operator has codes of its own; those are
data that an administrator keeps, for each operator, with what one account has besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class StatusClass(StrEnum):
    """What to do after an error."""

    THROTTLED = "throttled"  # too fast: pause, then the same message again
    TEMPORARY = "temporary"  # the same message later
    PERMANENT = "permanent"  # never this message
    FATAL = "fatal"  # never anything on this bind: bind anew
    UNEXPLAINED = "unexplained"  # in no table: temporary, with few tries


def _table(*, throttled: str = "", temporary: str = "", permanent: str = "", fatal: str = "") -> dict[int, StatusClass]:
    given = {
        StatusClass.THROTTLED: throttled,
        StatusClass.TEMPORARY: temporary,
        StatusClass.PERMANENT: permanent,
        StatusClass.FATAL: fatal,
    }
    return {int(code, 16): kind for kind, codes in given.items() for code in codes.split()}


_STANDARD = _table(
    throttled="14 58",
    temporary="08 13 45 64 67 FE",
    permanent="01 06 07 0A 0B 15 33 34 40 42 43 44 48 49 50 51 53 54 55 61 62 63 65 66 C0 C1 C2 C3 C4",
    fatal="03 04 05 0D 0E 0F",
)


def error_table(*over: Mapping[int, StatusClass]) -> Mapping[int, StatusClass]:
    """The standard's classes, with an operator's and an account's own over them, in this order."""
    table = dict(_STANDARD)
    for own in over:
        table.update(own)
    return table


def classify(status: int, table: Mapping[int, StatusClass] = _STANDARD) -> StatusClass:
    """The class of a command_status other than 0."""
    return table.get(status, StatusClass.UNEXPLAINED)
