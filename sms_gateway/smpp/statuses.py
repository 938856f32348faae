"""Statuses of SMPP as they are kept and shown. What each means is data: app.smsc_accounts.rules.errors."""

from __future__ import annotations

from app.smsc_accounts.rules import StatusClass, classify

__all__ = ["StatusClass", "classify", "is_bind_refused", "status_code"]


def status_code(status: int) -> str:
    """The form in which a status is kept and shown: `smpp-0x58`."""
    return f"smpp-0x{status:02x}"


# A bind that is answered with one of these may work a moment later: the last bind is still known, or the SMSC starts.
_PASSING_AT_BIND = (0x05, 0x08, 0x14, 0x58, 0x64)


def is_bind_refused(status: int) -> bool:
    """Whether a bind error needs a person: a wrong account or password stays wrong."""
    return status not in _PASSING_AT_BIND
