"""What the SMSC's error codes mean for the message and for the bind (SMPP 3.4, section 5.1.3). One table, one operator.

An operator with its own meanings gets its own table.
"""

from __future__ import annotations

from enum import Enum


class StatusClass(Enum):
    """What to do after an error."""

    THROTTLED = "throttled"  # too fast: pause, then the same message again
    TEMPORARY = "temporary"  # the same message later
    PERMANENT = "permanent"  # never this message
    FATAL = "fatal"  # never anything on this bind: bind anew
    UNEXPLAINED = "unexplained"  # in no table: temporary, with few tries


_THROTTLED = (0x14, 0x58)
_TEMPORARY = (0x08, 0x13, 0x45, 0x64, 0x67, 0xFE)
_PERMANENT = (
    0x01, 0x06, 0x07, 0x0A, 0x0B, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x55,
    0x61, 0x62, 0x63, 0x65, 0x66, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4,
)  # fmt: skip
_FATAL = (0x03, 0x04, 0x05, 0x0D, 0x0E, 0x0F)
_CLASSES = {
    **dict.fromkeys(_THROTTLED, StatusClass.THROTTLED),
    **dict.fromkeys(_TEMPORARY, StatusClass.TEMPORARY),
    **dict.fromkeys(_PERMANENT, StatusClass.PERMANENT),
    **dict.fromkeys(_FATAL, StatusClass.FATAL),
}


def classify(status: int) -> StatusClass:
    """The class of a command_status other than 0."""
    return _CLASSES.get(status, StatusClass.UNEXPLAINED)


def status_code(status: int) -> str:
    """The form in which a status is kept and shown: `smpp-0x58`."""
    return f"smpp-0x{status:02x}"


# A bind that is answered with one of these may work a moment later: the last bind is still known, or the SMSC starts.
_PASSING_AT_BIND = (0x05, 0x08, 0x14, 0x58, 0x64)


def is_bind_refused(status: int) -> bool:
    """Whether a bind error needs a person: a wrong account or password stays wrong."""
    return status not in _PASSING_AT_BIND
